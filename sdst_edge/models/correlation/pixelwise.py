"""Each cell of the template, a vector over channels, times each cell of the search features (Alpha-Refine)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.models.correlation.kind import Kind

__all__ = ["PIXELWISE"]


def slow(template: Tensor, search: Tensor) -> Tensor:
    """For each template cell its dot product with every search cell.

    Args:
        template: (B, C, h, w).
        search: (B, C, H, W).

    Returns:
        (B, h w, H, W): channel k belongs to the template cell at row k // w, column k % w.
    """
    height, width = template.shape[2:]
    maps = [
        (search * template[:, :, row, column, None, None]).sum(dim=1)  # (B, H, W)
        for row in range(height)
        for column in range(width)
    ]
    return torch.stack(maps, dim=1)  # (B, h w, H, W)


def batched(template: Tensor, search: Tensor) -> Tensor:
    """:func:`slow` as a matrix product per sample."""
    kernel = template.flatten(2).transpose(1, 2)  # (B, h w, C)
    response = kernel @ search.flatten(2)  # (B, h w, H W)
    return response.reshape(*response.shape[:2], *search.shape[2:])  # (B, h w, H, W)


def kernel_layout(template: Tensor, _channels: int) -> Tensor:
    """(1, C, h, w) to (h w, C, 1, 1)."""
    return template.flatten(2).permute(2, 1, 0).unsqueeze(3)


def conv(kernel: Tensor, search: Tensor) -> Tensor:
    """(K, C, 1, 1) on (N, C, H, W), as a 1x1 convolution."""
    return F.conv2d(search, kernel)


def taps(kernel: Tensor, search: Tensor) -> Tensor:
    """:func:`conv` as products, summed over channels. Its kernel has one cell, so that nothing is sliced."""
    products = kernel * search[:, None]  # (K, C, 1, 1) times (N, 1, C, H, W)
    return products.sum(dim=2)  # (N, K, H, W)


def matmul(kernel: Tensor, search: Tensor) -> Tensor:
    """:func:`conv` as a matrix product; there is nothing to unfold."""
    response = kernel.flatten(1) @ search.flatten(2)  # (N, K, H W)
    return response.reshape(*response.shape[:2], *search.shape[2:])


PIXELWISE = Kind(
    slow=slow, batched=batched, kernel_layout=kernel_layout, forms={"conv": conv, "taps": taps, "matmul": matmul}
)
