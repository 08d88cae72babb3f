"""Layers that trunks and heads are composed of."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["ActivationName", "Concatenated", "ConvNorm", "Crop", "Scale", "SqueezeExcite", "activation", "separable"]

ActivationName = Literal["none", "relu", "relu6", "silu", "hard-swish", "hard-sigmoid", "sigmoid"]


def activation(name: ActivationName) -> nn.Module:
    """The activation of that name; ``none`` is the identity."""
    layers: dict[ActivationName, type[nn.Module]] = {
        "none": nn.Identity,
        "relu": nn.ReLU,
        "relu6": nn.ReLU6,
        "silu": nn.SiLU,
        "hard-swish": nn.Hardswish,
        "hard-sigmoid": nn.Hardsigmoid,
        "sigmoid": nn.Sigmoid,
    }
    return layers[name]()


class ConvNorm(nn.Module):
    """A convolution, batch norm and an activation; :meth:`fold` merges the first two.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        kernel: side of the kernel, cells; or its height and width.
        stride: cells.
        dilation: cells from one element of the kernel to the next.
        groups: of the convolution; ``channels_in`` makes it depthwise.
        padding: cells of zeros on each side; None keeps the size of an odd kernel at stride 1.
        bias: whether the convolution has one; without a norm it often should.
        norm: whether a batch norm follows.
        act: the activation at the end.
        norm_eps: added to the variance.
        norm_momentum: share of a training batch in the running statistics.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int | tuple[int, int] = 1,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        padding: int | None = None,
        bias: bool = False,
        norm: bool = True,
        act: ActivationName = "none",
        norm_eps: float = 1e-5,
        norm_momentum: float = 0.1,
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        pad = (dilation * (height // 2), dilation * (width // 2)) if padding is None else (padding, padding)
        self.conv = nn.Conv2d(channels_in, channels_out, (height, width), stride, pad, dilation, groups, bias)
        self.norm: nn.Module = nn.BatchNorm2d(channels_out, norm_eps, norm_momentum) if norm else nn.Identity()
        self.act = activation(act)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, H', W')."""
        result: Tensor = self.act(self.norm(self.conv(x)))
        return result

    def fold(self) -> None:
        """Merges the batch norm, with its running statistics, into the convolution. Outputs in eval mode stay."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()


class SqueezeExcite(nn.Module):
    """Channels scaled by a gate that looks at their means (Hu et al., Squeeze-and-Excitation Networks, eq. 2-4).

    Args:
        channels: of input and output.
        hidden: channels between the two fully connected layers, which are held as 1x1 convolutions.
        gate: the activation that makes the scale.
    """

    def __init__(self, channels: int, hidden: int, gate: ActivationName) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.excite = nn.Conv2d(hidden, channels, 1)
        self.gate = activation(gate)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) to the same shape."""
        mean = F.adaptive_avg_pool2d(x, 1)  # (B, C, 1, 1)
        scale: Tensor = self.gate(self.excite(torch.relu(self.squeeze(mean))))
        return x * scale


class Concatenated(nn.Module):
    """Layers side by side on one input; their channels are concatenated in the order in which they are given."""

    def __init__(self, **layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleDict(layers)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the sum of the layers' channels, at the size that they share."""
        return torch.cat([layer(x) for layer in self.layers.values()], dim=1)


class Crop(nn.Module):
    """The middle of a map, without ``cells`` on each side."""

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.cells = cells

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H - 2 cells, W - 2 cells)."""
        height, width = x.shape[2:]
        return x[:, :, self.cells : height - self.cells, self.cells : width - self.cells]


class Scale(nn.Module):
    """A constant factor on a map, where a published head has one behind its last convolution."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return x * self.factor


def separable(
    channels_in: int,
    channels_out: int,
    kernel: int,
    *,
    activate: Literal["depthwise", "pointwise"],
    act: ActivationName = "relu6",
    padding: int | None = None,
    depthwise_bias: bool = False,
    pointwise_bias: bool = False,
) -> nn.Sequential:
    """A depthwise convolution and a pointwise one, with one activation.

    Args:
        channels_in: of the input and the depthwise convolution.
        channels_out: of the pointwise convolution.
        kernel: side of the depthwise kernel, cells.
        activate: which of the two is followed by the activation; the depthwise one has a norm only where it is.
        act: the activation.
        padding: of the depthwise convolution, see :class:`ConvNorm`.
        depthwise_bias: whether the depthwise convolution has a bias.
        pointwise_bias: whether the pointwise convolution has a bias besides its norm.
    """
    first = activate == "depthwise"
    depthwise = ConvNorm(
        channels_in,
        channels_in,
        kernel,
        groups=channels_in,
        padding=padding,
        bias=depthwise_bias,
        norm=first,
        act=act if first else "none",
    )
    pointwise = ConvNorm(channels_in, channels_out, bias=pointwise_bias, act="none" if first else act)
    return nn.Sequential(OrderedDict(depthwise=depthwise, pointwise=pointwise))
