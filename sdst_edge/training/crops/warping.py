"""OpenCV's bilinear warp of a window of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_edge.training.crops.geometry import Window

__all__ = ["warp"]


def warp(picture: NDArray[np.uint8], window: Window, out_px: int, border: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A window of a picture at another size.

    Args:
        picture: (H, W, 3) uint8. Not modified.
        window: px of the picture, from its top left corner; of negative width it runs from right to left.
        out_px: side of the output.
        border: colour outside the picture, and what its edge is mixed with.

    Returns:
        (out_px, out_px, 3) uint8, newly allocated.
    """
    import cv2

    step_x, step_y = window.width / out_px, window.height / out_px
    # OpenCV counts from pixel centres, windows from where pixels begin
    first_x, first_y = window.left + step_x / 2 - 0.5, window.top + step_y / 2 - 0.5
    back = np.array([[step_x, 0.0, first_x], [0.0, step_y, first_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(
        picture, back, (out_px, out_px), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )
    return np.asarray(out, dtype=np.uint8)
