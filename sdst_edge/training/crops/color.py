"""Colour changes of crops, on bytes: one by one with OpenCV, or batched with torch. Random numbers come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["box_blur", "box_blur_batch", "gray", "gray_batch", "recolor", "recolor_batch"]

_LUMA_BGR = (0.114, 0.587, 0.299)


def recolor(pixels: NDArray[np.uint8], gain_bgr: NDArray[np.float32], offset: float) -> NDArray[np.uint8]:
    """``gain v + offset`` of each channel, rounded and clipped to 0..255; OpenCV takes gains in 1/1024.

    Args:
        pixels: (H, W, 3) uint8. Not modified.
        gain_bgr: (3,), gain times tint of each channel.
        offset: grey levels.

    Returns:
        (H, W, 3) uint8, newly allocated.
    """
    import cv2

    by_channel = np.zeros((3, 4))
    np.fill_diagonal(by_channel, gain_bgr)
    by_channel[:, 3] = offset
    return np.asarray(cv2.transform(pixels, by_channel), dtype=np.uint8)  # a fifth of the time of a table


def gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR with the luma of ITU-R BT.601 in all three channels, newly allocated."""
    import cv2

    luma = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)  # (H, W)
    return np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def box_blur(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Mean over ``side`` x ``side`` px, rounded; pixels of the edge go on beyond it.

    Args:
        pixels: (H, W, 3) uint8. Not modified.
        side: odd, >= 1.
    """
    import cv2

    return np.asarray(cv2.blur(pixels, (side, side), borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)


def recolor_batch(pixels: Tensor, gain_bgr: Tensor, offset: Tensor) -> Tensor:
    """:func:`recolor` of a batch.

    Args:
        pixels: (B, H, W, 3) uint8. Not modified.
        gain_bgr: (B, 3) float32.
        offset: (B,) float32.
    """
    import torch

    values = pixels.to(torch.float32) * gain_bgr[:, None, None, :] + offset[:, None, None, None]
    return values.round_().clamp_(0, 255).to(torch.uint8)


def gray_batch(pixels: Tensor, where: Tensor) -> Tensor:
    """:func:`gray` of some of a batch, the others as they are.

    Args:
        pixels: (B, H, W, 3) uint8. Not modified.
        where: (B,) bool.
    """
    import torch

    luma = (pixels.to(torch.float32) @ pixels.new_tensor(_LUMA_BGR, dtype=torch.float32)).round_()  # (B, H, W)
    return torch.where(where[:, None, None, None], luma.to(torch.uint8)[..., None], pixels)


def box_blur_batch(pixels: Tensor, sides: Tensor) -> Tensor:
    """:func:`box_blur` of a batch.

    Args:
        pixels: (B, H, W, 3) uint8. Not modified.
        sides: (B,) int64, odd, 1 for those that stay. Each other value in it is one more pass over the batch. Read on
            the host: from a GPU that waits for it.
    """
    import torch
    from torch.nn import functional

    out = pixels
    for side in sorted(set(sides.tolist())):
        if side == 1:
            continue
        margin = side // 2
        values = pixels.permute(0, 3, 1, 2).to(torch.float32)  # (B, 3, H, W)
        values = functional.pad(values, (margin,) * 4, mode="replicate")
        means = functional.avg_pool2d(values, side, stride=1).round_().to(torch.uint8).permute(0, 2, 3, 1)
        out = torch.where((sides.to(out.device) == side)[:, None, None, None], means, out)  # (B, H, W, 3)
    return out
