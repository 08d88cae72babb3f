"""MobileNetV2 of width 1.4 that stays at stride 8, as PySOT trains it: dilation in place of the last two strides.

Sandler et al., MobileNetV2, 2018, table 2. Convolutions that halve a map pad nothing, as in
:mod:`sdst_edge.models.trunks.resnet`.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from sdst_edge.models.base import Maps
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trunks.inverted_residual import Block, InvertedResidual

__all__ = ["MobileNetV2"]

STEM_CHANNELS = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Blocks of equal width.

    Attributes:
        channels: of their outputs.
        blocks: how many.
        expansion: channels of the depthwise convolutions over those of a block's input; 1 has the first 1x1, too.
        stride: of the first block.
        dilation: of the depthwise convolutions, cells.
        first_dilation: that of the first block.
    """

    channels: int
    blocks: int
    expansion: int = 6
    stride: int = 1
    dilation: int = 1
    first_dilation: int = 1


STAGES = (
    Stage(channels=22, blocks=1, expansion=1),
    Stage(channels=33, blocks=2, stride=2),
    Stage(channels=44, blocks=3, stride=2),
    Stage(channels=89, blocks=4, dilation=2),
    Stage(channels=134, blocks=3, dilation=2, first_dilation=2),
    Stage(channels=224, blocks=3, dilation=4, first_dilation=2),
    Stage(channels=448, blocks=1, dilation=4, first_dilation=4),
)


class MobileNetV2(nn.Module):
    """Stem and stages.

    Args:
        scaling: of the channels, and of the number of blocks in a stage.

    Attributes:
        channels: of each feature map.
    """

    def __init__(self, scaling: Scaling) -> None:
        super().__init__()
        stem = scaling.channels(STEM_CHANNELS)
        self.stem = ConvNorm(3, stem, 3, stride=2, padding=0, act="relu6")
        self.channels = (stem, *(scaling.channels(stage.channels) for stage in STAGES))
        self.stages = nn.ModuleList(
            _layers(channels_in, stage, scaling) for channels_in, stage in zip(self.channels, STAGES, strict=False)
        )

    def forward(self, pixels: Tensor) -> Maps:
        """Pixels (B, 3, H, W) to the feature maps of stem and stages, at strides 2, 2, 4, and 8 from there on."""
        maps = [self.stem(pixels)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return tuple(maps)


def _layers(channels_in: int, stage: Stage, scaling: Scaling) -> nn.Sequential:
    channels, blocks = scaling.channels(stage.channels), []
    for i in range(scaling.repeats(stage.blocks)):
        before, stride, dilation = (
            (channels_in, stage.stride, stage.first_dilation) if i == 0 else (channels, 1, stage.dilation)
        )
        block = Block(
            kernel=3,
            expanded=before * stage.expansion,
            channels=channels,
            act="relu6",
            stride=stride,
            dilation=dilation,
            padding=0 if stride > 1 else None,
        )
        blocks.append(InvertedResidual(before, block))
    return nn.Sequential(*blocks)
