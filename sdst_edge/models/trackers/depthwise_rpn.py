"""The anchor head that PySOT's trackers share: depthwise correlation, and anchors of five aspect ratios per cell.

Li et al., SiamRPN++, 2019, section 3.3; constants as in STVIR/pysot.
"""

from __future__ import annotations

from torch import nn

from sdst_edge.models.composed import Branch, Matcher
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.trackers.anchors import ANCHORS, FOUND_SCORE
from sdst_runtime.config import CropRule, TrackerConfig

__all__ = ["depthwise_matcher", "depthwise_rpn_config", "prediction"]


def depthwise_rpn_config(
    *, search_size: int, response_size: int, penalty_k: float, window_influence: float, size_lr: float
) -> TrackerConfig:
    """PySOT's tracker with the numbers in which its families differ; see :class:`TrackerConfig` for them.

    A target starts at ``x + (w - 1) / 2``, pixels go in as they are, and the middle cell's anchors stand on the centre
    of the search input.
    """
    template_size, stride = 127, 8
    return TrackerConfig(
        template_size=template_size,
        search_size=search_size,
        response_size=response_size,
        stride_px=stride,
        score_kind="softmax2",
        point_origin_px=-(response_size // 2) * stride,
        window_influence=window_influence,
        penalty_k=penalty_k,
        size_lr=size_lr,
        init_center_offset_px=-0.5,
        found_threshold=FOUND_SCORE,
        anchors=ANCHORS,
        crop=CropRule(search_scale=search_size / template_size),
    )


def depthwise_matcher(channels: int, *, level: int = 0, center: int | None = None) -> Matcher:
    """A depthwise correlation between 3x3 convolutions of both features; arguments as in :class:`Matcher`.

    Args:
        channels: of the trunk's features, the operands and the response.
        level: of the trunk.
        center: side of the part of the template features that is used, cells.
    """
    return Matcher(
        "depthwise",
        level=level,
        center=center,
        kernel=ConvNorm(channels, channels, 3, padding=0, act="relu"),
        search=ConvNorm(channels, channels, 3, padding=0, act="relu"),
    )


def prediction(matcher: str, channels: int, outputs: int) -> Branch:
    """From the response of one matcher to (B, outputs, S, S) of scores or deltas, by two 1x1 convolutions."""
    return Branch([matcher], ConvNorm(channels, channels, act="relu"), nn.Conv2d(channels, outputs, 1))
