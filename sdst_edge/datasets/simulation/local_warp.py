"""Changes of the target's own shape: what is far from it stays, what is between gives way."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.simulation.effect import Box, Frame
from sdst_edge.datasets.simulation.outline import Matrix, bounds, center, ellipse, grown, moved
from sdst_edge.datasets.simulation.patch import inside
from sdst_edge.datasets.simulation.picture_warp import surrounded

__all__ = ["Points", "displaced", "distance", "falling", "warp_target"]

#: (..., 2) float64, continuous image px.
Points = NDArray[np.float64]

_NODES = 33
#: In half sides of the target's box: up to where everything moves with it (its corners are at 1.19), and from where
#: on nothing does. Targets may shrink to half before the ground between folds.
_NEAR, _FAR = 1.25, 3.6


def warp_target(frame: Frame, box_xywh: Box, matrix: Matrix) -> Frame:
    """A picture with its target moved by a homography, and less and less of what is around it.

    Args:
        frame: (H, W, 3) uint8. Not modified.
        box_xywh: the target in the frame.
        matrix: from the frame to the result, continuous px.

    Returns:
        (H, W, 3) uint8, newly allocated.
    """
    back: Matrix = np.linalg.inv(matrix).astype(np.float64)
    target_xywh = bounds(moved(ellipse(box_xywh), matrix))
    middle = np.array(center(target_xywh))

    def displacement(points: Points) -> Points:
        away = distance(points, target_xywh)[..., None]
        # Ground moves as the nearest point that moves fully does: a homography goes to infinity somewhere.
        near = middle + (points - middle) * np.minimum(1.0, _NEAR / np.maximum(away, _NEAR))
        result: Points = falling(away, near=_NEAR, far=_FAR) * (moved(near, back) - near)
        return result

    return displaced(frame, box_xywh, displacement, grown(target_xywh, _FAR))


def distance(points: Points, box_xywh: Box) -> NDArray[np.float64]:
    """(...) of (..., 2) points from a box's middle, in its half sides, as for a rounded square: (x^4 + y^4)^(1/4)."""
    offset = (points - center(box_xywh)) / (box_xywh[2] / 2, box_xywh[3] / 2)
    far: NDArray[np.float64] = np.sqrt(np.sqrt((offset**4).sum(axis=-1)))
    return far


def falling(away: NDArray[np.float64], *, near: float, far: float) -> NDArray[np.float64]:
    """1 for distances up to ``near``, 0 from ``far`` on, smooth in between."""
    share = np.clip((far - away) / (far - near), 0.0, 1.0)
    result: NDArray[np.float64] = share * share * (3 - 2 * share)
    return result


def displaced(frame: Frame, box_xywh: Box, displacement: Callable[[Points], Points], region_xywh: Box) -> Frame:
    """A picture in a region of which pixels come from elsewhere.

    Args:
        frame: (H, W, 3) uint8. Not modified.
        box_xywh: the target in the frame; ground that goes on beyond the picture has no second one.
        displacement: from points of the result to how far away in the frame their pixels come from, px; it is asked on
            a grid and interpolated, so it should be smooth; 0 at the region's rim.
        region_xywh: of the result; may lie partly or wholly outside the picture.

    Returns:
        (H, W, 3) uint8, newly allocated.
    """
    import cv2

    result: Frame = frame.copy()
    height, width = frame.shape[:2]
    region = inside(region_xywh, (width, height))
    if region is None:
        return result
    rows, columns = region
    from_x, from_y = _origins(displacement, rows, columns)
    margin = math.ceil(max(-from_x.min(), -from_y.min(), from_x.max() - width + 1, from_y.max() - height + 1, 0.0))
    source, shift_px = surrounded(frame, box_xywh, (margin,) * 4), np.float32(margin)
    result[region] = cv2.remap(source, from_x + shift_px, from_y + shift_px, cv2.INTER_LINEAR)
    return result


def _origins(
    displacement: Callable[[Points], Points], rows: slice, columns: slice
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the pixels of a region come from: columns and rows of the frame, (h, w) each."""
    import cv2

    # The grid's outer half cells are flat; the margin puts them outside of the region.
    spans = [(part.start, part.stop, -(-(part.stop - part.start) // (2 * _NODES - 4))) for part in (columns, rows)]
    nodes = [
        start - margin + (np.arange(_NODES) + 0.5) * (stop - start + 2 * margin) / _NODES
        for start, stop, margin in spans
    ]
    grid = np.stack(np.meshgrid(*nodes), axis=-1)  # (nodes, nodes, 2)
    (left, right, beside), (top, bottom, above) = spans
    whole_wh = (right - left + 2 * beside, bottom - top + 2 * above)
    moves = cv2.resize(displacement(grid).astype(np.float32), whole_wh)
    moves = moves[above : whole_wh[1] - above, beside : whole_wh[0] - beside]
    from_x = moves[..., 0] + np.arange(left, right, dtype=np.float32)
    from_y = moves[..., 1] + np.arange(top, bottom, dtype=np.float32)[:, None]
    return np.asarray(from_x, dtype=np.float32), np.asarray(from_y, dtype=np.float32)
