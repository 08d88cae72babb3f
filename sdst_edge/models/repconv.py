"""A 3x3 convolution that is several branches while it trains and one convolution once it is folded.

Ding et al., RepVGG: Making VGG-style ConvNets Great Again, 2021, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sdst_edge.models.layers import ConvNorm

__all__ = ["RepConv"]


class RepConv(nn.Module):
    """ReLU of the sum of a 3x3 branch, a 1x1 branch and, where shapes agree, an identity branch, each with its norm.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        stride: cells.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.square: nn.Module = ConvNorm(channels_in, channels_out, 3, stride=stride)
        self.point: nn.Module | None = ConvNorm(channels_in, channels_out, 1, stride=stride)
        keeps_shape = stride == 1 and channels_in == channels_out
        self.identity: nn.Module | None = nn.BatchNorm2d(channels_out) if keeps_shape else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, ceil(H / stride), ceil(W / stride))."""
        total: Tensor = self.square(x)
        for branch in (self.point, self.identity):
            if branch is not None:
                total = total + branch(x)
        return torch.relu(total)

    def fold(self) -> None:
        """Merges all branches into one 3x3 convolution with bias. Outputs in eval mode stay."""
        if not isinstance(self.square, ConvNorm) or not isinstance(self.point, ConvNorm):
            return
        self.square.fold()
        self.point.fold()
        merged = self.square.conv
        with torch.no_grad():
            for branch in (self.point.conv, self._identity_convolution()):
                if branch is not None and branch.bias is not None and merged.bias is not None:
                    merged.weight += F.pad(branch.weight, (1, 1, 1, 1))  # (O, I, 1, 1) to (O, I, 3, 3)
                    merged.bias += branch.bias
        self.square, self.point, self.identity = merged, None, None

    def _identity_convolution(self) -> nn.Conv2d | None:
        """The identity branch as a 1x1 convolution with bias."""
        if not isinstance(self.identity, nn.BatchNorm2d):
            return None
        channels = self.identity.num_features
        unit = nn.Conv2d(channels, channels, 1, bias=False).to(self.identity.weight).eval()
        with torch.no_grad():
            unit.weight.copy_(torch.eye(channels)[:, :, None, None])  # (C, C, 1, 1)
        return fuse_conv_bn_eval(unit, self.identity.eval())
