"""Soft-edged patches: how part of a picture is replaced without a seam."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_edge.datasets.simulation.effect import Box, Frame

__all__ = ["blend", "fitted", "inside", "soft_mask"]


def inside(box_xywh: Box, size_wh: tuple[int, int]) -> tuple[slice, slice] | None:
    """Rows and columns of a picture that a box touches; None where it is outside."""
    x, y, w, h = box_xywh
    left, top = max(0, math.floor(x)), max(0, math.floor(y))
    right, bottom = min(size_wh[0], math.ceil(x + w)), min(size_wh[1], math.ceil(y + h))
    return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


def fitted(picture: ArrayLike, box_xywh: Box, rows: slice, columns: slice) -> Frame:
    """A picture (h, w, 3) uint8, stretched until it fills a box: the part of it in these rows and columns."""
    import cv2

    source = np.ascontiguousarray(picture, dtype=np.uint8)
    x, y, w, h = box_xywh
    scale_x, scale_y = source.shape[1] / w, source.shape[0] / h
    shift_x = (columns.start + 0.5 - x) * scale_x - 0.5  # OpenCV counts from the middle of a pixel
    shift_y = (rows.start + 0.5 - y) * scale_y - 0.5
    size_wh = (columns.stop - columns.start, rows.stop - rows.start)
    to_source = np.array([[scale_x, 0.0, shift_x], [0.0, scale_y, shift_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(source, to_source, size_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def soft_mask(
    box_xywh: Box, rows: slice, columns: slice, *, power: float, edge_px: float, angle_rad: float = 0.0
) -> NDArray[np.float32]:
    """A shape that touches the sides of a box, |x|^power + |y|^power <= 1: an ellipse at 2, nearly the box at 8.

    Args:
        box_xywh: image px.
        rows: of the picture, for which the mask is wanted.
        columns: likewise.
        power: >= 2.
        edge_px: along which the mask falls from 1 to 0, inwards from the shape's rim.
        angle_rad: by which the shape is turned around its middle.

    Returns:
        (rows, columns) float32 in 0..1.
    """
    x, y, w, h = box_xywh
    u = (np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5 - x - w / 2))[None, :]
    v = (np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(0.5 - y - h / 2))[:, None]
    if angle_rad:
        cos, sin = np.float32(math.cos(angle_rad)), np.float32(math.sin(angle_rad))
        u, v = cos * u + sin * v, cos * v - sin * u
    far = (np.abs(u * np.float32(2 / w)) ** np.float32(power) + np.abs(v * np.float32(2 / h)) ** np.float32(power)) ** (
        np.float32(1 / power)
    )
    mask: NDArray[np.float32] = np.clip((1 - far) * np.float32(min(w, h) / 2 / edge_px), 0, 1)
    return mask


def blend(under: Frame, over: ArrayLike, share: NDArray[np.float32]) -> Frame:
    """One picture over another: (H, W, 3) uint8 each, and the share (H, W) of ``over`` in 0..1; a new array."""
    import cv2

    over_bgr, under_bgr = (np.ascontiguousarray(picture, dtype=np.uint8) for picture in (over, under))
    return np.asarray(cv2.blendLinear(over_bgr, under_bgr, share, np.float32(1) - share), dtype=np.uint8)
