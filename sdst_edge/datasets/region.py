"""Shapes that mark a target in one frame where a box does not say it all: polygons and masks of the VOT challenges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "Polygon", "Rectangle", "Region", "area_preserving_box", "bounding_box"]


@dataclass(frozen=True, slots=True)
class Rectangle:
    """An axis-aligned box: 0-based continuous image px."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A closed outline.

    Attributes:
        points: (K, 2) float64, K >= 3, x and y in 0-based continuous image px.
    """

    points: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Pixels of the target within a window; outside it nothing is set.

    Attributes:
        pixels: (h, w) bool.
        left: column of the window's first pixel in the picture.
        top: its row.
    """

    pixels: NDArray[np.bool_]
    left: int
    top: int


#: What marks the target in a frame; None where it is absent.
Region: TypeAlias = Rectangle | Polygon | Mask | None


def bounding_box(region: Region) -> tuple[float, float, float, float]:
    """The smallest axis-aligned box xywh around a region; sides 0 where it is None or an empty mask.

    A polygon's box goes through its outermost points, a mask's around its outermost pixels: that is what TraX, the
    protocol of the VOT toolkit, makes of them for a tracker that wants rectangles.
    """
    if isinstance(region, Rectangle):
        return region.x, region.y, region.width, region.height
    if isinstance(region, Polygon):
        (left, top), (right, bottom) = region.points.min(axis=0).tolist(), region.points.max(axis=0).tolist()
        return left, top, right - left, bottom - top
    if region is None or not region.pixels.any():
        return 0.0, 0.0, 0.0, 0.0
    rows, columns = np.flatnonzero(region.pixels.any(axis=1)), np.flatnonzero(region.pixels.any(axis=0))
    left, top = region.left + float(columns[0]), region.top + float(rows[0])
    return left, top, float(columns[-1] - columns[0] + 1), float(rows[-1] - rows[0] + 1)


def area_preserving_box(region: Region) -> tuple[float, float, float, float]:
    """The box xywh that PySOT gives a tracker for a region (``get_axis_aligned_bbox`` and ``tools/test.py``).

    A quadrilateral with the sides a and b that meet in its second point has a box around it that is too large by as
    much as it is rotated. The box given has the centre of the four points, the shape of the box around them, and the
    area |a| |b|; as points stand for pixels, each side is one pixel longer than the distance. Any other region has its
    bounding box.
    """
    x, y, w, h = bounding_box(region)
    if not isinstance(region, Polygon) or len(region.points) != 4 or w <= 0 or h <= 0:
        return x, y, w, h
    a, b = region.points[0] - region.points[1], region.points[1] - region.points[2]
    scale = float(np.sqrt(np.linalg.norm(a) * np.linalg.norm(b) / (w * h)))
    cx, cy = region.points.mean(axis=0).tolist()
    return cx - scale * w / 2, cy - scale * h / 2, scale * w + 1, scale * h + 1
