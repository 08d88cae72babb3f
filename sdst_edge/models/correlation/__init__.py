"""Cross-correlations at the cut between template and search: one module per kind.

Each holds the plain version that specifies it, the fast one that trains, and the forms in which the export spells it.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional as F

from sdst_edge.models.correlation.depthwise import DEPTHWISE
from sdst_edge.models.correlation.full import FULL
from sdst_edge.models.correlation.kind import Kind
from sdst_edge.models.correlation.pixelwise import PIXELWISE
from sdst_edge.models.correlation.up_channel import UP_CHANNEL
from sdst_runtime.manifest import Correlation, CorrelationForm, CorrelationKind

__all__ = ["KINDS", "Kind", "correlate", "correlate_kernel", "kernel_layout"]

KINDS: Mapping[CorrelationKind, Kind] = {
    "full": FULL,
    "depthwise": DEPTHWISE,
    "up-channel": UP_CHANNEL,
    "pixelwise": PIXELWISE,
}


def correlate(correlation: Correlation, template: Tensor, search: Tensor) -> Tensor:
    """The response of template features on search features, whatever the kind.

    Args:
        correlation: its kind and padding.
        template: (B, C, h, w), of an up-channel correlation (B, K C, h, w). With B = 1 one template serves all search
            features of the batch.
        search: (B, C, H, W).

    Returns:
        (B, K, H', W'), with K as ``sdst_runtime.manifest.Correlation`` has it.
    """
    if template.shape[0] == 1:
        return correlate_kernel(correlation, kernel_layout(correlation, template, search.shape[1]), search)
    return KINDS[correlation.kind].batched(template, _padded(correlation, search))


def kernel_layout(correlation: Correlation, template: Tensor, channels: int) -> Tensor:
    """Template features of batch 1 as the kernel that a bundle keeps.

    Args:
        correlation: its kind.
        template: (1, C, h, w), of an up-channel correlation (1, K C, h, w).
        channels: of the search features, C.

    Returns:
        The kernel, of the shape that ``sdst_runtime.manifest.Correlation`` says.
    """
    return KINDS[correlation.kind].kernel_layout(template, channels)


def correlate_kernel(
    correlation: Correlation, kernel: Tensor, search: Tensor, form: CorrelationForm = "conv"
) -> Tensor:
    """The response of a kernel of :func:`kernel_layout` on search features (N, C, H, W).

    Args:
        correlation: its kind and padding.
        kernel: one for the whole batch.
        search: (N, C, H, W).
        form: how it is computed; the result is the same.
    """
    return KINDS[correlation.kind].forms[form](kernel, _padded(correlation, search))


def _padded(correlation: Correlation, search: Tensor) -> Tensor:
    """With zeros on each side; the export merges them into the Conv node that follows."""
    pad = correlation.padding
    return F.pad(search, (pad, pad, pad, pad)) if pad else search
