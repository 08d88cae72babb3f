"""The rules of the got10k toolkit: GOT-10k (val), OTB, UAV123 and its LaSOT.

Source: github.com/got-10k/toolkit, commit 956e7286fdf209cbb125adac9a46376bd8297ffb, ``got10k/experiments`` and
``got10k/utils/metrics.py``.

GOT-10k: frame 1 and frames with cover 0 are left out; both boxes are clipped to the picture, corner first, then sides,
so that a box that sticks out on the left moves and stays as wide; the frames of all sequences are pooled; 101
thresholds. A predicted box with a NaN makes the AO NaN.

The others: the first predicted box is replaced by the true one; nothing is repaired or clipped, and a box with a NaN is
a miss; per sequence first, then the mean. OTB counts all frames. UAV123 leaves out frames without a true box (its files
have NaN there). LaSOT leaves out NaN rows too, which its files do not have: flags of absence are not looked at. It adds
a normalised precision, the mean of its curve, whose error is divided by max(1, w) and max(1, h), and cuts the longer of
predicted and true boxes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.metrics import center_error_px, iou, norm_center_error, share_above, share_up_to
from sdst_edge.evaluation.rules.figures import (
    AO,
    PRECISION,
    PRECISION_20,
    SR_50,
    SUCCESS,
    SUCCESS_AUC,
    CurveKind,
    Figure,
    at,
    average,
)
from sdst_edge.evaluation.rules.one_pass import Measures, OnePassRule
from sdst_edge.evaluation.rules.recording import Recording
from sdst_edge.evaluation.rules.rule import Metric

__all__ = ["GOT10K", "GOT10K_LASOT", "OTB", "UAV123"]


def _measure_got10k(recording: Recording) -> Measures:
    assert recording.size_wh is not None
    predicted = _clipped(recording.predictions(), recording.size_wh)
    overlap = iou(predicted, _clipped(recording.true, recording.size_wh))
    counted = recording.visible
    counted[0] = False
    return Measures(values={"success": overlap, "ao": overlap}, counted=counted, divisor=counted)


def _clipped(boxes_xywh: NDArray[np.float64], size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(N, 4), in the numbers of the files: from 0 to the picture's size, though they count from 1."""
    corner = np.clip(boxes_xywh[:, :2], 0, size_wh)
    return np.hstack([corner, np.clip(boxes_xywh[:, 2:], 0, size_wh - corner)])


def _measure_otb(recording: Recording) -> Measures:
    return _measure_all(recording.predictions(), recording.true, np.ones_like(recording.visible))


def _measure_uav123(recording: Recording) -> Measures:
    return _measure_all(recording.predictions(), recording.true, recording.visible & ~_blank(recording.true))


def _measure_lasot(recording: Recording) -> Measures:
    within = np.arange(len(recording.true)) < len(recording.predicted)
    predicted, true = recording.predictions(cut=True, fill=np.nan), recording.true
    found = _measure_all(predicted, true, within & ~_blank(true))
    norm_error = norm_center_error(predicted, true, np.maximum(true[:, 2:], 1.0))
    return replace(found, values={**found.values, "norm_precision": norm_error})


def _measure_all(predicted: NDArray[np.float64], true: NDArray[np.float64], counted: NDArray[np.bool_]) -> Measures:
    predicted[0] = true[0]
    values = {"success": iou(predicted, true), "precision": center_error_px(predicted, true)}
    return Measures(values=values, counted=counted, divisor=counted)


def _blank(boxes_xywh: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(boxes_xywh).any(axis=1))


GOT10K = OnePassRule(
    name="got10k",
    description=(
        "got10k toolkit, GOT-10k: frame 1 and absent frames left out, boxes clipped to the picture, "
        "frames of all sequences pooled"
    ),
    curves={"success": CurveKind(thresholds=np.linspace(0.0, 1.0, 101), share=share_above)},
    figures=(
        AO,
        Figure(metric=SR_50.metric, curve="success", read=at(50)),
        Figure(metric=Metric(key="sr_75", label="SR 0.75"), curve="success", read=at(75)),
    ),
    measure=_measure_got10k,
    by_frames=frozenset({"success", "ao"}),
    needs_size=True,
)

OTB = OnePassRule(
    name="otb",
    description=(
        "got10k toolkit, OTB: all frames, first box given, AUC over 21 thresholds (IoU >), precision at 20 px (<=), "
        "per sequence, then the mean"
    ),
    curves={"success": SUCCESS, "precision": PRECISION},
    figures=(SUCCESS_AUC, PRECISION_20, SR_50),
    measure=_measure_otb,
)

UAV123 = OnePassRule(
    name="uav123",
    description=(
        "got10k toolkit, UAV123: absent frames left out, first box given, AUC over 21 thresholds (IoU >), "
        "precision at 20 px (<=), per sequence, then the mean"
    ),
    curves=OTB.curves,
    figures=OTB.figures,
    measure=_measure_uav123,
)

GOT10K_LASOT = OnePassRule(
    name="got10k-lasot",
    description=(
        "got10k toolkit, LaSOT: all frames, first box given, AUC over 21 thresholds (IoU >), precision at 20 px (<=), "
        "normalised precision averaged up to 0.5, per sequence, then the mean"
    ),
    curves={
        **OTB.curves,
        "norm_precision": CurveKind(thresholds=np.linspace(0.0, 0.5, 51), share=share_up_to),
    },
    figures=(
        SUCCESS_AUC,
        PRECISION_20,
        Figure(
            metric=Metric(key="norm_precision_auc", label="normalised precision AUC"),
            curve="norm_precision",
            read=average,
        ),
        SR_50,
    ),
    measure=_measure_lasot,
)
