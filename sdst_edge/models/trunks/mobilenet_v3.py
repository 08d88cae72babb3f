"""MobileNetV3-small, cut at stride 16: the trunk of the NanoTrack families.

Howard et al., Searching for MobileNetV3, 2019, table 2.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch import nn

from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trunks.inverted_residual import Block, InvertedResidual

__all__ = ["mobilenet_v3_small"]

_late = partial(Block, kernel=5, act="hard-swish", excites_first=True)

#: The table, grouped by the number of output channels: what :class:`Scaling` repeats.
STAGES = (
    (Block(kernel=3, expanded=None, channels=16, squeeze=8, act="relu", stride=2),),
    (
        Block(kernel=3, expanded=72, channels=24, act="relu", stride=2),
        Block(kernel=3, expanded=88, channels=24, act="relu"),
    ),
    (
        _late(expanded=96, channels=40, squeeze=24, stride=2),
        _late(expanded=240, channels=40, squeeze=64),
        _late(expanded=240, channels=40, squeeze=64),
    ),
    (
        _late(expanded=120, channels=48, squeeze=32),
        _late(expanded=144, channels=48, squeeze=40),
    ),
    (_late(expanded=288, channels=96, squeeze=72),),  # stride 2 in the paper
)
STEM_CHANNELS = 16


def mobilenet_v3_small(stages: int, scaling: Scaling) -> nn.Sequential:
    """The stem and the first ``stages`` stages: (B, 3, H, W) to (B, C, H / 16, W / 16), rounded up.

    Args:
        stages: 4 end at 48 channels, 5 at 96.
        scaling: of the channels, and of the number of blocks in a stage.
    """
    channels = scaling.channels(STEM_CHANNELS)
    layers: list[nn.Module] = [ConvNorm(3, channels, 3, stride=2, act="hard-swish")]
    for stage in STAGES[:stages]:
        for i, block in enumerate(scaling.layers(stage)):
            scaled = _scaled(block if i == 0 else replace(block, stride=1), scaling)
            layers.append(InvertedResidual(channels, scaled))
            channels = scaled.channels
    return nn.Sequential(*layers)


def _scaled(block: Block, scaling: Scaling) -> Block:
    return replace(
        block,
        expanded=scaling.channels(block.expanded) if block.expanded else None,
        channels=scaling.channels(block.channels),
        squeeze=scaling.channels(block.squeeze) if block.squeeze else 0,
    )
