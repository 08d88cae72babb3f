"""Moves of the whole picture, as of a camera, with the ground continued where the picture ends."""

from __future__ import annotations

import math

import numpy as np

from sdst_edge.datasets.simulation.effect import Box, Frame
from sdst_edge.datasets.simulation.outline import Matrix, bounds, grown, moved, shift
from sdst_edge.datasets.simulation.patch import blend, inside, soft_mask

__all__ = ["surrounded", "warp_picture"]

#: How far the ground is continued at most, over the picture's longer side; beyond it is mirrored to and fro.
_MOST_MARGIN = 2
#: What is laid over the target in the mirror image: its sides, over the target's, and its soft edge, over its own.
_COVER, _COVER_EDGE = 1.4, 0.1


def warp_picture(frame: Frame, box_xywh: Box, matrix: Matrix) -> Frame:
    """A picture under a homography; beyond its edges the ground goes on as a mirror image without the target.

    Args:
        frame: (H, W, 3) uint8. Not modified.
        box_xywh: the target in the frame; it is never mirrored, else there would be two.
        matrix: from the frame to the result, continuous px.

    Returns:
        (H, W, 3) uint8, newly allocated.
    """
    import cv2

    height, width = frame.shape[:2]
    left, top, right, bottom = _margins(width, height, matrix)
    wider = surrounded(frame, box_xywh, (left, top, right, bottom))
    dx, dy = np.rint(matrix[:2, 2]).astype(int).tolist()
    if np.array_equal(matrix, shift(dx, dy)) and -right <= dx <= left and -bottom <= dy <= top:  # no pixel changes
        return np.ascontiguousarray(wider[top - dy :, left - dx :][:height, :width])
    to_pixels = shift(-0.5, -0.5) @ matrix @ shift(0.5 - left, 0.5 - top)  # OpenCV counts from the middle of a pixel
    return np.asarray(
        cv2.warpPerspective(wider, to_pixels, (width, height), borderMode=cv2.BORDER_REFLECT_101), dtype=np.uint8
    )


def _margins(width: int, height: int, matrix: Matrix) -> tuple[int, int, int, int]:
    """How far the result looks beyond the left, top, right and bottom edge of the frame, px."""
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], dtype=np.float64)
    back: Matrix = np.linalg.inv(matrix).astype(np.float64)
    x, y, w, h = bounds(moved(corners, back))
    beyond = (-x, -y, x + w - width, y + h - height)
    most = _MOST_MARGIN * max(width, height)
    left, top, right, bottom = (min(max(math.ceil(value + 1e-6), 0), most) for value in beyond)
    return left, top, right, bottom


def surrounded(frame: Frame, box_xywh: Box, margins: tuple[int, int, int, int]) -> Frame:
    """The frame with the ground continued: at each edge a mirror image of all of it but the target.

    Args:
        frame: (H, W, 3) uint8. Not modified.
        box_xywh: the target in the frame.
        margins: left, top, right, bottom, px, >= 0; without any it is the frame itself.
    """
    import cv2

    if not any(margins):
        return frame
    left, top, right, bottom = margins
    height, width = frame.shape[:2]
    wide = cv2.copyMakeBorder(_without(frame, box_xywh), top, bottom, left, right, cv2.BORDER_REFLECT)
    wide[top : top + height, left : left + width] = frame
    return np.asarray(wide, dtype=np.uint8)


def _without(frame: Frame, box_xywh: Box) -> Frame:
    """A copy with the ground of its freest side mirrored over the target, and stretched where there is less of it.

    Where the target is all of the picture, it stays.
    """
    import cv2

    result: Frame = frame.copy()
    height, width = frame.shape[:2]
    cover_xywh = grown(box_xywh, _COVER)
    target, region = inside(box_xywh, (width, height)), inside(cover_xywh, (width, height))
    if target is None or region is None:
        return result
    (top, bottom), (left, right) = ((part.start, part.stop) for part in target)
    (rows, columns), (high, wide) = region, result[region].shape[:2]
    beside = (
        frame[rows, max(0, left - wide) : left][:, ::-1],
        frame[rows, right : right + wide][:, ::-1],
        frame[max(0, top - high) : top, columns][::-1],
        frame[bottom : bottom + high, columns][::-1],
    )
    free_px = (left, width - right, top, height - bottom)
    if any(free_px):
        ground = cv2.resize(np.ascontiguousarray(beside[int(np.argmax(free_px))]), (wide, high))
        mask = soft_mask(cover_xywh, *region, power=8.0, edge_px=_COVER_EDGE * min(cover_xywh[2:]))
        result[region] = blend(frame[region], ground, mask)
    return result
