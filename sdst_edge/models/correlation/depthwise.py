"""Each channel of the search features with the same channel of the template (SiamRPN++)."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.models.correlation.kind import Kind, windows

__all__ = ["DEPTHWISE"]


def slow(template: Tensor, search: Tensor) -> Tensor:
    """At each offset the sum over the window of template times search.

    Args:
        template: (B, C, h, w).
        search: (B, C, H, W).

    Returns:
        (B, C, H - h + 1, W - w + 1).
    """
    height, width = template.shape[2:]
    rows, columns = search.shape[2] - height + 1, search.shape[3] - width + 1
    response = torch.zeros(*search.shape[:2], rows, columns, dtype=search.dtype)
    for row in range(rows):
        for column in range(columns):
            window = search[:, :, row : row + height, column : column + width]
            response[:, :, row, column] = (window * template).sum(dim=(2, 3))
    return response


def batched(template: Tensor, search: Tensor) -> Tensor:
    """:func:`slow` as one convolution, in which every channel of every sample is a group."""
    batch, channels, height, width = search.shape
    flat_search = search.reshape(1, batch * channels, height, width)  # (1, B C, H, W)
    flat_kernel = template.reshape(batch * channels, 1, *template.shape[2:])  # (B C, 1, h, w)
    response = F.conv2d(flat_search, flat_kernel, groups=batch * channels)
    return response.reshape(batch, channels, *response.shape[2:])  # (B, C, H', W')


def kernel_layout(template: Tensor, _channels: int) -> Tensor:
    """(1, C, h, w) to (C, 1, h, w)."""
    return template.transpose(0, 1)


def conv(kernel: Tensor, search: Tensor) -> Tensor:
    """(C, 1, h, w) on (N, C, H, W), as a convolution of C groups."""
    return F.conv2d(search, kernel, groups=kernel.shape[0])


def taps(kernel: Tensor, search: Tensor) -> Tensor:
    """:func:`conv` as the sum over cells of the search features, shifted, times a number per channel."""
    cells = kernel.flatten(1)[:, :, None, None].unbind(1)  # h w of (C, 1, 1)
    products = [cell * window for cell, window in zip(cells, windows(kernel, search), strict=True)]
    return reduce(torch.add, products)


def matmul(kernel: Tensor, search: Tensor) -> Tensor:
    """:func:`conv` as a row of the kernel times a matrix of windows, for each channel."""
    channels, _, height, width = kernel.shape
    rows, columns = search.shape[2] - height + 1, search.shape[3] - width + 1
    unfolded = torch.stack(list(windows(kernel, search)), dim=2).flatten(3)  # (N, C, h w, H' W')
    response = kernel.reshape(channels, 1, height * width) @ unfolded  # (N, C, 1, H' W')
    return response.reshape(search.shape[0], channels, rows, columns)


DEPTHWISE = Kind(
    slow=slow, batched=batched, kernel_layout=kernel_layout, forms={"conv": conv, "taps": taps, "matmul": matmul}
)
