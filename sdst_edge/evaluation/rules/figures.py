"""Curves and figures that several toolkits give alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_edge.evaluation.metrics import (
    ERROR_THRESHOLDS,
    NORM_ERROR_THRESHOLDS,
    OVERLAP_THRESHOLDS,
    share_above,
    share_up_to,
)
from sdst_edge.evaluation.rules.rule import Metric

__all__ = [
    "AO",
    "NORM_PRECISION",
    "NORM_PRECISION_20",
    "PRECISION",
    "PRECISION_20",
    "SR_50",
    "SUCCESS",
    "SUCCESS_AUC",
    "CurveKind",
    "Figure",
    "at",
    "average",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurveKind:
    """A curve over thresholds.

    Attributes:
        thresholds: (T,), ascending.
        share: of values (N,) that meet each threshold, over a number of frames.
    """

    thresholds: NDArray[np.float64]
    share: Callable[[ArrayLike, ArrayLike, int], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A metric and the curve that it is read from.

    Attributes:
        metric: for people and JSON; a rule puts its own scale in place of ``best``.
        curve: name of the curve.
        read: from that curve, (T,).
    """

    metric: Metric
    curve: str
    read: Callable[[NDArray[np.float64]], float]


def average(curve: NDArray[np.float64]) -> float:
    """The mean of a curve, which the field calls the area under it."""
    return float(np.mean(curve))


def at(index: int) -> Callable[[NDArray[np.float64]], float]:
    """Reads a curve at one threshold."""
    return lambda curve: float(curve[index])


#: IoU > 0, 0.05, ..., 1; centre error <= 0, 1, ..., 50 px; and <= 0, 0.01, ..., 0.5 of the target's sides.
SUCCESS = CurveKind(thresholds=OVERLAP_THRESHOLDS, share=share_above)
PRECISION = CurveKind(thresholds=ERROR_THRESHOLDS, share=share_up_to)
NORM_PRECISION = CurveKind(thresholds=NORM_ERROR_THRESHOLDS, share=share_up_to)

#: A plain mean over frames, of IoU; the others are read from the curves.
AO = Metric(key="ao", label="AO")
SUCCESS_AUC = Figure(metric=Metric(key="success_auc", label="success AUC"), curve="success", read=average)
SR_50 = Figure(metric=Metric(key="sr_50", label="SR 0.5"), curve="success", read=at(10))
PRECISION_20 = Figure(metric=Metric(key="precision_20", label="precision@20"), curve="precision", read=at(20))
NORM_PRECISION_20 = Figure(
    metric=Metric(key="norm_precision_20", label="normalised precision@0.2"), curve="norm_precision", read=at(20)
)
