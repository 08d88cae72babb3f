"""Moves of the whole picture, as of a camera, with the ground continued where the picture ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sdst_edge.datasets.simulation.effect import Box, Frame, Placement
from sdst_edge.datasets.simulation.outline import Matrix, bounds, clipped, ellipse, moved, shift

__all__ = ["PictureWarp", "surrounded", "warp_picture"]

#: Fewer free columns or rows than these between target and edge are no ground to go on with, px.
_LEAST_STRIP_PX = 8
_MOST_MARGIN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWarp:
    """An effect that moves all pixels by one homography.

    Attributes:
        size_wh: of the pictures, px.
        matrix: of a frame, from its box and phase.
    """

    size_wh: tuple[int, int]
    matrix: Callable[[Box, float], Matrix]

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """The bounds of the moved outline inside the picture."""
        return clipped(bounds(moved(ellipse(box_xywh), self.matrix(box_xywh, phase))), self.size_wh)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The moved picture."""
        return warp_picture(frame, box_xywh, self.matrix(box_xywh, phase))


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
    """The frame with the ground continued: what lies between the target and an edge is mirrored there, to and fro.

    Where the target reaches the edge, the ground from its other side goes on behind it instead.

    Args:
        frame: (H, W, 3) uint8. Not modified.
        box_xywh: the target in the frame.
        margins: left, top, right, bottom, px, >= 0.
    """
    x, y, w, h = box_xywh
    left, top, right, bottom = margins
    height, width = frame.shape[:2]
    wide = _lengthened(frame, 1, (x, width - x - w), (left, right))
    return _lengthened(wide, 0, (y, height - y - h), (top, bottom))


def _lengthened(frame: Frame, axis: int, free_px: tuple[float, float], margins: tuple[int, int]) -> Frame:
    """The frame with rows (axis 0) or columns (1) added in front and behind, like the free ones at its ends."""
    import cv2

    if not any(margins):
        return frame
    side = frame.shape[axis]

    def part(start: int, stop: int) -> Frame:
        return frame[start:stop] if axis == 0 else frame[:, start:stop]

    before, after = (min(max(math.floor(free), 0), side) for free in free_px)
    front, back = part(0, before), part(side - after, side)
    if before < _LEAST_STRIP_PX:
        front = back if after >= _LEAST_STRIP_PX else part(0, _LEAST_STRIP_PX)
    if after < _LEAST_STRIP_PX:
        back = front if before >= _LEAST_STRIP_PX else part(side - _LEAST_STRIP_PX, side)
    (top, left), (bottom, right) = ((end, 0) if axis == 0 else (0, end) for end in margins)
    longer_front = cv2.copyMakeBorder(front, top, 0, left, 0, cv2.BORDER_REFLECT)
    longer_back = cv2.copyMakeBorder(back, 0, bottom, 0, right, cv2.BORDER_REFLECT)
    added_front = longer_front[: margins[0]] if axis == 0 else longer_front[:, : margins[0]]
    added_back = longer_back[back.shape[0] :] if axis == 0 else longer_back[:, back.shape[1] :]
    return np.concatenate([added_front, frame, added_back], axis=axis)
