"""From a region to what a network sees: one by one with OpenCV, or batched with torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region
from sdst_edge.training.crops.warping import warp

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cut", "cut_batch"]

#: A window this near to whole pixels of its region is sliced, not warped: 1/32 px is what OpenCV's warps know.
_WHOLE_PX = 1e-6


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
    local = region.local(window)
    left, top = round(local.left), round(local.top)
    off_whole = (local.left - left, local.top - top, local.width - out_px, local.height - out_px)
    if max(map(abs, off_whole)) < _WHOLE_PX:
        crop = _sliced(region, left, top, out_px)
        return np.ascontiguousarray(crop[:, ::-1]) if mirrored else crop
    if mirrored:  # a window of negative width runs from right to left
        local = local._replace(left=local.left + local.width, width=-local.width)
    return warp(region.pixels, local, out_px, region.border)


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
    centers = (torch.arange(out_px, device=regions.device, dtype=torch.float64) + 0.5) / out_px  # (out,)
    left, top, side_x, side_y = windows.to(torch.float64)[:, :, None].unbind(1)  # (B, 1) each
    along_x = torch.where(mirrored[:, None], 1.0 - centers, centers.expand(len(windows), -1))  # (B, out)
    # grid_sample counts from -1 at the first pixel's outer edge to 1 at the last one's
    x = (left + along_x * side_x) * (2 / width) - 1  # (B, out)
    y = (top + centers * side_y) * (2 / height) - 1  # (B, out)
    size = (-1, out_px, out_px)
    grid = torch.stack((x[:, None, :].expand(size), y[:, :, None].expand(size)), dim=3)  # (B, out, out, 2)
    border = borders.to(torch.float32)[:, :, None, None]  # (B, 3, 1, 1)
    above = regions.permute(0, 3, 1, 2).to(torch.float32) - border  # (B, 3, R, R): outside is 0
    crops = functional.grid_sample(above, grid.to(torch.float32), padding_mode="zeros", align_corners=False) + border
    return crops.round_().clamp_(0, 255).permute(0, 2, 3, 1).contiguous().to(torch.uint8)  # (B, out, out, 3)
