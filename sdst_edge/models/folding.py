"""From the form of a network that trains to the form that is exported."""

from __future__ import annotations

from torch import nn

from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.repconv import RepConv

__all__ = ["fold"]


def fold(model: nn.Module) -> None:
    """Puts a network into its deploy form, in place: eval mode, no batch norm, one convolution per RepConv.

    Outputs in eval mode stay. A folded network can be neither trained nor saved as a checkpoint.
    """
    model.eval()
    for module in list(model.modules()):
        if isinstance(module, ConvNorm | RepConv):
            module.fold()
