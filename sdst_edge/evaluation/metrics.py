"""Measures of how well boxes agree. Pure functions of NumPy arrays: nothing is modified, nothing is left out here.

Which frames count is the business of a protocol, see :mod:`sdst_edge.evaluation.protocol`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_runtime.errors import BoxError

__all__ = [
    "average_overlap",
    "center_error_px",
    "iou",
    "precision_at",
    "success_auc",
    "success_curve",
    "success_rate",
]

#: 0, 0.05, ..., 1, rounded to float64 as GOT-10k's toolkit has them (0.15 and some others are an ulp above k / 20).
SUCCESS_THRESHOLDS: NDArray[np.float64] = np.linspace(0.0, 1.0, 21)


def iou(a_xywh: ArrayLike, b_xywh: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of boxes, pair by pair.

    Boxes are continuous: (x, y) is the top left corner, the area is w h, and nothing is clipped to a picture. A box
    with a side <= 0 covers nothing; two of them have IoU 0.

    Args:
        a_xywh: (N, 4) or (4,).
        b_xywh: (N, 4) or (4,); a single box is compared with each of the other side.

    Returns:
        (N,) float64 in [0, 1].

    Raises:
        BoxError: the shapes do not fit.
    """
    a, b = _pairs(a_xywh, b_xywh)
    a_sides, b_sides = np.maximum(a[:, 2:], 0.0), np.maximum(b[:, 2:], 0.0)
    low = np.maximum(a[:, :2], b[:, :2])
    high = np.minimum(a[:, :2] + a_sides, b[:, :2] + b_sides)
    shared = np.maximum(high - low, 0.0).prod(axis=1)
    total = a_sides.prod(axis=1) + b_sides.prod(axis=1) - shared
    overlap = np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)
    return np.asarray(np.clip(overlap, 0.0, 1.0))


def center_error_px(a_xywh: ArrayLike, b_xywh: ArrayLike) -> NDArray[np.float64]:
    """Distance between the centres ``x + w / 2`` of boxes, pair by pair; arguments as in :func:`iou`.

    Returns:
        (N,) float64, image px.
    """
    a, b = _pairs(a_xywh, b_xywh)
    offset = (a[:, :2] + a[:, 2:] / 2) - (b[:, :2] + b[:, 2:] / 2)
    return np.asarray(np.hypot(offset[:, 0], offset[:, 1]))


def success_curve(overlap: ArrayLike) -> NDArray[np.float64]:
    """Share of frames whose IoU is greater than each of 0, 0.05, ..., 1.

    Args:
        overlap: (N,) IoU, N >= 1.

    Returns:
        (21,) float64 in [0, 1]; the last is 0, as no IoU is greater than 1.
    """
    values = np.asarray(overlap, dtype=np.float64)
    return np.asarray((values[:, None] > SUCCESS_THRESHOLDS).mean(axis=0))


def success_auc(overlap: ArrayLike) -> float:
    """Mean of the :func:`success_curve`: 20 / 21 for a perfect tracker."""
    return float(success_curve(overlap).mean())


def precision_at(error_px: ArrayLike, threshold_px: float = 20.0) -> float:
    """Share of frames whose centre is at most ``threshold_px`` off."""
    return float((np.asarray(error_px, dtype=np.float64) <= threshold_px).mean())


def average_overlap(overlap: ArrayLike) -> float:
    """AO: mean IoU."""
    return float(np.asarray(overlap, dtype=np.float64).mean())


def success_rate(overlap: ArrayLike, threshold: float = 0.5) -> float:
    """SR: share of frames whose IoU is greater than ``threshold``."""
    return float((np.asarray(overlap, dtype=np.float64) > threshold).mean())


def _pairs(a_xywh: ArrayLike, b_xywh: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a = np.atleast_2d(np.asarray(a_xywh, dtype=np.float64))
    b = np.atleast_2d(np.asarray(b_xywh, dtype=np.float64))
    counts = {len(a), len(b)}
    if a.shape[1:] != (4,) or b.shape[1:] != (4,) or (len(counts) > 1 and 1 not in counts):
        raise BoxError(f"boxes have shapes {a.shape} and {b.shape}, expected (N, 4) twice, or (4,) for one of them")
    a, b = np.broadcast_arrays(a, b)
    return a, b
