"""Overlaps as vot-toolkit counts them for VOT2020 to VOT2022: shared pixels over covered pixels.

Rules of ``vot/region/raster.py`` of vot-toolkit 0.9.0, compared with it number by number: all coordinates are float32
and rounded, halves to the even number; a box covers w x h pixels from (x, y) on; pixels are counted inside the picture.
Two regions count as equal (overlap 1) when the box around both is one pixel wide or high, or empty. A code is an empty
region at (0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.evaluation.vot.runs import Answer
from sdst_edge.evaluation.vot.scanlines import scan

__all__ = ["PixelShape", "pixel_shapes", "raster_overlaps"]

#: Coordinates are cut to this, px: float32 and whole numbers hold them.
_FAR_PX = 1e9

#: First column and row, last column and row, included: left, top, right, bottom.
Bounds = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelShape:
    """A region in whole pixels.

    Attributes:
        bounds: around it. A box covers all pixels inside, unless its last column is before its first.
        empty: whether the toolkit takes it for empty: no area, or a mask one pixel wide or high.
        points: (K, 2) of a polygon, whole numbers, else None.
        pixels: (h, w) of a mask, from the bounds' left and top on, else None; (0, 0) of a code.
    """

    bounds: Bounds
    empty: bool
    points: NDArray[np.float64] | None = None
    pixels: NDArray[np.bool_] | None = None

    @property
    def is_box(self) -> bool:
        """Whether all pixels inside the bounds are covered."""
        return self.points is None and self.pixels is None

    def drawn(self, window: Bounds) -> NDArray[np.bool_]:
        """Covered pixels (h, w) of a polygon or a mask in a window of the picture."""
        left, top, right, bottom = window
        drawn = np.zeros((bottom - top + 1, right - left + 1), dtype=np.bool_)
        if self.points is not None:
            edges, sizes_wh = np.ones((1, len(self.points)), dtype=np.bool_), np.array([drawn.shape[::-1]])
            rows = scan((self.points - (left, top))[None], edges, sizes_wh, flat_edges=True)
            columns = np.arange(drawn.shape[1])
            for first, last in zip(rows.first.T, rows.last.T, strict=True):
                drawn |= (first[:, None] <= columns) & (columns <= last[:, None])
        elif self.pixels is not None:
            x, y = self.bounds[0] - left, self.bounds[1] - top  # of the mask in the window
            shown = self.pixels[max(-y, 0) : max(len(drawn) - y, 0), max(-x, 0) : max(drawn.shape[1] - x, 0)]
            row, column = max(y, 0), max(x, 0)
            drawn[row : row + shown.shape[0], column : column + shown.shape[1]] = shown
        return drawn


def pixel_shapes(answers: Items[Answer]) -> tuple[PixelShape, ...]:
    """Each region in whole pixels, to be compared with others."""
    boxes = [answer for answer in answers if isinstance(answer, Rectangle)]
    xywh = np.array([(box.x, box.y, box.width, box.height) for box in boxes]).reshape(-1, 4)
    near = _near(xywh)
    x, y, w, h = _whole(near).T
    bounds = iter(np.stack((x, y, x + w - 1, y + h - 1), axis=1).astype(np.int64).tolist())
    empty = iter(np.any(near[:, 2:] <= 0, axis=1).tolist())
    return tuple(
        PixelShape(bounds=tuple(next(bounds)), empty=next(empty)) if isinstance(answer, Rectangle) else _shape(answer)
        for answer in answers
    )


def raster_overlaps(a: Items[PixelShape], b: Items[PixelShape], size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """The overlap of two regions, pair by pair.

    Args:
        a: N of them.
        b: likewise.
        size_wh: of the picture, px.

    Returns:
        (N,) in [0, 1].
    """
    bounds_a, bounds_b = (np.array([shape.bounds for shape in shapes]).reshape(-1, 4) for shapes in (a, b))
    low, high = np.minimum(bounds_a[:, :2], bounds_b[:, :2]), np.maximum(bounds_a[:, 2:], bounds_b[:, 2:])
    same = (low >= high).any(axis=1)
    low, high = np.maximum(low, 0), np.minimum(high, np.array(size_wh) - 1)
    boxed = np.array([one.is_box and other.is_box for one, other in zip(a, b, strict=True)], dtype=np.bool_)
    overlaps = np.zeros(len(a))
    overlaps[boxed] = _box_overlaps(bounds_a[boxed], bounds_b[boxed], low[boxed], high[boxed])
    inside = (low < high).all(axis=1)
    for index in np.flatnonzero(~boxed & inside).tolist():
        overlaps[index] = _drawn_overlap(a[index], b[index], (*low[index].tolist(), *high[index].tolist()))
    return np.where(same, 1.0, np.where(inside, overlaps, 0.0))


def _near(values: NDArray[np.float64]) -> NDArray[np.float32]:
    near: NDArray[np.float32] = np.clip(values, -_FAR_PX, _FAR_PX).astype(np.float32)
    return near


def _whole(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.round(values).astype(np.float64)


def _shape(answer: Answer) -> PixelShape:
    if isinstance(answer, Polygon):
        near = _near(answer.points)
        points, flat = _whole(near), bool(np.any(near.min(axis=0) == near.max(axis=0)))
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return PixelShape(bounds=(int(left), int(top), int(right), int(bottom)), empty=flat, points=points)
    if isinstance(answer, Mask):
        return _mask_shape(answer)
    return PixelShape(bounds=(0, 0, 0, 0), empty=True, pixels=np.zeros((0, 0), dtype=np.bool_))


def _mask_shape(mask: Mask) -> PixelShape:
    """Without unset rows and columns around it, as the toolkit reads it.

    A mask with nothing right of its window's first column becomes an empty one at (0, 0), as there.
    """
    columns, rows = np.flatnonzero(mask.pixels.any(axis=0)), np.flatnonzero(mask.pixels.any(axis=1))
    if not len(columns) or columns[-1] == 0:
        return PixelShape(bounds=(0, 0, 0, 0), empty=True, pixels=np.zeros((0, 0), dtype=np.bool_))
    pixels = mask.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    left, top = mask.left + int(columns[0]), mask.top + int(rows[0])
    height, width = pixels.shape
    return PixelShape(
        bounds=(left, top, left + width - 1, top + height - 1), empty=min(pixels.shape) == 1, pixels=pixels
    )


def _box_overlaps(
    a: NDArray[np.int64], b: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of boxes (N, 4) in windows from low to high (N, 2), included."""
    a_low, a_high = np.maximum(a[:, :2], low), np.minimum(a[:, 2:], high)
    b_low, b_high = np.maximum(b[:, :2], low), np.minimum(b[:, 2:], high)
    shared = _pixels(np.maximum(a_low, b_low), np.minimum(a_high, b_high))
    covered = _pixels(a_low, a_high) + _pixels(b_low, b_high) - shared
    overlaps: NDArray[np.float64] = shared / np.maximum(covered, 1)
    return overlaps


def _pixels(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    pixels: NDArray[np.int64] = np.maximum(high - low + 1, 0).prod(axis=1)
    return pixels


def _drawn_overlap(a: PixelShape, b: PixelShape, window: Bounds) -> float:
    """Of two regions one of which is no box."""
    if a.is_box:
        a, b = b, a
    drawn = a.drawn(window)
    if b.is_box:
        left, top, right, bottom = b.bounds
        rows = slice(max(top - window[1], 0), max(min(bottom, window[3]) - window[1] + 1, 0))
        columns = slice(max(left - window[0], 0), max(min(right, window[2]) - window[0] + 1, 0))
        boxed = drawn[rows, columns]
        shared = np.count_nonzero(boxed)
        covered = np.count_nonzero(drawn) + boxed.size - shared
    else:
        other = b.drawn(window)
        shared, covered = np.count_nonzero(drawn & other), np.count_nonzero(drawn | other)
    return shared / covered if covered else 0.0
