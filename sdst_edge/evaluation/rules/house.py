"""Our own rule, the plainest that is still fair; no toolkit's.

* IoU is plain: no box is clipped, replaced or rounded.
* Frame 1 (where the tracker is given the box) and frames with the target absent are left out.
* Success AUC: mean over the thresholds 0, 0.05, ..., 1 of the share of frames with IoU > threshold; 20/21 at best.
* Precision: share of frames whose centre is at most 20 px off. AO: mean IoU. SR 0.5: share of frames with IoU > 0.5.
* Per sequence first, then the plain mean over sequences.

A predicted box that is not finite, or has no area, scores IoU 0; when not finite, its centre counts as missed.
"""

from __future__ import annotations

import numpy as np

from sdst_edge.evaluation.metrics import center_error_px, iou
from sdst_edge.evaluation.rules.figures import AO, PRECISION, PRECISION_20, SR_50, SUCCESS, SUCCESS_AUC
from sdst_edge.evaluation.rules.one_pass import Measures, OnePassRule
from sdst_edge.evaluation.rules.recording import Recording

__all__ = ["HOUSE"]


def _measure(recording: Recording) -> Measures:
    predicted, true = recording.predictions(), recording.true
    finite = np.isfinite(predicted).all(axis=1)
    predicted[~finite] = 0.0
    overlap = np.where(finite, iou(predicted, true), 0.0)
    error_px = np.where(finite, center_error_px(predicted, true), np.inf)
    counted = recording.visible & (true[:, 2:] > 0).all(axis=1)
    counted[0] = False
    return Measures(values={"success": overlap, "precision": error_px, "ao": overlap}, counted=counted, divisor=counted)


HOUSE = OnePassRule(
    name="house",
    description=(
        "house rule: plain IoU of 0-based boxes, frame 1 and absent frames left out, AUC over 21 thresholds (IoU >), "
        "precision at 20 px (<=), per sequence, then the mean"
    ),
    curves={"success": SUCCESS, "precision": PRECISION},
    figures=(SUCCESS_AUC, PRECISION_20, AO, SR_50),
    measure=_measure,
)
