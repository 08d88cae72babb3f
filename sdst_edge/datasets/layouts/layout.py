"""What a data set's layout must offer, so that opening, skipping and caching are written once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdst_edge.datasets.sequence import Sequence

__all__ = ["Entry", "Layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sequence that was found and is not read yet.

    Attributes:
        name: unique in its data set.
        watched: files and folders that the sequence is read from; while their sizes and times of change stay,
            what was read from them is still true (a folder's time changes when a file in it is added or removed).
        hints: whatever the layout's reader needs besides, plain values.
    """

    name: str
    watched: tuple[Path, ...]
    hints: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a data set lies on disk.

    Attributes:
        name: for the command line, such as ``lasot``.
        title: as its makers write it, such as ``LaSOT``.
        expects: one line for error messages: what its folder holds.
        matches: whether a folder looks like it; cheap, reads no sequence.
        find: its sequences in the set's own order, of a folder that exists; none where it holds none. Cheap: lists
            and listings are read, frames are not counted. Raises ``DatasetError`` when the folder or a list in it is
            broken, naming file and line.
        read: one sequence, checked in full; raises ``DatasetError`` naming file and line. The second argument says
            whether frames are required: without them a sequence whose picture files are all missing is read from its
            annotations alone, with :class:`~sdst_edge.datasets.frame_files.MissingFrames`, to score recorded boxes.
            Where an entry holds several sequences, all of them: a tuple (a video with several targets), or another
            collection that makes its many small sequences on access (a file of annotated pictures) and is not to be
            run through when it is opened.
        attributes: names of the challenges that its makers label, in their order.
        rule: the scoring rule of its official toolkit, see ``sdst_edge.evaluation.rules``.
        annotated: whether somebody drew its boxes; otherwise they are proposed, and say nothing about objects.
    """

    name: str
    title: str
    expects: str
    matches: Callable[[Path], bool]
    find: Callable[[Path], Items[Entry]]
    read: Callable[[Entry, bool], Sequence | Items[Sequence]]
    attributes: tuple[str, ...] = ()
    rule: str = "house"
    annotated: bool = True
