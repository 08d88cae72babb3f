"""MobileNetV3-small, cut at stride 16: the trunk of the NanoTrack families.

Howard et al., Searching for MobileNetV3, 2019, table 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, nn

from sdst_edge.models.layers import ActivationName, ConvNorm, SqueezeExcite, activation
from sdst_edge.models.scaling import Scaling

__all__ = ["Block", "InvertedResidual", "mobilenet_v3_small"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One row of the paper's table.

    Attributes:
        kernel: side of the depthwise kernel, cells.
        expanded: channels of the depthwise convolution.
        channels: of the output.
        squeeze: hidden channels of the squeeze-and-excitation, 0 for none.
        act: the activation.
        stride: of the depthwise convolution.
    """

    kernel: int
    expanded: int
    channels: int
    squeeze: int
    act: ActivationName
    stride: int = 1


#: The table, grouped by the number of output channels: what :class:`Scaling` repeats.
STAGES = (
    (Block(kernel=3, expanded=16, channels=16, squeeze=8, act="relu", stride=2),),
    (
        Block(kernel=3, expanded=72, channels=24, squeeze=0, act="relu", stride=2),
        Block(kernel=3, expanded=88, channels=24, squeeze=0, act="relu"),
    ),
    (
        Block(kernel=5, expanded=96, channels=40, squeeze=24, act="hard-swish", stride=2),
        Block(kernel=5, expanded=240, channels=40, squeeze=64, act="hard-swish"),
        Block(kernel=5, expanded=240, channels=40, squeeze=64, act="hard-swish"),
    ),
    (
        Block(kernel=5, expanded=120, channels=48, squeeze=32, act="hard-swish"),
        Block(kernel=5, expanded=144, channels=48, squeeze=40, act="hard-swish"),
    ),
    (Block(kernel=5, expanded=288, channels=96, squeeze=72, act="hard-swish"),),  # stride 2 in the paper
)
STEM_CHANNELS = 16


class InvertedResidual(nn.Module):
    """Expand (1x1), depthwise, squeeze-and-excitation, project (1x1), and the input added where shapes agree.

    A block that does not expand activates before its squeeze-and-excitation, the others after it.
    """

    def __init__(self, channels_in: int, block: Block) -> None:
        super().__init__()
        wide = block.expanded
        self.expand: nn.Module = ConvNorm(channels_in, wide, act=block.act) if wide != channels_in else nn.Identity()
        self.depthwise = ConvNorm(wide, wide, block.kernel, stride=block.stride, groups=wide)
        self.excite: nn.Module = SqueezeExcite(wide, block.squeeze, "hard-sigmoid") if block.squeeze else nn.Identity()
        self.act = activation(block.act)
        self.project = ConvNorm(wide, block.channels)
        self.activates_first = wide == channels_in
        self.has_shortcut = block.stride == 1 and channels_in == block.channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels, ceil(H / stride), ceil(W / stride))."""
        y: Tensor = self.depthwise(self.expand(x))
        y = self.excite(self.act(y)) if self.activates_first else self.act(self.excite(y))
        y = self.project(y)
        return x + y if self.has_shortcut else y


def mobilenet_v3_small(stages: int, scaling: Scaling) -> nn.Sequential:
    """The stem and the first ``stages`` stages: (B, 3, H, W) to (B, C, H / 16, W / 16), rounded up.

    Args:
        stages: 4 end at 48 channels, 5 at 96.
        scaling: of the channels, and of the number of blocks in a stage.
    """
    channels = scaling.channels(STEM_CHANNELS)
    layers: list[nn.Module] = [ConvNorm(3, channels, 3, stride=2, act="hard-swish")]
    for stage in STAGES[:stages]:
        for block in scaling.layers(stage):
            scaled = _scaled(block, scaling)
            layers.append(InvertedResidual(channels, scaled))
            channels = scaled.channels
    return nn.Sequential(*layers)


def _scaled(block: Block, scaling: Scaling) -> Block:
    return replace(
        block,
        expanded=scaling.channels(block.expanded),
        channels=scaling.channels(block.channels),
        squeeze=scaling.channels(block.squeeze) if block.squeeze else 0,
    )
