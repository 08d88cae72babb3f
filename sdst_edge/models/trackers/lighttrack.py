"""LightTrack-Mobile (researchmm/LightTrack), the released path of its architecture search.

``back_04502514044521042540+cls_211000022+reg_100000111_ops_32``: one digit per searched block. The trunk ends after
the third block of its fifth stage (``ops_32``), template and search features go through batch norms of their own, and
both branches read one pixelwise correlation.

The tracker's constants are the defaults of the authors' class with their even sizes, 128 and 256; their VOT script
uses others. Its size is smoothed twice, as released, and targets start at ``x + w / 2``. The authors report x and y of
at least 0; ours may be negative, which changes no state.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.layers import Scale, SqueezeExcite, separable
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.imagenet import IMAGENET_RGB
from sdst_edge.models.trackers.lighttrack_keys import RELEASED
from sdst_edge.models.trunks.inverted_residual import Stage, inverted_residual_trunk
from sdst_runtime.config import CropRule, SmallTarget, TrackerConfig

__all__ = ["lighttrack_mobile"]

STRIDE = 16
TEMPLATE_CELLS = 8 * 8  # channels of the pixelwise response

TRUNK = (
    Stage(16, 1, ((3, 1),)),
    Stage(24, 2, ((7, 4), (7, 6))),
    Stage(40, 2, ((3, 4), (5, 4), (7, 6), (3, 6))),
    Stage(80, 2, ((7, 4), (3, 4), (7, 4), (7, 4))),
    Stage(96, 1, ((7, 6), (5, 4), (3, 6))),
)
SHARED_CHANNELS = 128
SCORE_CHANNELS, SCORE_KERNELS = 256, (5, 5, 3, 3, 3, 3)
BOX_CHANNELS, BOX_KERNELS = 192, (3, 3, 3, 3, 3, 5, 5, 5)

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
    size_smoothing="twice",
    small_target=SmallTarget(max_area_share=0.004, search_size=288, response_size=18),
    crop=CropRule(context="square", context_amount=0.5, search_scale=256 / 128, rounding="dasiamrpn"),
    normalization=IMAGENET_RGB,
)


@family("lighttrack-mobile", title="LightTrack-Mobile", published=RELEASED)
def lighttrack_mobile(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The network of the released path. Options as in :class:`Scaling`."""
    scaling = Scaling(width, depth)
    features, shared = scaling.channels(TRUNK[-1].channels), scaling.channels(SHARED_CHANNELS)
    gate = SqueezeExcite(TEMPLATE_CELLS, TEMPLATE_CELLS, "sigmoid")
    matcher = Matcher(
        "pixelwise",
        kernel=nn.BatchNorm2d(features),
        search=nn.BatchNorm2d(features),
        after=nn.Sequential(OrderedDict(gate=gate, adjust=nn.Conv2d(TEMPLATE_CELLS, shared, 1))),
    )

    def branch(kernels: tuple[int, ...], channels: int, outputs: int, transform: nn.Module) -> Branch:
        layers = [
            separable(shared if i == 0 else channels, channels, kernel, activate="pointwise", act="relu")
            for i, kernel in enumerate(scaling.layers(kernels))
        ]
        return Branch(["shared"], nn.Sequential(*layers), nn.Conv2d(channels, outputs, 3, padding=1), transform)

    to_distances = nn.Sequential(nn.ReLU(), Scale(STRIDE))
    model = ComposedTracker(
        CONFIG,
        trunk=inverted_residual_trunk(TRUNK, scaling, act="silu", excites=True),
        matchers={"shared": matcher},
        branches={
            "score": branch(SCORE_KERNELS, scaling.channels(SCORE_CHANNELS), 1, Scale(0.1)),
            "ltrb": branch(BOX_KERNELS, scaling.channels(BOX_CHANNELS), 4, to_distances),
        },
    )
    model.correlation_form = "matmul"
    return model
