"""Boxes under a change of geometry: the target's outline is moved, and its bounds are the new box.

A box says nothing of the silhouette inside it. Taken for an ellipse that touches its four sides, a target that turns
keeps a box as tight as its own, where the bounds of the box's turned corners would be up to twice as large in area;
detectors that are trained on turned boxes do better with the ellipse (Kalra et al., Towards Rotation Invariance in
Object Detection, ICCV 2021). Under shifts and changes of width and height both are the same.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.simulation.effect import Box, Placement

__all__ = ["Matrix", "bounds", "center", "clipped", "ellipse", "grown", "moved", "room_for", "shift", "size"]

#: (3, 3) float64: moves points (x, y, 1) of continuous image px.
Matrix = NDArray[np.float64]

_POINTS = 64
_MIN_SEEN_PX, _ROUNDING_PX = 1.0, 1e-9
_ANGLES = np.arange(_POINTS) * (2 * math.pi / _POINTS)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)  # (64, 2), among them the points that touch the box


def center(box_xywh: Box) -> tuple[float, float]:
    """The middle of a box."""
    x, y, w, h = box_xywh
    return x + w / 2, y + h / 2


def size(box_xywh: Box) -> float:
    """The side of a square of the box's area, px."""
    return math.sqrt(box_xywh[2] * box_xywh[3])


def grown(box_xywh: Box, factor: float) -> Box:
    """The box of the same middle with sides that are so many times as long."""
    (x, y), w, h = center(box_xywh), factor * box_xywh[2], factor * box_xywh[3]
    return x - w / 2, y - h / 2, w, h


def ellipse(box_xywh: Box) -> NDArray[np.float64]:
    """(64, 2) points of the ellipse that touches the sides of a box."""
    points: NDArray[np.float64] = _CIRCLE * (box_xywh[2] / 2, box_xywh[3] / 2) + center(box_xywh)
    return points


def moved(points: NDArray[np.float64], matrix: Matrix) -> NDArray[np.float64]:
    """(..., 2) points under a homography."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    result: NDArray[np.float64] = homogeneous[..., :2] / homogeneous[..., 2:]
    return result


def bounds(points: NDArray[np.float64]) -> Box:
    """The box around (N, 2) points."""
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def clipped(box_xywh: Box, size_wh: tuple[int, int]) -> Placement:
    """The part of a box inside the picture; not visible where the edge leaves less than a pixel of a side."""
    x, y, w, h = box_xywh
    left, top = max(x, 0.0), max(y, 0.0)
    width, height = min(x + w, size_wh[0]) - left, min(y + h, size_wh[1]) - top
    if width < min(_MIN_SEEN_PX, w - _ROUNDING_PX) or height < min(_MIN_SEEN_PX, h - _ROUNDING_PX):
        return Placement(box_xywh, visible=False)
    return Placement((left, top, width, height), visible=True)


def shift(dx: float, dy: float) -> Matrix:
    """The move by an offset."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])


def room_for(offset: tuple[float, float], box_xywh: Box, size_wh: tuple[int, int]) -> tuple[float, float]:
    """The offset, shortened on each axis so that it takes no part of the box out of the picture."""
    low = [min(0.0, -start) for start in box_xywh[:2]]
    high = [max(0.0, size_wh[axis] - box_xywh[axis] - box_xywh[axis + 2]) for axis in (0, 1)]
    dx, dy = (min(max(offset[axis], low[axis]), high[axis]) for axis in (0, 1))
    return dx, dy
