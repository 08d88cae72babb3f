"""The house rule: which frames of a sequence count, and how scores come together.

* Boxes are 0-based and continuous; IoU is plain: no box is clipped, replaced or rounded.
* Frame 1 (where the tracker is given the box) and frames with the target absent are left out.
* Success AUC: mean over the 21 thresholds 0, 0.05, ..., 1 of the share of frames with IoU > threshold.
* Precision: share of frames whose centre is at most 20 px off. AO: mean IoU. SR 0.5: share of frames with IoU > 0.5.
* Per sequence first, then the plain mean over sequences.

A predicted box that is not finite, or has no area, scores IoU 0; when not finite, its centre counts as missed.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sdst_edge.evaluation.metrics import (
    average_overlap,
    center_error_px,
    iou,
    precision_at,
    success_auc,
    success_rate,
)
from sdst_runtime.errors import DatasetError

__all__ = ["HOUSE_RULE", "Scores", "mean_scores", "score_boxes"]

#: One line for tables.
HOUSE_RULE = (
    "house rule: plain IoU of 0-based boxes, frame 1 and absent frames left out, AUC over 21 thresholds (IoU >), "
    "precision at 20 px (<=), per sequence, then the mean"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of one sequence, or their mean: each in [0, 1].

    Attributes:
        success_auc: area under the success curve.
        precision_20: share of frames at most 20 px off.
        ao: mean IoU.
        sr_50: share of frames with IoU > 0.5.
    """

    success_auc: float
    precision_20: float
    ao: float
    sr_50: float


def score_boxes(predicted_xywh: ArrayLike, true_xywh: ArrayLike, visible: ArrayLike) -> Scores:
    """Scores of one sequence by the house rule.

    Args:
        predicted_xywh: (N, 4), one box a frame from the first; the first is not looked at. Not modified.
        true_xywh: (N, 4), likewise.
        visible: (N,) bool; frames where it is false are left out.

    Raises:
        DatasetError: lengths differ, or no frame is left to score.
    """
    predicted, true = np.asarray(predicted_xywh, dtype=np.float64), np.asarray(true_xywh, dtype=np.float64)
    scored = np.asarray(visible, dtype=np.bool_).copy()
    scored[:1] = False
    if predicted.shape != true.shape or len(true) != len(scored):
        raise DatasetError(
            f"{predicted.shape} predicted boxes, {true.shape} true ones and {scored.shape} flags; expected one a frame"
        )
    if not scored.any():
        raise DatasetError(f"of {len(scored)} frames none is left to score: the target is seen only in frame 1")
    predicted, true = predicted[scored], true[scored]
    finite = np.isfinite(predicted).all(axis=1)
    safe = np.where(finite[:, None], predicted, 0.0)
    overlap = np.where(finite, iou(safe, true), 0.0)
    error_px = np.where(finite, center_error_px(safe, true), np.inf)
    return Scores(
        success_auc=success_auc(overlap),
        precision_20=precision_at(error_px, 20.0),
        ao=average_overlap(overlap),
        sr_50=success_rate(overlap, 0.5),
    )


def mean_scores(scores: Items[Scores]) -> Scores:
    """The plain mean over sequences, N >= 1."""
    return Scores(
        success_auc=_mean([item.success_auc for item in scores]),
        precision_20=_mean([item.precision_20 for item in scores]),
        ao=_mean([item.ao for item in scores]),
        sr_50=_mean([item.sr_50 for item in scores]),
    )


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
