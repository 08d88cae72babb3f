"""The rule of TrackingNet's devkit, in percent.

Source: github.com/SilvioGiancola/TrackingNet-devkit, commit 79783f27ba91db8570e89799668836cb22921cdf, ``metrics.py``.

* All numbers of the files are rounded to whole ones, halves to even; then the first predicted box becomes the true one.
* All frames count. Missing rows at the end are no numbers and miss, rows beyond the last true box are cut off.
* Thresholds are inclusive for overlap too, so that a box far off hits at IoU >= 0; a box with a NaN misses even there.
* All three figures are areas under curves of 21 thresholds by the trapezoid rule: "precision" is no precision at 20 px.
* Coverage is the share of frames whose x + y + w + h is > 0, over the frames of all sequences; the other figures are
  per sequence first, then the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.metrics import center_error_px, edge_iou, norm_center_error, share_from, share_up_to
from sdst_edge.evaluation.rules.figures import CurveKind, Figure
from sdst_edge.evaluation.rules.one_pass import Measures, OnePassRule
from sdst_edge.evaluation.rules.recording import Recording
from sdst_edge.evaluation.rules.rule import Metric

__all__ = ["TRACKINGNET"]

_SHARES = np.linspace(0.0, 1.0, 21)


def _measure(recording: Recording) -> Measures:
    predicted, true = np.round(recording.predictions(cut=True, fill=np.nan)), np.round(recording.true)
    predicted[0] = true[0]
    values = {
        "success": edge_iou(predicted, true),
        "precision": center_error_px(predicted, true),
        "norm_precision": norm_center_error(predicted, true, true[:, 2:]),
        "coverage": (predicted.sum(axis=1) > 0).astype(np.float64),
    }
    every = np.ones_like(recording.visible)
    return Measures(values=values, counted=every, divisor=every)


def _area(curve: NDArray[np.float64]) -> float:
    """By the trapezoid rule over 0 to 1, whatever the thresholds are."""
    return float(((curve[1:] + curve[:-1]) / 2 * np.diff(_SHARES)).sum())


TRACKINGNET = OnePassRule(
    name="trackingnet",
    description=(
        "TrackingNet devkit: all frames, boxes rounded, areas under curves of 21 thresholds (IoU >=, error <= 50 px, "
        "<= 0.5 of the sides) by the trapezoid rule, in percent, per sequence, then the mean"
    ),
    curves={
        "success": CurveKind(thresholds=_SHARES, share=share_from),
        "precision": CurveKind(thresholds=np.linspace(0.0, 50.0, 21), share=share_up_to),
        "norm_precision": CurveKind(thresholds=np.linspace(0.0, 0.5, 21), share=share_up_to),
    },
    figures=(
        Figure(metric=Metric(key="success_auc", label="success"), curve="success", read=_area),
        Figure(metric=Metric(key="precision_auc", label="precision (area)"), curve="precision", read=_area),
        Figure(
            metric=Metric(key="norm_precision_auc", label="normalised precision (area)"),
            curve="norm_precision",
            read=_area,
        ),
        Metric(key="coverage", label="coverage"),
    ),
    measure=_measure,
    scale=100.0,
    by_frames=frozenset({"coverage"}),
)
