"""Cross-correlations at the cut between template and search, each beside the plain version that specifies it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_runtime.manifest import Correlation

__all__ = ["correlate", "depthwise", "depthwise_slow", "pixelwise", "pixelwise_slow"]


def correlate(correlation: Correlation, template: Tensor, search: Tensor) -> Tensor:
    """The response of one correlation: :func:`depthwise` or :func:`pixelwise`, as its kind says."""
    if correlation.kind == "depthwise":
        return depthwise(template, search, correlation.padding)
    return pixelwise(template, search)


def depthwise(template: Tensor, search: Tensor, padding: int = 0) -> Tensor:
    """Each channel of the search features correlated with the same channel of the template (SiamRPN++).

    Args:
        template: (B, C, h, w).
        search: (B, C, H, W).
        padding: cells of zeros on each side of the search features, >= 0.

    Returns:
        (B, C, H + 2 padding - h + 1, W + 2 padding - w + 1).
    """
    batch, channels, height, width = search.shape
    flat_search = search.reshape(1, batch * channels, height, width)  # (1, B C, H, W)
    flat_kernel = template.reshape(batch * channels, 1, *template.shape[2:])  # (B C, 1, h, w)
    response = F.conv2d(flat_search, flat_kernel, padding=padding, groups=batch * channels)
    return response.reshape(batch, channels, *response.shape[2:])  # (B, C, H', W')


def depthwise_slow(template: Tensor, search: Tensor, padding: int = 0) -> Tensor:
    """:func:`depthwise`, by its definition: at each offset the sum over the window of template times search."""
    height, width = template.shape[2:]
    padded = F.pad(search, (padding, padding, padding, padding))
    rows, columns = padded.shape[2] - height + 1, padded.shape[3] - width + 1
    response = torch.zeros(*search.shape[:2], rows, columns, dtype=search.dtype)
    for row in range(rows):
        for column in range(columns):
            window = padded[:, :, row : row + height, column : column + width]
            response[:, :, row, column] = (window * template).sum(dim=(2, 3))
    return response


def pixelwise(template: Tensor, search: Tensor) -> Tensor:
    """Each cell of the template, a vector over channels, times each cell of the search features (Alpha-Refine).

    Args:
        template: (B, C, h, w).
        search: (B, C, H, W).

    Returns:
        (B, h w, H, W): channel k belongs to the template cell at row k // w, column k % w.
    """
    kernel = template.flatten(2).transpose(1, 2)  # (B, h w, C)
    response = kernel @ search.flatten(2)  # (B, h w, H W)
    return response.reshape(*response.shape[:2], *search.shape[2:])  # (B, h w, H, W)


def pixelwise_slow(template: Tensor, search: Tensor) -> Tensor:
    """:func:`pixelwise`, by its definition: for each template cell its dot product with every search cell."""
    height, width = template.shape[2:]
    maps = [
        (search * template[:, :, row, column, None, None]).sum(dim=1)  # (B, H, W)
        for row in range(height)
        for column in range(width)
    ]
    return torch.stack(maps, dim=1)  # (B, h w, H, W)
