"""sdst-nano, our first student: plain 3x3 convolutions, one pixelwise correlation, two short branches.

Only convolutions, ReLU, additions while training, and one exp at the end: it folds to a straight chain that every
engine runs well and that quantises without special cases.

Coordinates. The points are symmetric about the search centre: cell i lies at ``(i - 7.5) * 16`` network px. The crop
takes the centre ``x + w / 2`` of a box as it is, pysot's rounding puts the crop's middle on average half an image
pixel up and left of it, for template and search alike. Training cuts its patches with the same crop and measures
its targets from the unrounded centre, so the network learns that offset; ``init_center_offset_px`` is 0 and a
motionless target stays put.
"""

from __future__ import annotations

import math

from torch import nn

from sdst_edge.models.composed import Branch, ComposedTracker, Exp, Matcher
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.registry import family
from sdst_edge.models.repconv import RepConv
from sdst_runtime.config import CropRule, Normalization, TrackerConfig
from sdst_runtime.errors import ConfigError

__all__ = ["sdst_nano"]

STRIDE = 16
TEMPLATE_SIZE = 128
SEARCH_SIZE = 256
CELLS = SEARCH_SIZE // STRIDE
TEMPLATE_CELLS = (TEMPLATE_SIZE // STRIDE) ** 2  # channels of the response
PRIOR_SCORE = 0.02  # of every cell at the start of training: about 5 of 256 cells lie on a target
PRIOR_SIDE_PX = TEMPLATE_SIZE / 4  # a box's half side in the search crop: context doubles sqrt(w h)

CONFIG = TrackerConfig(
    template_size=TEMPLATE_SIZE,
    search_size=SEARCH_SIZE,
    response_size=CELLS,
    stride_px=STRIDE,
    score_kind="logit",
    point_origin_px=-(CELLS - 1) / 2 * STRIDE,
    window_influence=0.40,
    penalty_k=0.10,
    size_lr=0.35,
    init_center_offset_px=0.0,
    crop=CropRule(context="square", context_amount=0.5, search_scale=SEARCH_SIZE / TEMPLATE_SIZE),
    normalization=Normalization(channel_order="bgr", mean=(127.5, 127.5, 127.5), std=(64.0, 64.0, 64.0)),
)


@family("sdst-nano", title="sdst-nano")
def sdst_nano(width: float = 1.0) -> ComposedTracker:
    """The student.

    Args:
        width: channel multiplier, 0.25..4; channels are rounded to multiples of 8.

    Raises:
        ConfigError: width is no number in that range.
    """
    if isinstance(width, bool) or not isinstance(width, (int, float)) or not 0.25 <= width <= 4:
        raise ConfigError(f"sdst-nano: width is {width!r}, expected a number in [0.25, 4]")

    def channels(base: int) -> int:
        return max(8, round(base * width / 8) * 8)

    a, b, c, d = channels(16), channels(16), channels(32), channels(64)
    trunk = nn.Sequential(
        ConvNorm(3, a, 3, stride=2, act="relu"),
        RepConv(a, b, stride=2),
        RepConv(b, c, stride=2),
        RepConv(c, d, stride=2),
        RepConv(d, d),
    )
    matcher = Matcher(
        "pixelwise",
        kernel=ConvNorm(d, d),
        search=ConvNorm(d, d),
        after=ConvNorm(TEMPLATE_CELLS, d, act="relu"),
    )
    return ComposedTracker(
        CONFIG,
        trunk=trunk,
        matchers={"shared": matcher},
        branches={
            "score": _branch(d, c, outputs=1, prior=math.log(PRIOR_SCORE / (1 - PRIOR_SCORE))),
            "ltrb": _branch(d, c, outputs=4, prior=math.log(PRIOR_SIDE_PX), transform=Exp()),
        },
    )


def _branch(
    channels_in: int, channels: int, *, outputs: int, prior: float, transform: nn.Module | None = None
) -> Branch:
    predict = nn.Conv2d(channels, outputs, 1)
    nn.init.normal_(predict.weight, std=0.01)
    nn.init.constant_(predict.bias, prior)  # type: ignore[arg-type]
    tower = nn.Sequential(ConvNorm(channels_in, channels, act="relu"), RepConv(channels, channels))
    return Branch(["shared"], tower, predict, transform)
