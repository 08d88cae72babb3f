"""Inception v3 up to its second stage, stride 8: the trunk that SiamFC++ calls GoogLeNet.

Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2016, figures 5 and 6; without the second
max pooling of the paper's stem, as in video_analyst. Its blocks pad, and the cells that this reaches most are cut off.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from torch import nn

from sdst_edge.models.layers import Concatenated, ConvNorm, Crop
from sdst_edge.models.scaling import Scaling

__all__ = ["googlenet"]

FEATURES = 256  # channels of the output, at width 1
EDGE_CELLS = 4  # cut off on each side
POOLED = (32, 64, 64)  # channels of the pooling branch, per block of the first stage
INNER = (128, 160, 160, 192)  # channels between 7 x 1 and 1 x 7 kernels, per block of the second stage

NORM_EPS = 1e-3

_conv = partial(ConvNorm, act="relu", norm_eps=NORM_EPS)


def googlenet(scaling: Scaling) -> nn.Sequential:
    """The trunk: (B, 3, H, W) to (B, C, h, w), 127 px to 5 cells and each 8 px more to one cell more.

    Args:
        scaling: of all channels, and of the number of blocks in each stage.
    """
    n = scaling.channels
    channels = n(192)
    first = []
    for pooled in scaling.layers(POOLED):
        first.append(_first_stage_block(scaling, channels, pooled))
        channels = n(64) + n(64) + n(96) + n(pooled)
    reduction = _reduction(scaling, channels)
    channels += n(384) + n(96)
    second = []
    for inner in scaling.layers(INNER):
        second.append(_second_stage_block(scaling, channels, inner))
        channels = 4 * n(192)
    return nn.Sequential(
        OrderedDict(
            stem=_stem(scaling),
            first=nn.Sequential(*first),
            reduction=reduction,
            second=nn.Sequential(*second),
            crop=Crop(EDGE_CELLS),
            project=ConvNorm(channels, n(FEATURES), bias=True, norm_eps=NORM_EPS),
        )
    )


def _stem(scaling: Scaling) -> nn.Sequential:
    n = scaling.channels
    return nn.Sequential(
        _conv(3, n(32), 3, stride=2, padding=0),
        _conv(n(32), n(32), 3, padding=0),
        _conv(n(32), n(64), 3),
        nn.MaxPool2d(3, 2),
        _conv(n(64), n(80)),
        _conv(n(80), n(192), 3, padding=0),
    )


def _first_stage_block(scaling: Scaling, channels: int, pooled: int) -> Concatenated:
    n = scaling.channels
    return Concatenated(
        point=_conv(channels, n(64)),
        five=nn.Sequential(_conv(channels, n(48)), _conv(n(48), n(64), 5)),
        threes=nn.Sequential(_conv(channels, n(64)), _conv(n(64), n(96), 3), _conv(n(96), n(96), 3)),
        pool=nn.Sequential(nn.AvgPool2d(3, 1, 1), _conv(channels, n(pooled))),
    )


def _reduction(scaling: Scaling, channels: int) -> Concatenated:
    n = scaling.channels
    return Concatenated(
        three=_conv(channels, n(384), 3, stride=2, padding=0),
        threes=nn.Sequential(
            _conv(channels, n(64)), _conv(n(64), n(96), 3), _conv(n(96), n(96), 3, stride=2, padding=0)
        ),
        pool=nn.MaxPool2d(3, 2),
    )


def _second_stage_block(scaling: Scaling, channels: int, inner: int) -> Concatenated:
    n, row, column = scaling.channels, (1, 7), (7, 1)
    i, out = n(inner), n(192)
    return Concatenated(
        point=_conv(channels, out),
        seven=nn.Sequential(_conv(channels, i), _conv(i, i, row), _conv(i, out, column)),
        sevens=nn.Sequential(
            _conv(channels, i), _conv(i, i, column), _conv(i, i, row), _conv(i, i, column), _conv(i, out, row)
        ),
        pool=nn.Sequential(nn.AvgPool2d(3, 1, 1), _conv(channels, out)),
    )
