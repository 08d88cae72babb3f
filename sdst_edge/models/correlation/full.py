"""The whole template as one kernel over all channels (SiamFC): the up-channel kind with a single kernel."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

from sdst_edge.models.correlation.kind import Kind, windows
from sdst_edge.models.correlation.up_channel import batched, conv, matmul

__all__ = ["FULL"]


def slow(template: Tensor, search: Tensor) -> Tensor:
    """At each offset the sum over window and channels of template times search.

    Args:
        template: (B, C, h, w).
        search: (B, C, H, W).

    Returns:
        (B, 1, H - h + 1, W - w + 1).
    """
    height, width = template.shape[2:]
    rows, columns = search.shape[2] - height + 1, search.shape[3] - width + 1
    response = torch.zeros(search.shape[0], 1, rows, columns, dtype=search.dtype)
    for row in range(rows):
        for column in range(columns):
            window = search[:, :, row : row + height, column : column + width]
            response[:, 0, row, column] = (window * template).sum(dim=(1, 2, 3))
    return response


def kernel_layout(template: Tensor, _channels: int) -> Tensor:
    """(1, C, h, w) as it is."""
    return template


def taps(kernel: Tensor, search: Tensor) -> Tensor:
    """(1, C, h, w) on (N, C, H, W), as the sum of shifted products, which is summed over channels once at the end."""
    cells = kernel[0].flatten(1)[:, :, None, None].unbind(1)  # h w of (C, 1, 1)
    products = [cell * window for cell, window in zip(cells, windows(kernel, search), strict=True)]
    return reduce(torch.add, products).sum(dim=1, keepdim=True)  # (N, C, H', W') to (N, 1, H', W')


FULL = Kind(
    slow=slow, batched=batched, kernel_layout=kernel_layout, forms={"conv": conv, "taps": taps, "matmul": matmul}
)
