"""Feature maps of a teacher at the student's cells, and maps of two sides at those of the smaller."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["pooled", "resampled"]


def pooled(maps: Tensor, size: tuple[int, int], pool: Callable[[Tensor, tuple[int, int]], Tensor]) -> Tensor:
    """(B, C, H, W) by adaptive pooling to (B, C, *size); maps of that size as they are, which takes no time."""
    return maps if tuple(maps.shape[2:]) == size else pool(maps, size)


def resampled(maps: Tensor, size: tuple[int, int], field: Tensor | None = None) -> Tensor:
    """Bilinear samples of maps on a grid of another size, or over another part of them.

    Args:
        maps: (B, C, H, W).
        size: rows and columns of the result.
        field: (B, 2) sides along x and y of the region that the result covers, about the middle, over those of the
            region that ``maps`` covers: the searched region of the student over that of the teacher. Beyond the maps
            their rim is repeated. None for the same region.

    Returns:
        (B, C, *size).
    """
    if field is None:
        if tuple(maps.shape[2:]) == tuple(size):
            return maps
        return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
    ys, xs = ((torch.arange(n, device=maps.device, dtype=maps.dtype) * 2 + 1) / n - 1 for n in size)  # middles of cells
    grid = torch.stack((xs[None, :].expand(size), ys[:, None].expand(size)), dim=-1)  # (h, w, 2): x, y in -1..1
    at = grid[None] * field.to(maps)[:, None, None, :]  # (B, h, w, 2)
    return F.grid_sample(maps, at, mode="bilinear", padding_mode="border", align_corners=False)
