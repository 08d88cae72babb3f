"""The sequences of a source as pairs are drawn from them: which frames are used, and where their regions are kept."""

from __future__ import annotations

from collections.abc import Sequence as Items
from typing import NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence

__all__ = ["Box", "Clip", "Place", "StillClips", "make_clip"]

#: x, y, w, h: continuous 0-based image px.
Box: TypeAlias = tuple[float, float, float, float]

_FIRST: NDArray[np.int32] = np.zeros(1, dtype=np.int32)


class Place(NamedTuple):
    """A target in a frame.

    Attributes:
        source: number of the source.
        clip: number of the clip in it.
        frame: of the clip's sequence.
        slot: of its region, over all sources.
        box_xywh: of the target, image px; where it is not visible, the last one before.
    """

    source: int
    clip: int
    frame: int
    slot: int
    box_xywh: Box


class Clip(NamedTuple):
    """A sequence, and which of its frames are used.

    Attributes:
        sequence: as it was read.
        frames: of it, int32; those that show the target come first, ascending, then others that hold an attribute.
        seen: how many come first, >= 1.
        first_slot: of the region of ``frames[0]``; the others follow.
    """

    sequence: Sequence
    frames: NDArray[np.int32]
    seen: int
    first_slot: int

    def box(self, frame: int) -> Box:
        """Of the target, or the last one before, image px."""
        visible = self.sequence.visible
        if not visible[frame]:
            frame = int(np.flatnonzero(visible[:frame])[-1])
        x, y, w, h = self.sequence.boxes_xywh[frame].tolist()
        return x, y, w, h


def make_clip(sequence: Sequence, holding: NDArray[np.int32], most: int, first_slot: int) -> Clip | None:
    """A clip of a sequence; None where it shows its target in less than two frames, or its only one.

    Args:
        sequence: of video or a still.
        holding: frames that hold a wanted attribute, ascending; those before the target is first seen are left out.
        most: frames to use, evenly spaced, half of them among ``holding`` as far as there are so many; 0 for all.
        first_slot: of its regions.
    """
    visible = np.flatnonzero(sequence.visible).astype(np.int32)
    if len(visible) < min(2, len(sequence)):
        return None
    holding = holding[holding >= visible[0]]
    if most and len(visible) > most:
        holding = _spread(holding, most // 2)
        visible = _spread(visible, max(2, most - len(holding)))
    frames = np.union1d(visible, holding)
    is_seen = sequence.visible[frames]
    return Clip(sequence, np.concatenate([frames[is_seen], frames[~is_seen]]), int(is_seen.sum()), first_slot)


def _spread(frames: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """At most ``count`` of them, evenly spaced."""
    if len(frames) <= count:
        return frames
    chosen: NDArray[np.int32] = frames[np.linspace(0, len(frames) - 1, count).round().astype(np.intp)]
    return chosen


class StillClips(Items[Clip]):
    """Clips of annotated pictures that are made when they are asked for, one frame and one slot each."""

    def __init__(self, sequences: Items[Sequence], first_slot: int) -> None:
        self._sequences = sequences
        self._first_slot = first_slot

    def __len__(self) -> int:
        return len(self._sequences)

    @overload
    def __getitem__(self, index: int, /) -> Clip: ...

    @overload
    def __getitem__(self, index: slice, /) -> tuple[Clip, ...]: ...

    def __getitem__(self, index: int | slice, /) -> Clip | tuple[Clip, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        return Clip(self._sequences[index], _FIRST, 1, self._first_slot + index)
