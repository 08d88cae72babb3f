"""What a rule looks at: a tracker's boxes and the true ones, in the numbers of the data set's files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_runtime.errors import DatasetError

__all__ = ["Recording", "last_kept"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """One sequence; the arrays are its own, a rule may write into them.

    Attributes:
        predicted: (M, 4) xywh, px from the origin of the files.
        true: (N, 4), likewise, N >= 1.
        visible: (N,) bool.
        size_wh: of the pictures, px, where the rule needs it.
    """

    predicted: NDArray[np.float64]
    true: NDArray[np.float64]
    visible: NDArray[np.bool_]
    size_wh: tuple[int, int] | None

    @classmethod
    def of(
        cls,
        predicted_xywh: ArrayLike,
        true_xywh: ArrayLike,
        visible: ArrayLike,
        size_wh: tuple[int, int] | None,
        origin: float,
    ) -> Recording:
        """The recording of 0-based boxes.

        Raises:
            DatasetError: the arrays have other shapes than (M, 4), (N, 4) and (N,).
        """
        predicted = np.array(predicted_xywh, dtype=np.float64)
        true = np.array(true_xywh, dtype=np.float64)
        flags = np.array(visible, dtype=np.bool_)
        if predicted.shape[1:] != (4,) or true.shape[1:] != (4,) or flags.shape != true.shape[:1] or not len(flags):
            raise DatasetError(
                f"{predicted.shape} predicted boxes, {true.shape} true ones and {flags.shape} flags; "
                "expected one of each a frame"
            )
        predicted[:, :2] += origin
        true[:, :2] += origin
        return cls(predicted=predicted, true=true, visible=flags, size_wh=size_wh)

    def predictions(self, *, cut: bool = False, fill: float | None = None) -> NDArray[np.float64]:
        """(N, 4): one predicted box a frame.

        Args:
            cut: whether rows beyond the last frame are left out.
            fill: what missing rows at the end consist of.

        Raises:
            DatasetError: there are too many rows, or too few, and the toolkit does not take that.
        """
        rows, frames = len(self.predicted), len(self.true)
        if rows == frames or (rows > frames and cut):
            return self.predicted[:frames]
        if rows < frames and fill is not None:
            return np.vstack([self.predicted, np.full((frames - rows, 4), fill)])
        raise DatasetError(f"{rows} predicted boxes for {frames} frames; expected one a frame, as the toolkit does")


def last_kept(kept: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each row the last one up to it that is kept, the first one always being: (N,) indices.

    ``boxes[last_kept(good)]`` puts the previous good box in place of each bad one.
    """
    own = np.where(kept, np.arange(len(kept)), 0)
    return np.maximum.accumulate(own)
