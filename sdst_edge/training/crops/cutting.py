"""From a region to what a network sees: one by one with OpenCV, or batched with torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sdst_edge.training.crops.geometry import Window
from sdst_edge.training.crops.regions import Region

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["cut", "cut_batch"]


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
    raise NotImplementedError


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
    raise NotImplementedError
