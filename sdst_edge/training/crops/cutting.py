"""From a region to what a network sees: one by one with libsdst, or batched with torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region
from sdst_runtime.views import window_u8

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cut", "cut_batch"]

#: A window this near to whole pixels of its region is sliced.
_WHOLE_PX = 1e-6
#: Positions within a pixel that libsdst's warp adds up, and those that it tells apart.
_FINE, _STEPS = 1024, 32


def cut(region: Region, window: Window, out_px: int, mirrored: bool = False) -> NDArray[np.uint8]:
    """A window of the image, from its region; what lies outside the region takes the border colour.

    Args:
        region: around the target.
        window: image px, of the image as it is, mirrored or not.
        out_px: side of the crop, network px.
        mirrored: whether the crop's columns are reversed.

    Returns:
        (out_px, out_px, 3) uint8, BGR, newly allocated, C-contiguous.
    """
    import cv2

    local = region.local(window)
    left, top = round(local.left), round(local.top)
    off_whole = (local.left - left, local.top - top, local.width - out_px, local.height - out_px)
    if max(map(abs, off_whole)) < _WHOLE_PX:
        crop = _sliced(region, left, top, out_px)
    else:
        crop = window_u8(region.pixels, local, out_px, region.border)
    return np.asarray(cv2.flip(crop, 1), dtype=np.uint8) if mirrored else crop


def _sliced(region: Region, left: int, top: int, out_px: int) -> NDArray[np.uint8]:
    """The pixels of a region from (left, top) on, and the border where there are none."""
    height, width = region.pixels.shape[:2]
    x, y = slice(max(left, 0), min(left + out_px, width)), slice(max(top, 0), min(top + out_px, height))
    if x.stop - x.start == out_px and y.stop - y.start == out_px:
        return np.array(region.pixels[y, x])
    crop = np.empty((out_px, out_px, 3), np.uint8)
    crop[:] = region.border
    if x.start < x.stop and y.start < y.stop:
        crop[y.start - top : y.stop - top, x.start - left : x.stop - left] = region.pixels[y, x]
    return crop


def cut_batch(regions: Tensor, windows: Tensor, borders: Tensor, mirrored: Tensor, out_px: int) -> Tensor:
    """The same for a batch, on the device where the tensors are.

    Args:
        regions: (B, R, R, 3) uint8, BGR.
        windows: (B, 4) float: left, top, width, height in px of each region, see :meth:`Region.local`.
        borders: (B, 3) uint8.
        mirrored: (B,) bool.
        out_px: side of the crops, network px.

    Returns:
        (B, out_px, out_px, 3) uint8, BGR.
    """
    import torch
    from torch.nn import functional

    height, width = regions.shape[1:3]
    left, top, side_x, side_y = windows.to(torch.float64)[:, :, None].unbind(1)  # (B, 1) each
    x, y = _columns(left, side_x / out_px, out_px), _rows(top, side_y / out_px, out_px)  # (B, out)
    x = torch.where(mirrored[:, None], x.flip(1), x)
    # grid_sample counts from -1 at the first pixel's outer edge to 1 at the last one's
    x, y = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
    size = (-1, out_px, out_px)
    grid = torch.stack((x[:, None, :].expand(size), y[:, :, None].expand(size)), dim=3)  # (B, out, out, 2)
    border = borders.to(torch.float32)[:, :, None, None]  # (B, 3, 1, 1)
    above = regions.permute(0, 3, 1, 2).to(torch.float32) - border  # (B, 3, R, R): outside is 0
    crops = functional.grid_sample(above, grid.to(torch.float32), padding_mode="zeros", align_corners=False) + border
    return crops.round_().clamp_(0, 255).permute(0, 2, 3, 1).contiguous().to(torch.uint8)  # (B, out, out, 3)


def _columns(left: Tensor, step: Tensor, out_px: int) -> Tensor:
    """Where the columns of a crop look, px of the region from its first pixel's centre: (B, out_px) float64.

    Positions are those of libsdst's warp: OpenCV's sums of numbers in 1/1024 px, cut to 1/32 px. Those of columns are
    rounded one by one, those of rows together.
    """
    return _cut_to_steps(_fine(left + step / 2 - 0.5) + _fine(step * _numbers(out_px, step)))


def _rows(top: Tensor, step: Tensor, out_px: int) -> Tensor:
    """Where its rows look."""
    return _cut_to_steps(_fine(step * _numbers(out_px, step) + (top + step / 2 - 0.5)))


def _numbers(count: int, like: Tensor) -> Tensor:
    import torch

    return torch.arange(count, device=like.device, dtype=like.dtype)


def _fine(px: Tensor) -> Tensor:
    return (px * _FINE).round()


def _cut_to_steps(fine: Tensor) -> Tensor:
    return ((fine + _FINE / _STEPS / 2) / (_FINE / _STEPS)).floor() / _STEPS
