"""A 3x3 convolution that is several branches while it trains and one convolution once it is folded.

Ding et al., RepVGG: Making VGG-style ConvNets Great Again, 2021, section 3.
"""

from __future__ import annotations

import math

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

    def become_identity(self, before: RepConv) -> None:
        """Makes it return what it is given, in eval mode exactly and in training mode about so.

        The branches with kernels are silent at first; the norm of the identity branch takes away and gives back the
        mean and variance that a ReLU leaves of normal distributions.

        Args:
            before: whose output it is given, perhaps through others that have become the identity.
        """
        assert isinstance(self.identity, nn.BatchNorm2d)
        norms = [module for module in before.modules() if isinstance(module, nn.BatchNorm2d)]
        with torch.no_grad():
            mean = torch.stack([norm.bias for norm in norms]).sum(dim=0)  # (C,) before the ReLU
            std = torch.stack([norm.weight for norm in norms]).norm(dim=0).clamp(min=1e-3)
            above = torch.special.ndtr(mean / std)  # share of values that the ReLU lets through
            density = torch.exp(-0.5 * (mean / std) ** 2) / math.sqrt(2 * math.pi)
            after = mean * above + std * density
            variance = ((mean**2 + std**2) * above + mean * std * density - after**2).clamp(min=1e-6)
            for branch in (self.square, self.point):
                assert isinstance(branch, ConvNorm)
                assert isinstance(branch.norm, nn.BatchNorm2d)
                nn.init.zeros_(branch.norm.weight)
                nn.init.zeros_(branch.norm.bias)
            self.identity.load_state_dict(
                {
                    "running_mean": after,
                    "running_var": variance,
                    "weight": (variance + self.identity.eps).sqrt(),
                    "bias": after,
                },
                strict=False,  # the count of batches stays
            )

    def _identity_convolution(self) -> nn.Conv2d | None:
        """The identity branch as a 1x1 convolution with bias."""
        if not isinstance(self.identity, nn.BatchNorm2d):
            return None
        channels = self.identity.num_features
        unit = nn.Conv2d(channels, channels, 1, bias=False).to(self.identity.weight).eval()
        with torch.no_grad():
            unit.weight.copy_(torch.eye(channels)[:, :, None, None])  # (C, C, 1, 1)
        return fuse_conv_bn_eval(unit, self.identity.eval())
