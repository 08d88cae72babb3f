"""Measures of how well boxes agree, and curves over thresholds: pure functions of NumPy arrays that modify nothing.

Which frames count, and what becomes of boxes that are no boxes, is the business of a rule, see
:mod:`sdst_edge.evaluation.rules`. Boxes are continuous: (x, y) is the top left corner, the area is w h, and nothing is
clipped to a picture. Centres are written x + (w - 1) / 2, as toolkits do that count pixels from 1: the half pixel
cancels in a difference, and the rounding of the last bit, which decides when an error equals a threshold, is theirs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_runtime.errors import BoxError

__all__ = [
    "ERROR_THRESHOLDS",
    "NORM_ERROR_THRESHOLDS",
    "OVERLAP_THRESHOLDS",
    "center_error_px",
    "edge_iou",
    "iou",
    "norm_center_error",
    "pixel_centers",
    "scaled_center_error",
    "share_above",
    "share_from",
    "share_up_to",
]

#: 0, 0.05, ..., 1, rounded to float64 as toolkits have them (0.15 and some others are an ulp above k / 20).
OVERLAP_THRESHOLDS: NDArray[np.float64] = np.linspace(0.0, 1.0, 21)

#: 0, 1, ..., 50 px.
ERROR_THRESHOLDS: NDArray[np.float64] = np.arange(51.0)

#: 0, 0.01, ..., 0.5 of the target's sides.
NORM_ERROR_THRESHOLDS: NDArray[np.float64] = np.arange(51.0) / 100


def iou(a_xywh: ArrayLike, b_xywh: ArrayLike) -> NDArray[np.float64]:
    """Intersection over union of boxes, pair by pair.

    A box with a side <= 0 covers nothing; two of them have IoU 0.

    Args:
        a_xywh: (N, 4) or (4,).
        b_xywh: (N, 4) or (4,); a single box is compared with each of the other side.

    Returns:
        (N,) float64 in [0, 1], NaN where a number of a box is NaN.

    Raises:
        BoxError: the shapes do not fit.
    """
    a, b = _pairs(a_xywh, b_xywh)
    with np.errstate(invalid="ignore"):
        a_sides, b_sides = np.maximum(a[:, 2:], 0.0), np.maximum(b[:, 2:], 0.0)
        low = np.maximum(a[:, :2], b[:, :2])
        high = np.minimum(a[:, :2] + a_sides, b[:, :2] + b_sides)
        shared = _product(np.maximum(high - low, 0.0))
        total = _product(a_sides) + _product(b_sides) - shared
        overlap = np.divide(shared, total, out=np.zeros_like(shared), where=total != 0)
        return np.asarray(np.clip(overlap, 0.0, 1.0))


def edge_iou(a_xywh: ArrayLike, b_xywh: ArrayLike) -> NDArray[np.float64]:
    """IoU from first and last pixels, ``x`` and ``x + w - 1``: equal to :func:`iou` for boxes that are boxes.

    Nothing is repaired: sides <= 0 enter the area as they are, and two boxes without area give NaN. In minima and
    maxima a NaN gives way to the other number, as in MATLAB and pandas, so that a box with an x that is no number and
    sides that are may overlap.

    Args:
        a_xywh: (N, 4) or (4,).
        b_xywh: (N, 4) or (4,).

    Returns:
        (N,) float64.

    Raises:
        BoxError: the shapes do not fit.
    """
    a, b = _pairs(a_xywh, b_xywh)
    with np.errstate(invalid="ignore", divide="ignore"):
        last = np.fmin(a[:, :2] + a[:, 2:] - 1.0, b[:, :2] + b[:, 2:] - 1.0)
        shared = _product(np.fmax(last - np.fmax(a[:, :2], b[:, :2]) + 1.0, 0.0))
        return np.asarray(shared / (_product(a[:, 2:]) + _product(b[:, 2:]) - shared))


def pixel_centers(boxes_xywh: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2): x + (w - 1) / 2 and y + (h - 1) / 2 of (N, 4) boxes."""
    return np.asarray(boxes_xywh[:, :2] + (boxes_xywh[:, 2:] - 1.0) / 2)


def center_error_px(a_xywh: ArrayLike, b_xywh: ArrayLike) -> NDArray[np.float64]:
    """Distance between the centres of boxes, pair by pair; arguments as in :func:`iou`.

    Returns:
        (N,) float64, image px, NaN where a number of a box is NaN.
    """
    a, b = _pairs(a_xywh, b_xywh)
    with np.errstate(invalid="ignore"):
        return _length(pixel_centers(a) - pixel_centers(b))


def norm_center_error(a_xywh: ArrayLike, b_xywh: ArrayLike, sides_wh: ArrayLike) -> NDArray[np.float64]:
    """Length of the way between centres, divided by (w, h) along x and y.

    Args:
        a_xywh: (N, 4) or (4,).
        b_xywh: (N, 4) or (4,).
        sides_wh: (N, 2).

    Returns:
        (N,) float64.
    """
    a, b = _pairs(a_xywh, b_xywh)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _length((pixel_centers(a) - pixel_centers(b)) / np.asarray(sides_wh, dtype=np.float64))


def scaled_center_error(a_xywh: ArrayLike, b_xywh: ArrayLike, sides_wh: ArrayLike) -> NDArray[np.float64]:
    """The same with each centre divided first, which rounds otherwise: 10 px of 50 are often more than 0.2."""
    a, b = _pairs(a_xywh, b_xywh)
    sides = np.asarray(sides_wh, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _length(pixel_centers(a) / sides - pixel_centers(b) / sides)


def share_above(values: ArrayLike, thresholds: ArrayLike, frames: int) -> NDArray[np.float64]:
    """How many values are greater than each threshold, over a number of frames.

    Args:
        values: (N,); NaN is never counted.
        thresholds: (T,).
        frames: > 0.

    Returns:
        (T,) float64.
    """
    ordered, count = _ordered(values)
    return np.asarray((count - np.searchsorted(ordered, thresholds, side="right")) / frames)


def share_from(values: ArrayLike, thresholds: ArrayLike, frames: int) -> NDArray[np.float64]:
    """How many values are greater than each threshold or equal to it; arguments as in :func:`share_above`."""
    ordered, count = _ordered(values)
    return np.asarray((count - np.searchsorted(ordered, thresholds, side="left")) / frames)


def share_up_to(values: ArrayLike, thresholds: ArrayLike, frames: int) -> NDArray[np.float64]:
    """How many values are less than each threshold or equal to it; arguments as in :func:`share_above`."""
    ordered, _ = _ordered(values)
    return np.asarray(np.searchsorted(ordered, thresholds, side="right") / frames)


def _pairs(a_xywh: ArrayLike, b_xywh: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a = np.atleast_2d(np.asarray(a_xywh, dtype=np.float64))
    b = np.atleast_2d(np.asarray(b_xywh, dtype=np.float64))
    counts = {len(a), len(b)}
    if a.shape[1:] != (4,) or b.shape[1:] != (4,) or (len(counts) > 1 and 1 not in counts):
        raise BoxError(f"boxes have shapes {a.shape} and {b.shape}, expected (N, 4) twice, or (4,) for one of them")
    a, b = np.broadcast_arrays(a, b)
    return a, b


def _length(way: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) of (N, 2). Not ``hypot``: its last bit is another than that of the root of the sum."""
    return np.asarray(np.sqrt(way[:, 0] * way[:, 0] + way[:, 1] * way[:, 1]))


def _product(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sides[:, 0] * sides[:, 1])


def _ordered(values: ArrayLike) -> tuple[NDArray[np.float64], int]:
    """The values in ascending order, NaNs last, and how many are numbers."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return ordered, int(np.searchsorted(ordered, np.inf, side="right"))
