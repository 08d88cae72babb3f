"""NanoTrack v1, v2 and v3 (HonglinChu/SiamTrackers): MobileNetV3-small and a head of points.

Half-pixel habits of the original that the weights were trained with, and that the configurations declare: a target
starts at ``x + (w - 1) / 2`` (``init_center_offset_px``), pixels go in as they are, and the grid of the 16 x 16 maps
starts 128 px left of the search centre, so that it is not symmetric about it.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from sdst_edge.models.composed import Branch, ComposedTracker, Exp, Matcher
from sdst_edge.models.layers import ConvNorm, SqueezeExcite, separable
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.nanotrack_keys import V1, V2, V3
from sdst_edge.models.trunks.mobilenet_v3 import mobilenet_v3_small
from sdst_runtime.config import CropRule, TrackerConfig

__all__ = ["nanotrack_v1", "nanotrack_v2", "nanotrack_v3"]

TEMPLATE_CELLS = 8 * 8  # channels of a pixelwise response: cells of the template features


def _config(*, response_size: int, penalty_k: float, window_influence: float, size_lr: float) -> TrackerConfig:
    stride = 16
    return TrackerConfig(
        template_size=127,
        search_size=255,
        response_size=response_size,
        stride_px=stride,
        score_kind="softmax2",
        point_origin_px=-(response_size // 2) * stride,
        window_influence=window_influence,
        penalty_k=penalty_k,
        size_lr=size_lr,
        init_center_offset_px=-0.5,
        crop=CropRule(context="square", context_amount=0.5, search_scale=255 / 127),
    )


def _gate() -> SqueezeExcite:
    return SqueezeExcite(TEMPLATE_CELLS, TEMPLATE_CELLS, "sigmoid")


def _projection(channels: int) -> ConvNorm:
    return ConvNorm(channels, channels, bias=True)


def _tower(channels: int, kernels: tuple[int, ...]) -> nn.Sequential:
    widths = (TEMPLATE_CELLS,) + (channels,) * len(kernels)
    return nn.Sequential(
        *(separable(a, channels, k, activate="pointwise") for a, k in zip(widths, kernels, strict=False))
    )


@family("nanotrack-v1", title="NanoTrack v1", published=V1)
def nanotrack_v1(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """NanoTrack v1: one pixelwise correlation of the trunk's features feeds both branches."""
    scaling = Scaling(width, depth)
    score, ltrb = scaling.channels(128), scaling.channels(96)
    return ComposedTracker(
        _config(response_size=16, penalty_k=0.148, window_influence=0.462, size_lr=0.390),
        trunk=mobilenet_v3_small(stages=4, scaling=scaling),
        matchers={"shared": Matcher("pixelwise", after=_gate())},
        branches={
            "score": Branch(["shared"], _tower(score, scaling.layers((5, 5, 3))), nn.Conv2d(score, 2, 1)),
            "ltrb": Branch(["shared"], _tower(ltrb, scaling.layers((3, 3, 5, 5))), nn.Conv2d(ltrb, 4, 1), Exp()),
        },
    )


@family("nanotrack-v2", title="NanoTrack v2", published=V2)
def nanotrack_v2(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """NanoTrack v2: a pixelwise correlation of projected features for each branch."""
    scaling = Scaling(width, depth)
    features, hidden = scaling.channels(48), scaling.channels(96)

    def matcher() -> Matcher:
        return Matcher("pixelwise", kernel=_projection(features), search=_projection(features), after=_gate())

    def branch(name: str, outputs: int, transform: nn.Module | None = None) -> Branch:
        tower = _tower(hidden, (3,) * scaling.repeats(6))
        return Branch([name], tower, nn.Conv2d(hidden, outputs, 1), transform)

    return ComposedTracker(
        _config(response_size=16, penalty_k=0.150, window_influence=0.490, size_lr=0.385),
        trunk=mobilenet_v3_small(stages=4, scaling=scaling),
        matchers={"score": matcher(), "ltrb": matcher()},
        branches={"score": branch("score", 2), "ltrb": branch("ltrb", 4, Exp())},
    )


@family("nanotrack-v3", title="NanoTrack v3", published=V3)
def nanotrack_v3(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """NanoTrack v3: a pixelwise and a depthwise correlation for each branch, their responses concatenated.

    The depthwise kernel is the middle 4 x 4 of the template; with padding 1 its response is 15 x 15. A 2 x 2
    convolution brings the pixelwise response from 16 x 16 to that size.
    """
    scaling = Scaling(width, depth)
    channels, cells = scaling.channels(96), TEMPLATE_CELLS

    def pixelwise() -> Matcher:
        shrink = separable(cells, cells, 2, activate="depthwise", padding=0, pointwise_bias=True)
        after = nn.Sequential(OrderedDict(gate=_gate(), shrink=shrink))
        return Matcher("pixelwise", kernel=_projection(channels), search=_projection(channels), after=after)

    def depthwise() -> Matcher:
        return Matcher("depthwise", padding=1, center=4, kernel=_projection(channels), search=_projection(channels))

    def branch(name: str, outputs: int, transform: nn.Module | None = None) -> Branch:
        reduce = nn.Conv2d(cells + channels, channels, 1)
        layers = (separable(channels, channels, 3, activate="depthwise") for _ in range(scaling.repeats(6)))
        reads = [f"{name}_pixelwise", f"{name}_depthwise"]
        return Branch(reads, nn.Sequential(reduce, *layers), nn.Conv2d(channels, outputs, 1), transform)

    return ComposedTracker(
        _config(response_size=15, penalty_k=0.138, window_influence=0.455, size_lr=0.348),
        trunk=mobilenet_v3_small(stages=5, scaling=scaling),
        matchers={
            "score_pixelwise": pixelwise(),
            "score_depthwise": depthwise(),
            "ltrb_pixelwise": pixelwise(),
            "ltrb_depthwise": depthwise(),
        },
        branches={"score": branch("score", 2), "ltrb": branch("ltrb", 4, Exp())},
    )
