"""ResNet-50 that stays at stride 8, as PySOT trains it: dilation in place of the last two strides.

He et al., Deep Residual Learning, 2016, table 1; Li et al., SiamRPN++, 2019, section 3.2. Convolutions that halve a
map pad nothing, so that 127 px become 15 cells and 255 px 31, each centred on the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sdst_edge.models.base import Maps
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.scaling import Scaling

__all__ = ["ResNet50"]

EXPANSION = 4  # output channels of a block over those of its 3x3
STEM_CHANNELS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Blocks of equal width.

    Attributes:
        channels: of the 3x3 convolutions.
        blocks: how many.
        stride: of the first block.
        dilation: of the 3x3 convolutions, cells; the first block has half of it.
    """

    channels: int
    blocks: int
    stride: int = 1
    dilation: int = 1


STAGES = (
    Stage(channels=64, blocks=3),
    Stage(channels=128, blocks=4, stride=2),
    Stage(channels=256, blocks=6, dilation=2),
    Stage(channels=512, blocks=3, dilation=4),
)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1, and the input added.

    Args:
        channels_in: of the input.
        channels: of the 3x3 convolution.
        stride: of the 3x3 convolution.
        dilation: likewise, cells.
        shortcut: side of the kernel of the convolution on the input, which has that stride and dilation too; 0 for
            none.
    """

    def __init__(
        self, channels_in: int, channels: int, *, stride: int = 1, dilation: int = 1, shortcut: int = 0
    ) -> None:
        super().__init__()

        def spatial(channels_in: int, channels_out: int, kernel: int) -> ConvNorm:
            padding = 0 if stride > 1 else None
            return ConvNorm(channels_in, channels_out, kernel, stride=stride, dilation=dilation, padding=padding)

        self.reduce = ConvNorm(channels_in, channels, act="relu")
        self.spatial = spatial(channels, channels, 3)
        self.expand = ConvNorm(channels, EXPANSION * channels)
        self.shortcut = spatial(channels_in, EXPANSION * channels, shortcut) if shortcut else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, 4 channels, H', W')."""
        y: Tensor = self.expand(torch.relu(self.spatial(self.reduce(x))))
        return torch.relu(y + self.shortcut(x))


class ResNet50(nn.Module):
    """Stem and stages.

    Args:
        stages: how many of the four.
        scaling: of the channels, and of the number of blocks in a stage.

    Attributes:
        channels: of each feature map.
    """

    def __init__(self, stages: int, scaling: Scaling) -> None:
        super().__init__()
        stem = scaling.channels(STEM_CHANNELS)
        self.stem = ConvNorm(3, stem, 7, stride=2, padding=0, act="relu")
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        self.channels = (stem, *(EXPANSION * scaling.channels(stage.channels) for stage in STAGES[:stages]))
        self.stages = nn.ModuleList(
            _layers(channels_in, stage, scaling)
            for channels_in, stage in zip(self.channels, STAGES[:stages], strict=False)
        )

    def forward(self, pixels: Tensor) -> Maps:
        """Pixels (B, 3, H, W) to the feature maps of stem and stages, at strides 2, 4, 8, 8 and 8."""
        stem = self.stem(pixels)
        maps = [stem, self.pool(stem)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return (stem, *maps[2:])


def _layers(channels_in: int, stage: Stage, scaling: Scaling) -> nn.Sequential:
    channels = scaling.channels(stage.channels)
    keeps_grid = stage.stride == stage.dilation == 1
    first = Bottleneck(
        channels_in,
        channels,
        stride=stage.stride,
        dilation=max(1, stage.dilation // 2),
        shortcut=1 if keeps_grid else 3,
    )
    rest = scaling.repeats(stage.blocks) - 1
    return nn.Sequential(
        first, *(Bottleneck(EXPANSION * channels, channels, dilation=stage.dilation) for _ in range(rest))
    )
