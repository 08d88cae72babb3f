"""Overlaps as vot-toolkit counts them for VOT2020 to VOT2022: shared pixels over covered pixels.

Rules of ``vot/region/raster.py`` of vot-toolkit 0.9.0, found out by comparing numbers: all coordinates are float32 and
rounded, halves to the even number; a box covers w x h pixels from (x, y) on; pixels are counted inside the picture.
Two regions count as equal (overlap 1) when the box around both is one pixel wide or high, or empty. A code is an empty
region at (0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.evaluation.vot.runs import Answer
from sdst_edge.evaluation.vot.scanlines import scan

__all__ = ["is_empty", "raster_overlaps"]

#: Coordinates are cut to this, px: float32 and whole numbers hold them.
_FAR_PX = 1e9

#: First and last column and row, included: left, top, right, bottom.
Bounds = tuple[int, int, int, int]


def raster_overlaps(a: Items[Answer], b: Items[Answer], size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """The overlap of two regions, pair by pair.

    Args:
        a: N regions or codes.
        b: likewise.
        size_wh: of the picture, px.

    Returns:
        (N,) in [0, 1].
    """
    overlaps = np.zeros(len(a))
    boxed = np.array([_is_boxed(one) and _is_boxed(other) for one, other in zip(a, b, strict=True)], dtype=np.bool_)
    if indices := np.flatnonzero(boxed).tolist():
        overlaps[indices] = _box_overlaps(
            _boxes([a[index] for index in indices]), _boxes([b[index] for index in indices]), size_wh
        )
    for index in np.flatnonzero(~boxed).tolist():
        overlaps[index] = _drawn_overlap(a[index], b[index], size_wh)
    return overlaps


def is_empty(answer: Answer) -> bool:
    """Whether the toolkit takes a region for empty: no area, or a mask one pixel wide or high."""
    if isinstance(answer, Rectangle):
        return not bool(np.float32(answer.width) > 0 and np.float32(answer.height) > 0)
    if isinstance(answer, Polygon):
        points = answer.points.astype(np.float32)
        return bool((points.min(axis=0) == points.max(axis=0)).any())
    if isinstance(answer, Mask):
        pixels, _ = _trimmed(answer)
        return min(pixels.shape) <= 1
    return True


def _is_boxed(answer: Answer) -> bool:
    return isinstance(answer, Rectangle | SpecialCode)


def _boxes(answers: list[Answer]) -> NDArray[np.float64]:
    """(N, 5): first and last column and row, whole numbers, and whether there is anything to draw."""
    boxes = np.zeros((len(answers), 5))
    at = [index for index, answer in enumerate(answers) if isinstance(answer, Rectangle)]
    if at:
        xywh = np.array([(box.x, box.y, box.width, box.height) for box in (answers[index] for index in at)])  # type: ignore[union-attr]
        xywh = _whole(xywh)
        boxes[at, :4] = np.concatenate((xywh[:, :2], xywh[:, :2] + xywh[:, 2:] - 1), axis=1)
        boxes[at, 4] = 1
    return boxes


def _whole(values: NDArray[np.float64]) -> NDArray[np.float64]:
    near = np.clip(values, -_FAR_PX, _FAR_PX).astype(np.float32)
    return np.round(near).astype(np.float64)


def _box_overlaps(a: NDArray[np.float64], b: NDArray[np.float64], size_wh: tuple[int, int]) -> NDArray[np.float64]:
    low, high = np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:4], b[:, 2:4])
    same = (low >= high).any(axis=1)
    low, high = np.maximum(low, 0), np.minimum(high, np.array(size_wh) - 1)
    outside = (low >= high).any(axis=1)
    a_low, a_high = np.maximum(a[:, :2], low), np.minimum(a[:, 2:4], high)
    b_low, b_high = np.maximum(b[:, :2], low), np.minimum(b[:, 2:4], high)
    area_a, area_b = _pixels(a_low, a_high) * a[:, 4], _pixels(b_low, b_high) * b[:, 4]
    shared = _pixels(np.maximum(a_low, b_low), np.minimum(a_high, b_high)) * a[:, 4] * b[:, 4]
    covered = area_a + area_b - shared
    overlaps = np.where((covered > 0) & ~outside, shared / np.maximum(covered, 1), 0.0)
    return np.where(same, 1.0, overlaps)


def _pixels(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    pixels: NDArray[np.float64] = np.maximum(high - low + 1, 0).prod(axis=1)
    return pixels


def _drawn_overlap(a: Answer, b: Answer, size_wh: tuple[int, int]) -> float:
    left, top, right, bottom = zip(_bounds(a), _bounds(b), strict=True)
    around = min(left), min(top), max(right), max(bottom)
    if around[0] >= around[2] or around[1] >= around[3]:
        return 1.0
    window = max(around[0], 0), max(around[1], 0), min(around[2], size_wh[0] - 1), min(around[3], size_wh[1] - 1)
    if window[0] >= window[2] or window[1] >= window[3]:
        return 0.0
    drawn_a, drawn_b = _drawn(a, window), _drawn(b, window)
    covered = np.count_nonzero(drawn_a | drawn_b)
    return np.count_nonzero(drawn_a & drawn_b) / covered if covered else 0.0


def _bounds(answer: Answer) -> Bounds:
    if isinstance(answer, Rectangle):
        left, top, right, bottom, _ = _boxes([answer])[0].astype(int).tolist()
        return left, top, right, bottom
    if isinstance(answer, Polygon):
        points = _whole(answer.points)
        (left, top), (right, bottom) = points.min(axis=0).astype(int), points.max(axis=0).astype(int)
        return int(left), int(top), int(right), int(bottom)
    if isinstance(answer, Mask):
        pixels, (left, top) = _trimmed(answer)
        return left, top, left + max(pixels.shape[1] - 1, 0), top + max(pixels.shape[0] - 1, 0)
    return 0, 0, 0, 0


def _drawn(answer: Answer, window: Bounds) -> NDArray[np.bool_]:
    """Pixels (h, w) of a window of the picture."""
    left, top, right, bottom = window
    drawn = np.zeros((bottom - top + 1, right - left + 1), dtype=np.bool_)
    if isinstance(answer, Polygon):
        points = _whole(answer.points) - np.array((left, top))
        sizes_wh = np.array([drawn.shape[::-1]])
        rows = scan(points[None], np.ones((1, len(points)), dtype=np.bool_), sizes_wh, flat_edges=True)
        columns = np.arange(drawn.shape[1])
        for first, last in zip(rows.first.T, rows.last.T, strict=True):
            drawn |= (first[:, None] <= columns) & (columns <= last[:, None])
    elif isinstance(answer, Mask):
        pixels, (x, y) = _trimmed(answer)
        shown = pixels[max(top - y, 0) : max(bottom + 1 - y, 0), max(left - x, 0) : max(right + 1 - x, 0)]
        row, column = max(y - top, 0), max(x - left, 0)
        drawn[row : row + shown.shape[0], column : column + shown.shape[1]] = shown
    elif isinstance(answer, Rectangle):
        x, y, x_last, y_last = _bounds(answer)
        drawn[max(y - top, 0) : max(y_last + 1 - top, 0), max(x - left, 0) : max(x_last + 1 - left, 0)] = True
    return drawn


def _trimmed(mask: Mask) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """A mask without unset rows and columns around it, as the toolkit reads it, and where that begins.

    The toolkit takes a mask with nothing right of its window's first column for an empty one.
    """
    columns = np.flatnonzero(mask.pixels.any(axis=0))
    if not len(columns) or columns[-1] == 0:
        return np.zeros((0, 0), dtype=np.bool_), (0, 0)
    rows = np.flatnonzero(mask.pixels.any(axis=1))
    pixels = mask.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return pixels, (mask.left + int(columns[0]), mask.top + int(rows[0]))
