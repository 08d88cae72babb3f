"""What a tracker said about a sequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import DatasetError

__all__ = ["Trajectory"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectory:
    """One pass over a sequence.

    Attributes:
        name: of the sequence.
        boxes_xywh: (N, 4) float64, 0-based image px, one a frame, the given box first.
        seconds: (N,) of ``init()`` in the first frame and ``update()`` in the others; None where nobody measured.
    """

    name: str
    boxes_xywh: NDArray[np.float64]
    seconds: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        count = len(self.boxes_xywh)
        if self.boxes_xywh.shape != (count, 4) or (self.seconds is not None and self.seconds.shape != (count,)):
            seconds = None if self.seconds is None else self.seconds.shape
            raise DatasetError(
                f"{self.name}: boxes {self.boxes_xywh.shape} and seconds {seconds}; expected (N, 4), (N,)"
            )
