"""More evidence from little footage: a sequence followed from several frames on, and as a mirror shows it.

A tracker that loses its target in one pass may hold it in the next, from a frame later on. Over few sequences such
chance is larger than what parameters bring, and a search finds the luckiest; passes of the same footage even it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Frames, Sequence
from sdst_edge.evaluation.run import check_runnable
from sdst_runtime.errors import DatasetError

__all__ = ["passes"]


def passes(sequence: Sequence, starts: int = 1, *, mirrored: bool = False) -> tuple[Sequence, ...]:
    """The passes of a sequence, the whole one first.

    Args:
        sequence: with the target visible in the first frame and in one more.
        starts: how many frames it is followed from, >= 1: after ``i / (starts + 1)`` of it, i from 0 on, where the
            target is visible next. A start without another visible frame behind it is left out.
        mirrored: whether it is also followed with left and right exchanged, from each of them.
    """
    begun = [sequence, *_later(sequence, starts)]
    return (*begun, *(_mirrored(each) for each in begun)) if mirrored else tuple(begun)


def _later(sequence: Sequence, starts: int) -> Iterator[Sequence]:
    known = {0}
    for number in range(1, starts):
        earliest = number * len(sequence) // (starts + 1)
        seen = np.flatnonzero(sequence.visible[earliest:])
        start = earliest + int(seen[0]) if len(seen) else 0
        if start in known:
            continue
        known.add(start)
        part = Sequence(
            name=f"{sequence.name} from {start}",
            frames=_From(sequence.frames, start),
            boxes_xywh=sequence.boxes_xywh[start:],
            visible=sequence.visible[start:],
            size_wh=sequence.size_wh,
            origin=sequence.origin,
            marked_visible=None if sequence.marked_visible is None else sequence.marked_visible[start:],
        )
        try:
            check_runnable(part)
        except DatasetError:
            continue
        yield part


def _mirrored(sequence: Sequence) -> Sequence:
    width, _ = sequence.picture_size()
    boxes = sequence.boxes_xywh.copy()
    boxes[:, 0] = width - boxes[:, 0] - boxes[:, 2]
    return replace(
        sequence, name=f"{sequence.name} mirrored", frames=_Mirrored(sequence.frames), boxes_xywh=boxes, regions=None
    )


@dataclass(frozen=True, slots=True)
class _From:
    """Frames from one on."""

    frames: Frames
    start: int

    def __len__(self) -> int:
        return len(self.frames) - self.start

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        return self.frames[index + self.start]


@dataclass(frozen=True, slots=True)
class _Mirrored:
    """Frames with left and right exchanged."""

    frames: Frames

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        return np.ascontiguousarray(self.frames[index][:, ::-1])
