"""What a tracker said about a sequence in the passes of a VOT protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode

__all__ = ["Answer", "Run", "SequenceRuns"]

#: What a tracker said about a frame, or why it said nothing.
Answer: TypeAlias = Rectangle | Polygon | Mask | SpecialCode


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One pass, in running order.

    Attributes:
        start: the frame of the first answer, 0-based.
        backward: whether it goes towards the first frame.
        answers: one a frame.
        seconds: (N,) of ``init()`` or ``update()``, 0 in frames in which neither ran; None where nobody measured.
    """

    start: int
    backward: bool
    answers: tuple[Answer, ...]
    seconds: NDArray[np.float64] | None = None

    def frames(self) -> range:
        """The frames of the answers."""
        step = -1 if self.backward else 1
        return range(self.start, self.start + step * len(self.answers), step)

    def update_seconds(self) -> NDArray[np.float64] | None:
        """Of each ``update()`` alone; None where nobody measured."""
        if self.seconds is None:
            return None
        began = np.array([answer is SpecialCode.INITIALIZATION for answer in self.answers], dtype=np.bool_)
        updates: NDArray[np.float64] = self.seconds[~began & (self.seconds > 0)]
        return updates


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRuns:
    """All passes over a sequence.

    Attributes:
        name: of the sequence.
        runs: repetitions, or one from each anchor: forward ones in order, then backward ones.
    """

    name: str
    runs: tuple[Run, ...]

    def update_seconds(self) -> NDArray[np.float64] | None:
        """Of each ``update()`` of all passes; None where one of them was not measured."""
        parts = [run.update_seconds() for run in self.runs]
        measured = [part for part in parts if part is not None]
        return np.concatenate(measured) if measured and len(measured) == len(parts) else None
