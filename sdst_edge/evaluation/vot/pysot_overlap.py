"""Overlaps of boxes and polygons as PySOT's toolkit counts them for VOT2016 to VOT2019.

Its C code (``toolkit/utils/src/region.c``, from TraX) draws both outlines in a window around them and counts pixels in
float32. A box is the outline through (x, y) and (x + w, y + h), so it covers one pixel more than w and h, and points
are rounded relative to the window, halves away from 0.
"""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.evaluation.vot.runs import Answer
from sdst_edge.evaluation.vot.scanlines import Rows, scan, scan_boxes
from sdst_runtime.errors import DatasetError

__all__ = ["outline_overlaps", "picture_overlaps"]

#: Coordinates are cut to this, px: float32 and whole numbers hold them.
_FAR_PX = 1e9

#: Rows times points that are drawn at once: bounds the memory.
_CHUNK = 400_000

#: A window's sides as (N, 4): left, top, right, bottom.
Bounds = NDArray[np.float64]


def outline_overlaps(
    a: Items[Answer], b: Items[Answer], limits_wh: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """The overlap of two regions, pair by pair.

    Args:
        a: N boxes, polygons or codes.
        b: likewise.
        limits_wh: largest x and y that count, with 0 as the smallest; None: no bounds.

    Returns:
        (N,) in [0, 1], of float32 precision; NaN where one of the two is a code.

    Raises:
        DatasetError: a mask is among them.
    """
    overlaps = np.full(len(a), np.nan)
    indices, points_a, points_b = _known(a, b)
    overlaps[indices] = _overlaps(points_a, points_b, limits_wh)
    return overlaps


def picture_overlaps(
    a: Items[Answer], b: Items[Answer], size_wh: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """:func:`outline_overlaps` up to (width - 1, height - 1), and up to (width, height).

    Twice the same but where an outline goes beyond the picture's last pixel.
    """
    limits = np.array(size_wh, dtype=np.float64) - 1
    inner = np.full(len(a), np.nan)
    indices, points_a, points_b = _known(a, b)
    inner[indices] = _overlaps(points_a, points_b, (limits[0], limits[1]))
    outer = inner.copy()
    beyond = np.flatnonzero((np.maximum(points_a.max(axis=1), points_b.max(axis=1)) > limits).any(axis=1))
    outer[indices[beyond]] = _overlaps(points_a[beyond], points_b[beyond], (float(size_wh[0]), float(size_wh[1])))
    return inner, outer


def _known(a: Items[Answer], b: Items[Answer]) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
    """Indices (M,) of the pairs of two regions, and the points (M, K, 2) of both."""
    known = [index for index, pair in enumerate(zip(a, b, strict=True)) if all(map(_is_outline, pair))]
    return (
        np.array(known, dtype=np.intp),
        _points([a[index] for index in known]),
        _points([b[index] for index in known]),
    )


def _is_outline(answer: Answer) -> bool:
    if isinstance(answer, Mask):
        raise DatasetError("PySOT's VOT protocols know boxes and polygons, not masks; take vot2020 for a set of masks")
    return isinstance(answer, Rectangle | Polygon)


def _points(regions: list[Answer]) -> NDArray[np.float32]:
    """(N, K, 2); a region with fewer points than the others repeats its last one, which draws nothing.

    Boxes among themselves have K = 2, first and last corner, and are drawn without looking for nodes.
    """
    if all(isinstance(region, Rectangle) for region in regions):
        corners = np.array([_corners(region)[::2] for region in regions]).reshape(-1, 2, 2)  # type: ignore[arg-type]
        return _near(corners)
    outlines = [_corners(region) if isinstance(region, Rectangle) else region.points for region in regions]  # type: ignore[union-attr]
    most = max(len(points) for points in outlines)
    padded = np.zeros((len(outlines), most, 2))
    for place, points in zip(padded, outlines, strict=True):
        place[: len(points)], place[len(points) :] = points, points[-1]
    return _near(padded)


def _near(points: NDArray[np.float64]) -> NDArray[np.float32]:
    near: NDArray[np.float32] = np.clip(points, -_FAR_PX, _FAR_PX).astype(np.float32)
    return near


def _corners(box: Rectangle) -> tuple[tuple[float, float], ...]:
    right, bottom = box.x + box.width, box.y + box.height
    return (box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom)


def _overlaps(
    a: NDArray[np.float32], b: NDArray[np.float32], limits_wh: tuple[float, float] | None
) -> NDArray[np.float64]:
    bounds_a, bounds_b = _bounds(a, limits_wh), _bounds(b, limits_wh)
    origin = np.minimum(bounds_a[:, :2], bounds_b[:, :2])
    sizes_wh = (np.maximum(bounds_a[:, 2:], bounds_b[:, 2:]) - origin).astype(np.int64) + 1
    drawn = np.flatnonzero(_may_meet(bounds_a, bounds_b) & (sizes_wh >= 1).all(axis=1))
    overlaps = np.zeros(len(a))
    costs = np.cumsum(sizes_wh[drawn, 1] * (a.shape[1] + b.shape[1]))
    for part in np.split(drawn, np.searchsorted(costs, np.arange(_CHUNK, costs[-1] if len(costs) else 0, _CHUNK))):
        if len(part):
            overlaps[part] = _drawn_overlaps(a[part], b[part], origin[part], sizes_wh[part])
    return overlaps


def _bounds(points: NDArray[np.float32], limits_wh: tuple[float, float] | None) -> Bounds:
    low, high = np.floor(points.min(axis=1)), np.ceil(points.max(axis=1))
    if limits_wh is not None:
        low, high = np.maximum(low, 0.0), np.minimum(high, np.array(limits_wh))
    return np.concatenate((low, high), axis=1).astype(np.float64)


def _may_meet(a: Bounds, b: Bounds) -> NDArray[np.bool_]:
    """Whether the original draws at all: neither box is negligible beside the other, and they share an area."""
    sides_a, sides_b = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    area_a, area_b = sides_a.prod(axis=1), sides_b.prod(axis=1)
    shared = (np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])).prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        negligible = (area_a / area_b < 1e-10) | (area_b / area_a < 1e-10)
        apart = shared / (area_a + area_b - shared) <= 0.0
    meet: NDArray[np.bool_] = ~negligible & ~apart
    return meet


def _drawn_overlaps(
    a: NDArray[np.float32], b: NDArray[np.float32], origin: NDArray[np.float64], sizes_wh: NDArray[np.int64]
) -> NDArray[np.float64]:
    offset = origin.astype(np.float32)[:, None]
    rows_a, rows_b = _rows(_rounded(a - offset), sizes_wh), _rows(_rounded(b - offset), sizes_wh)
    tops = np.cumsum(sizes_wh[:, 1]) - sizes_wh[:, 1]
    area_a, area_b, shared = (
        np.add.reduceat(counts, tops) for counts in (rows_a.counts(), rows_b.counts(), rows_a.shared_counts(rows_b))
    )
    with np.errstate(invalid="ignore"):  # nothing drawn: 0 / 0 is NaN in the original
        ratio = shared.astype(np.float32) / (area_a + area_b - shared).astype(np.float32)
    return ratio.astype(np.float64)


def _rows(points: NDArray[np.float64], sizes_wh: NDArray[np.int64]) -> Rows:
    if points.shape[1] == 2:
        return scan_boxes(points, sizes_wh)
    return scan(points, np.ones(points.shape[:2], dtype=np.bool_), sizes_wh, flat_edges=False)


def _rounded(points: NDArray[np.float32]) -> NDArray[np.float64]:
    whole = points.astype(np.float64)
    rounded: NDArray[np.float64] = np.copysign(np.floor(np.abs(whole) + 0.5), whole)
    return rounded
