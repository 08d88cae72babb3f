"""How much a target changes and moves: the figures that definitions are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence

__all__ = ["Measures", "measure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Extremes over the frames in which the target is visible; None where there is nothing to measure.

    Attributes:
        max_area_ratio_to_first: of a box's area and the first visible one's, the larger over the smaller.
        max_aspect_ratio_change_to_first: of width over height, likewise.
        max_step_over_box_size: of the centre in one frame, over sqrt(w h) of the box before.
        max_step_px: the same in image px.
        min_area_px: of a box, px^2, in the pictures as they are here. Where they were made smaller, nothing here
            knows the area in the original ones.
        absent_frames: how many frames do not show the target.
    """

    max_area_ratio_to_first: float | None
    max_aspect_ratio_change_to_first: float | None
    max_step_over_box_size: float | None
    max_step_px: float | None
    min_area_px: float | None
    absent_frames: int


def measure(sequence: Sequence) -> Measures:
    """The figures of a sequence; steps that touch an absent frame are left out."""
    visible = sequence.visible
    sides = sequence.boxes_xywh[visible, 2:]
    area, aspect = sides.prod(axis=1), sides[:, 0] / sides[:, 1]
    pairs = np.flatnonzero(visible[1:] & visible[:-1])  # the earlier frame of each step
    before, after = sequence.boxes_xywh[pairs], sequence.boxes_xywh[pairs + 1]
    step_px = np.linalg.norm((after[:, :2] - before[:, :2]) + (after[:, 2:] - before[:, 2:]) / 2.0, axis=1)
    return Measures(
        max_area_ratio_to_first=_max_change(area),
        max_aspect_ratio_change_to_first=_max_change(aspect),
        max_step_over_box_size=_max(step_px / np.sqrt(before[:, 2:].prod(axis=1))),
        max_step_px=_max(step_px),
        min_area_px=float(area.min()) if len(area) else None,
        absent_frames=int((~visible).sum()),
    )


def _max_change(values: NDArray[np.float64]) -> float | None:
    """Of the first value and any other, the largest ratio of the larger to the smaller."""
    return float(max(values.max() / values[0], values[0] / values.min())) if len(values) else None


def _max(values: NDArray[np.float64]) -> float | None:
    return float(values.max()) if len(values) else None
