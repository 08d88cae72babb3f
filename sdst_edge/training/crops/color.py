"""Colour changes of crops, on bytes: one by one with OpenCV, or batched with torch. Random numbers come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["box_blur", "box_blur_batch", "gray", "gray_batch", "recolor", "recolor_batch"]


def recolor(pixels: NDArray[np.uint8], gain_bgr: NDArray[np.float32], offset: float) -> NDArray[np.uint8]:
    """``gain v + offset`` of each channel, rounded and clipped to 0..255.

    Args:
        pixels: (H, W, 3) uint8.
        gain_bgr: (3,), gain times tint of each channel.
        offset: grey levels.
    """
    raise NotImplementedError


def gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 with the luma of ITU-R BT.601 in all three channels."""
    raise NotImplementedError


def box_blur(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Mean over ``side`` x ``side`` px, odd; pixels of the edge go on beyond it."""
    raise NotImplementedError


def recolor_batch(pixels: Tensor, gain_bgr: Tensor, offset: Tensor) -> Tensor:
    """:func:`recolor` of (B, H, W, 3) uint8 with gains (B, 3) and offsets (B,)."""
    raise NotImplementedError


def gray_batch(pixels: Tensor, where: Tensor) -> Tensor:
    """:func:`gray` of those of (B, H, W, 3) uint8 that ``where`` (B,) bool names."""
    raise NotImplementedError


def box_blur_batch(pixels: Tensor, sides: Tensor) -> Tensor:
    """:func:`box_blur` of (B, H, W, 3) uint8 with odd sides (B,) int64, 1 for those that stay."""
    raise NotImplementedError
