"""What there is to know of one kind of correlation, and the windows that all kinds slide over the search features.

Search features are padded before they get here: padding is the same zeros for every kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from sdst_runtime.manifest import CorrelationForm

__all__ = ["Correlate", "Kind", "windows"]

#: Of a template or a kernel and search features (N, C, H, W): the response (N, K, H', W').
Correlate: TypeAlias = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of correlation in all its spellings.

    Attributes:
        slow: of template features, by the definition. It specifies the others.
        batched: of template features, each pair of the batch on its own; for training.
        kernel_layout: from template features of batch 1 and the channels of the search features to the kernel, as
            ``sdst_runtime.manifest.Correlation`` has it.
        forms: of that kernel, as the export spells it. ``conv``: one Conv node; ``taps``: a slice, a product and a sum
            per kernel cell; ``matmul``: the windows as columns, and one MatMul.
    """

    slow: Correlate
    batched: Correlate
    kernel_layout: Callable[[Tensor, int], Tensor]
    forms: Mapping[CorrelationForm, Correlate]


def windows(kernel: Tensor, search: Tensor) -> Iterator[Tensor]:
    """For each cell of a kernel, row by row, the part of the search features that it meets.

    Args:
        kernel: (K, C, h, w).
        search: (N, C, H, W).

    Yields:
        (N, C, H - h + 1, W - w + 1).
    """
    height, width = kernel.shape[2:]
    rows, columns = search.shape[2] - height + 1, search.shape[3] - width + 1
    for row in range(height):
        band = search[:, :, row : row + rows]
        for column in range(width):
            yield band[:, :, :, column : column + columns]
