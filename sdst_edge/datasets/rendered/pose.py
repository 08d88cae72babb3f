"""Where and how a sprite stands in a frame, and the map between its own plane and the picture.

A sprite lives in a plane whose unit is its nominal radius. On its way to the picture a point (r, angle) is wobbled,
``r (1 + wobble sin(3 angle + wobble_phase))``, then stretched, turned, scaled and moved. All of it has a closed
inverse, so that boxes come from the outline going forward and pixels from the texture going back, both exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pose", "to_box_xywh", "to_image", "to_plane", "to_seen_box_xywh"]

_LOBES = 3


class Pose(NamedTuple):
    """Placement of a sprite in one frame.

    Attributes:
        x: of the sprite's origin, image px.
        y: likewise.
        radius_px: image px per unit of the plane, > 0.
        angle_rad: clockwise as seen on the picture.
        stretch: factor along the plane's first axis, > 0; the second axis gets its inverse.
        wobble: share of the radius by which the outline swings, 0..0.3.
        wobble_phase: radians.
    """

    x: float
    y: float
    radius_px: float
    angle_rad: float
    stretch: float
    wobble: float
    wobble_phase: float


def to_image(points: NDArray[np.float64], pose: Pose) -> NDArray[np.float64]:
    """(N, 2) points of the plane as continuous image px."""
    u, v = points[:, 0], points[:, 1]
    swing = 1.0 + pose.wobble * np.sin(_LOBES * np.arctan2(v, u) + pose.wobble_phase)
    u, v = u * swing * pose.stretch, v * swing / pose.stretch
    cos, sin = math.cos(pose.angle_rad) * pose.radius_px, math.sin(pose.angle_rad) * pose.radius_px
    return np.stack([pose.x + cos * u - sin * v, pose.y + sin * u + cos * v], axis=1)


def to_plane(
    columns: NDArray[np.float32], rows: NDArray[np.float32], pose: Pose
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Image px back to the plane, the inverse of :func:`to_image`.

    Args:
        columns: (W,) continuous x of pixel centres.
        rows: (H,) continuous y of pixel centres.
        pose: of the sprite.

    Returns:
        u and v, each (H, W).
    """
    dx, dy = (columns - np.float32(pose.x))[None, :], (rows - np.float32(pose.y))[:, None]
    cos, sin = math.cos(pose.angle_rad) / pose.radius_px, math.sin(pose.angle_rad) / pose.radius_px
    u = (dx * np.float32(cos) + dy * np.float32(sin)) / np.float32(pose.stretch)  # (H, W)
    v = (dy * np.float32(cos) - dx * np.float32(sin)) * np.float32(pose.stretch)
    # sin(3 a + p) from cos a = u / r and sin a = v / r, which is much faster than an arctangent per pixel.
    uu, vv = u * u, v * v
    cube = np.maximum(uu + vv, np.float32(1e-12)) ** np.float32(1.5)
    sin3, cos3 = (3 * uu - vv) * v / cube, (uu - 3 * vv) * u / cube
    swing = 1 + np.float32(pose.wobble) * (
        sin3 * np.float32(math.cos(pose.wobble_phase)) + cos3 * np.float32(math.sin(pose.wobble_phase))
    )
    return u / swing, v / swing


def to_box_xywh(outline: NDArray[np.float64], pose: Pose) -> tuple[float, float, float, float]:
    """Tight box of an outline (N, 2) of the plane, continuous image px, not clipped to the picture."""
    points = to_image(outline, pose)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def to_seen_box_xywh(
    outline: NDArray[np.float64], pose: Pose, size_wh: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Tight box of the part of an outline that is in the picture, px; sides of 0 where no part is.

    The polygon is cut at one edge of the picture after another (Sutherland and Hodgman, Reentrant Polygon Clipping,
    CACM 1974).
    """
    points = to_image(outline, pose)
    for axis, side in enumerate(size_wh):
        for inwards, edge in ((1.0, 0.0), (-1.0, float(side))):
            points = _cut(points, axis, inwards, edge)
    if not len(points):
        return 0.0, 0.0, 0.0, 0.0
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def _cut(points: NDArray[np.float64], axis: int, inwards: float, edge: float) -> NDArray[np.float64]:
    """The corners of a closed polygon (N, 2) on the inner side of an edge, and where its sides cross it."""
    depth = inwards * (points[:, axis] - edge)
    inside = depth >= 0
    if inside.all():
        return points
    following = np.roll(points, -1, axis=0)
    crossing = inside != np.roll(inside, -1)
    share = depth[crossing] / (depth - np.roll(depth, -1))[crossing]
    crossings = points[crossing] + share[:, None] * (following - points)[crossing]
    order = np.concatenate([np.flatnonzero(inside), np.flatnonzero(crossing) + 0.5]).argsort(kind="stable")
    return np.asarray(np.concatenate([points[inside], crossings])[order], dtype=np.float64)
