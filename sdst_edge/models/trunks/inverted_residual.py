"""Inverted residual blocks, and trunks to stride 16 that are made of nothing else.

Sandler et al., MobileNetV2, 2018, figure 3d; with squeeze-and-excitation Tan et al., MnasNet, 2019, figure 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from sdst_edge.models.layers import ActivationName, ConvNorm, SqueezeExcite
from sdst_edge.models.scaling import Scaling

__all__ = ["InvertedResidual", "Stage", "inverted_residual_trunk"]

STEM_CHANNELS = 16


class InvertedResidual(nn.Module):
    """Expand (1x1), depthwise, squeeze-and-excitation, project (1x1), and the input added where shapes agree.

    Args:
        channels_in: of the input.
        channels_out: of the output.
        kernel: side of the depthwise kernel, cells.
        expansion: channels of the depthwise convolution over ``channels_in``; 1 leaves out the first 1x1.
        stride: of the depthwise convolution.
        act: the activation after the first two convolutions.
        excites: whether there is a squeeze-and-excitation, after the activation.
        bias: whether convolutions have one besides their norm.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: int,
        expansion: int,
        stride: int,
        act: ActivationName,
        excites: bool = False,
        bias: bool = False,
    ) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expand = ConvNorm(channels_in, wide, bias=bias, act=act) if expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(wide, wide, kernel, stride=stride, groups=wide, bias=bias, act=act)
        self.excite = SqueezeExcite(wide, _quarter(wide), "hard-sigmoid") if excites else nn.Identity()
        self.project = ConvNorm(wide, channels_out, bias=bias)
        self.has_shortcut = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, ceil(H / stride), ceil(W / stride))."""
        y: Tensor = self.project(self.excite(self.depthwise(self.expand(x))))
        return x + y if self.has_shortcut else y


def _quarter(channels: int) -> int:
    """The multiple of 8 that is next to a quarter, at least 8."""
    return max(8, (channels // 4 + 4) // 8 * 8)


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of equal output channels.

    Attributes:
        channels: of each block's output.
        stride: of the first block; the others keep the size.
        blocks: kernel side (cells) and expansion of each.
    """

    channels: int
    stride: int
    blocks: tuple[tuple[int, int], ...]


def inverted_residual_trunk(
    stages: Sequence[Stage], scaling: Scaling, *, act: ActivationName, excites: bool = False, bias: bool = False
) -> nn.Sequential:
    """A 3x3 stem of stride 2 and the blocks of all stages in one list.

    Args:
        stages: in their order; at depth > 1 each repeats its last block, at depth < 1 it lacks its last ones.
        scaling: of channels and of the number of blocks.
        act: as in :class:`InvertedResidual`.
        excites: likewise.
        bias: likewise.
    """
    channels = scaling.channels(STEM_CHANNELS)
    layers: list[nn.Module] = [ConvNorm(3, channels, 3, stride=2, bias=bias, act=act)]
    for stage in stages:
        for i, (kernel, expansion) in enumerate(scaling.layers(stage.blocks)):
            channels_out = scaling.channels(stage.channels)
            stride = stage.stride if i == 0 else 1
            layers.append(
                InvertedResidual(
                    channels,
                    channels_out,
                    kernel=kernel,
                    expansion=expansion,
                    stride=stride,
                    act=act,
                    excites=excites,
                    bias=bias,
                )
            )
            channels = channels_out
    return nn.Sequential(*layers)
