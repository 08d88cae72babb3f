"""SiamFC (huanglianghua/siamfc-pytorch): the features of the template, slid over those of three search regions.

Bertinetto et al., Fully-Convolutional Siamese Networks for Object Tracking, 2016. The network says where the target
is and not how large: the tracker searches at three scales at once, and the best one changes the size.

Half-pixel habits of the original: a target starts at ``x + (w - 1) / 2`` and is reported at ``cx - (w - 1) / 2``, so
that a motionless one stays put; the cells lie symmetrically about the centre of the search input. It lets centre and
size go wherever they go: our sides stay between one pixel and the frame's.
"""

from __future__ import annotations

from torch import nn

from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.layers import Scale
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.siamfc_keys import ALEXNET
from sdst_edge.models.trunks.alexnet import alexnet
from sdst_runtime.config import CropRule, Normalization, ScalePyramid, TrackerConfig

__all__ = ["siamfc_alexnet"]

STRIDE = 8
CELLS = 17
RESPONSE_SCALE = 0.001  # brings sums over 6 x 6 x 256 products into the range of a logit

CONFIG = TrackerConfig(
    template_size=127,
    search_size=255,
    response_size=CELLS,
    stride_px=STRIDE,
    score_kind="logit",
    point_origin_px=-(CELLS - 1) / 2 * STRIDE,
    window_influence=0.176,
    penalty_k=0.0,  # changes of scale are penalised by the pyramid
    size_lr=0.59,
    min_side_px=1.0,
    init_center_offset_px=-0.5,
    box_offset_px=0.5,
    clamp_center=False,
    found_threshold=0.5,  # responses are trained as logits: above 0 they say target
    pyramid=ScalePyramid(count=3, step=1.0375, penalty=0.9745, upsampling=16),
    crop=CropRule(context_amount=0.5, search_scale=255 / 127, rounding="siamfc", border="frame-mean-rounded"),
    normalization=Normalization(channel_order="rgb"),
)


@family("siamfc-alexnet", title="SiamFC (AlexNet)", published=ALEXNET)
def siamfc_alexnet(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """AlexNet in two groups, and one response map. Options as in :class:`Scaling`; depth is that of :func:`alexnet`."""
    return ComposedTracker(
        CONFIG,
        trunk=alexnet(Scaling(width, depth), groups=2, last_norm=False, norm_eps=1e-6, norm_momentum=0.05),
        matchers={"shared": Matcher("full")},
        branches={"score": Branch(["shared"], nn.Identity(), Scale(RESPONSE_SCALE))},
    )
