"""K kernels over all channels of the search features, made by a convolution that raises the template's (SiamRPN)."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.models.correlation.kind import Kind, windows

__all__ = ["UP_CHANNEL", "batched", "conv", "matmul"]


def slow(template: Tensor, search: Tensor) -> Tensor:
    """For each kernel, at each offset, the sum over window and channels of template times search.

    Args:
        template: (B, K C, h, w): the C channels of the first kernel, then those of the second.
        search: (B, C, H, W).

    Returns:
        (B, K, H - h + 1, W - w + 1).
    """
    height, width = template.shape[2:]
    kernels = template.reshape(template.shape[0], -1, search.shape[1], height, width)  # (B, K, C, h, w)
    rows, columns = search.shape[2] - height + 1, search.shape[3] - width + 1
    response = torch.zeros(search.shape[0], kernels.shape[1], rows, columns, dtype=search.dtype)
    for row in range(rows):
        for column in range(columns):
            window = search[:, None, :, row : row + height, column : column + width]  # (B, 1, C, h, w)
            response[:, :, row, column] = (window * kernels).sum(dim=(2, 3, 4))
    return response


def batched(template: Tensor, search: Tensor) -> Tensor:
    """:func:`slow` as one convolution, in which every sample is a group."""
    batch, channels, height, width = search.shape
    flat_search = search.reshape(1, batch * channels, height, width)  # (1, B C, H, W)
    flat_kernel = template.reshape(-1, channels, *template.shape[2:])  # (B K, C, h, w)
    response = F.conv2d(flat_search, flat_kernel, groups=batch)
    return response.reshape(batch, -1, *response.shape[2:])  # (B, K, H', W')


def kernel_layout(template: Tensor, channels: int) -> Tensor:
    """(1, K C, h, w) to (K, C, h, w)."""
    return template.reshape(-1, channels, *template.shape[2:])


def conv(kernel: Tensor, search: Tensor) -> Tensor:
    """(K, C, h, w) on (N, C, H, W), as a convolution."""
    return F.conv2d(search, kernel)


def taps(kernel: Tensor, search: Tensor) -> Tensor:
    """:func:`conv` as the sum over cells of a (K, C) matrix times the search features, shifted.

    Products of numbers, as in the depthwise kind, would need a tensor K times as large as the search features per cell.
    """
    cells = kernel.flatten(2).unbind(2)  # h w of (K, C)
    rows, columns = search.shape[2] - kernel.shape[2] + 1, search.shape[3] - kernel.shape[3] + 1
    parts = (window.flatten(2) for window in windows(kernel, search))  # (N, C, H' W')
    response = reduce(torch.add, [cell @ part for cell, part in zip(cells, parts, strict=True)])  # (N, K, H' W')
    return response.reshape(*response.shape[:2], rows, columns)


def matmul(kernel: Tensor, search: Tensor) -> Tensor:
    """:func:`conv` as a row per kernel times a matrix of windows."""
    rows, columns = search.shape[2] - kernel.shape[2] + 1, search.shape[3] - kernel.shape[3] + 1
    unfolded = torch.stack(list(windows(kernel, search)), dim=2).flatten(3).flatten(1, 2)  # (N, C h w, H' W')
    response = kernel.flatten(1) @ unfolded  # (N, K, H' W')
    return response.reshape(*response.shape[:2], rows, columns)


UP_CHANNEL = Kind(
    slow=slow, batched=batched, kernel_layout=kernel_layout, forms={"conv": conv, "taps": taps, "matmul": matmul}
)
