"""Inverted residual blocks, and trunks to stride 16 that are made of nothing else.

Sandler et al., MobileNetV2, 2018, figure 3d; with squeeze-and-excitation Tan et al., MnasNet, 2019, figure 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from sdst_edge.models.layers import ActivationName, ConvNorm, SqueezeExcite, activation
from sdst_edge.models.scaling import Scaling

__all__ = ["Block", "InvertedResidual", "Stage", "inverted_residual_trunk"]

STEM_CHANNELS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What one block is like.

    Attributes:
        kernel: side of the depthwise kernel, cells.
        expanded: channels of the depthwise convolution; None leaves out the first 1x1.
        channels: of the output.
        act: the activation of the first two convolutions.
        squeeze: hidden channels of the squeeze-and-excitation, 0 for none.
        excites_first: whether that stands before the depthwise convolution's activation, not after it.
        stride: of the depthwise convolution, cells.
        dilation: likewise.
        padding: likewise, see :class:`ConvNorm`.
        bias: whether convolutions have one besides their norm.
    """

    kernel: int
    expanded: int | None
    channels: int
    act: ActivationName
    squeeze: int = 0
    excites_first: bool = False
    stride: int = 1
    dilation: int = 1
    padding: int | None = None
    bias: bool = False


class InvertedResidual(nn.Module):
    """Expand (1x1), depthwise, squeeze-and-excitation, project (1x1), and the input added where shapes agree."""

    def __init__(self, channels_in: int, block: Block) -> None:
        super().__init__()
        act, bias = block.act, block.bias
        wide = block.expanded or channels_in
        self.expand = ConvNorm(channels_in, wide, bias=bias, act=act) if block.expanded else nn.Identity()
        self.depthwise = ConvNorm(
            wide,
            wide,
            block.kernel,
            stride=block.stride,
            dilation=block.dilation,
            padding=block.padding,
            groups=wide,
            bias=bias,
            act="none" if block.excites_first else act,
        )
        self.excite = SqueezeExcite(wide, block.squeeze, "hard-sigmoid") if block.squeeze else nn.Identity()
        self.act = activation(act) if block.excites_first else nn.Identity()
        self.project = ConvNorm(wide, block.channels, bias=bias)
        self.has_shortcut = block.stride == 1 and channels_in == block.channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels, H', W'); rounded-up H / stride where padding is None."""
        y: Tensor = self.project(self.act(self.excite(self.depthwise(self.expand(x)))))
        return x + y if self.has_shortcut else y


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of equal output channels.

    Attributes:
        channels: of each block's output.
        stride: of the first block; the others keep the size.
        blocks: kernel side (cells) and expansion of each: channels of the depthwise convolution over those of the
            block's input; 1 leaves out the first 1x1.
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
        act: see :class:`Block`.
        excites: whether blocks have a squeeze-and-excitation, of a quarter of the channels.
        bias: see :class:`Block`.
    """
    before = scaling.channels(STEM_CHANNELS)
    layers: list[nn.Module] = [ConvNorm(3, before, 3, stride=2, bias=bias, act=act)]
    for stage in stages:
        channels = scaling.channels(stage.channels)
        for i, (kernel, expansion) in enumerate(scaling.layers(stage.blocks)):
            wide = before * expansion
            block = Block(
                kernel=kernel,
                expanded=wide if expansion > 1 else None,
                channels=channels,
                act=act,
                squeeze=_quarter(wide) if excites else 0,
                stride=stage.stride if i == 0 else 1,
                bias=bias,
            )
            layers.append(InvertedResidual(before, block))
            before = channels
    return nn.Sequential(*layers)


def _quarter(channels: int) -> int:
    """The multiple of 8 that is next to a quarter, at least 8."""
    return max(8, (channels // 4 + 4) // 8 * 8)
