"""FEAR-XS (PinataFarms/FEARTracker): FBNet-C, and two pixelwise correlations whose branches also read the search.

Template features go into both correlations as they are; the search features through a separable convolution each.

The tracker crops each axis by its own side of the box, and takes the new size as it is. Penalty and window are those
of the authors' configuration, which their tracker leaves out unless told to smooth; without either it takes the best
cell. Two habits of theirs are left out: boxes are whole pixels, and cut at the frame's edges.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.layers import ConvNorm, Scale, separable
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.fear_keys import RELEASED
from sdst_edge.models.trackers.imagenet import IMAGENET_RGB
from sdst_edge.models.trunks import fbnet
from sdst_runtime.config import CropRule, TrackerConfig

__all__ = ["SCORE_FACTOR", "ExpOfScaled", "fear_xs"]

STRIDE = 16
TEMPLATE_CELLS = 8 * 8  # channels of a pixelwise response
CHANNELS = 256
SCORE_FACTOR = 0.1
TEMPLATE_CONTEXT = 0.2  # of the box, on each side
SEARCH_CONTEXT = 2.0

CONFIG = TrackerConfig(
    template_size=128,
    search_size=256,
    response_size=16,
    stride_px=STRIDE,
    score_kind="logit",
    point_origin_px=-8 * STRIDE,
    window_influence=0.38,
    penalty_k=0.062,
    size_lr=0.765,
    size_smoothing="none",
    min_side_px=3,
    crop=CropRule(
        context="rectangular",
        context_amount=TEMPLATE_CONTEXT,
        search_scale=(1 + 2 * SEARCH_CONTEXT) / (1 + 2 * TEMPLATE_CONTEXT),
        rounding="fear",
        border="frame-mean-rounded",
    ),
    normalization=IMAGENET_RGB,
)


class ExpOfScaled(nn.Module):
    """Distances from a map: ``exp(scale x + bias)``, with a learned scale for all sides and a bias for each."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), 0.1))
        self.bias = nn.Parameter(torch.ones(1, 4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 4, H, W) to the same shape."""
        return torch.exp(self.scale * x + self.bias)


@family("fear-xs", title="FEAR-XS", published=RELEASED)
def fear_xs(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The network. Options as in :class:`Scaling`."""
    scaling = Scaling(width, depth)
    channels = scaling.channels(CHANNELS)
    neck = ConvNorm(scaling.channels(fbnet.CHANNELS), channels)

    def layer(channels_in: int, *, bias: bool = True) -> nn.Module:
        return separable(
            channels_in, channels, 3, activate="pointwise", act="relu", depthwise_bias=bias, pointwise_bias=bias
        )

    def matcher() -> Matcher:
        search, after = layer(channels, bias=False), layer(channels + TEMPLATE_CELLS)
        return Matcher("pixelwise", search=search, after=after, joins_search=True)

    def branch(name: str, outputs: int, transform: nn.Module) -> Branch:
        depthwise = ConvNorm(channels, channels, 3, groups=channels, bias=True, norm=False)
        tower = nn.Sequential(*(layer(channels) for _ in range(scaling.repeats(2))), depthwise)
        return Branch([name], tower, nn.Conv2d(channels, outputs, 1), transform)

    model = ComposedTracker(
        CONFIG,
        trunk=nn.Sequential(OrderedDict(stages=fbnet.fbnet_c(scaling), neck=neck)),
        matchers={"score": matcher(), "ltrb": matcher()},
        branches={"score": branch("score", 1, Scale(SCORE_FACTOR)), "ltrb": branch("ltrb", 4, ExpOfScaled())},
    )
    model.correlation_form = "matmul"
    return model
