"""AlexNet without padding, stride 8: the trunk of SiamFC, SiamRPN, DaSiamRPN and SiamFC++.

Bertinetto et al., Fully-Convolutional Siamese Networks for Object Tracking, 2016, table 1. Nothing is padded, so that
each cell of a response is one offset of the template, wherever it lies. The families differ in the arguments of
:func:`alexnet`; those that pool before the ReLU compute the same, since the two commute.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from torch import nn

from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.scaling import Scaling

__all__ = ["FEATURES", "alexnet"]

FEATURES = 256  # channels of the output, at width 1
MIDDLE = (384, 384)  # channels of the layers between the second and the last; depth changes their number


def alexnet(
    scaling: Scaling,
    *,
    widen: int = 1,
    groups: int = 1,
    last_norm: bool = True,
    norm_eps: float = 1e-5,
    norm_momentum: float = 0.1,
) -> nn.Sequential:
    """The trunk: (B, 3, H, W) to (B, C, h, w), 127 px to 6 cells and each 8 px more to one cell more.

    Without one of the middle layers the output has two cells more on each axis, for template and search alike, and
    responses keep their size. Middle layers beyond the published two are padded: the template has no cells to give.

    Args:
        scaling: of the channels and the middle layers.
        widen: factor on all channels besides the width (2 in DaSiamRPN's big network).
        groups: of the second, the fourth and the last convolution (2 in SiamFC).
        last_norm: whether a batch norm follows the last convolution.
        norm_eps: of the batch norms, see :class:`ConvNorm`.
        norm_momentum: likewise.
    """
    layer = partial(ConvNorm, bias=True, act="relu", norm_eps=norm_eps, norm_momentum=norm_momentum)
    first, second, last = (scaling.channels(channels * widen) for channels in (96, 256, FEATURES))
    middle, channels = [], second
    for i, published in enumerate(scaling.layers(MIDDLE)):
        wide = scaling.channels(published * widen)
        padding = 0 if i < len(MIDDLE) else 1
        middle.append(layer(channels, wide, 3, groups=groups if i % 2 else 1, padding=padding))
        channels = wide
    return nn.Sequential(
        OrderedDict(
            conv1=layer(3, first, 11, stride=2, padding=0),
            pool1=nn.MaxPool2d(3, 2),
            conv2=layer(first, second, 5, groups=groups, padding=0),
            pool2=nn.MaxPool2d(3, 2),
            middle=nn.Sequential(*middle),
            last=layer(channels, last, 3, groups=groups, padding=0, norm=last_norm, act="none"),
        )
    )
