"""DaSiamRPN (foolwood/DaSiamRPN): AlexNet, anchors, and kernels that hold a filter per output (up-channel).

Zhu et al., Distractor-aware Siamese Networks for Visual Object Tracking, 2018; the networks are those of SiamRPN (Li
et al., 2018). The three published ones differ in width and in the tracker's numbers.

Half-pixel habits of the original: a target starts at ``x + w / 2`` and is reported at ``cx - w / 2``, and the grid of
the anchors starts ``S / 2`` strides left of the search centre, half a stride more than would be symmetric about it.
"""

from __future__ import annotations

from torch import nn

from sdst_edge.models.composed import Branch, ComposedTracker, Matcher
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.anchors import ANCHORS, FOUND_SCORE
from sdst_edge.models.trackers.dasiamrpn_keys import PUBLISHED
from sdst_edge.models.trunks.alexnet import FEATURES, alexnet
from sdst_runtime.config import CropRule, SmallTarget, TrackerConfig

__all__ = ["dasiamrpn_big", "dasiamrpn_otb", "dasiamrpn_vot"]

STRIDE = 8
CELLS = 19
SMALL = SmallTarget(max_area_share=0.004, search_size=287, response_size=21)


def _config(
    *, penalty_k: float, window_influence: float, size_lr: float, small_target: SmallTarget | None = None
) -> TrackerConfig:
    return TrackerConfig(
        template_size=127,
        search_size=271,
        response_size=CELLS,
        stride_px=STRIDE,
        score_kind="softmax2",
        point_origin_px=-CELLS / 2 * STRIDE,
        window_influence=window_influence,
        penalty_k=penalty_k,
        size_lr=size_lr,
        found_threshold=FOUND_SCORE,
        anchors=ANCHORS,
        small_target=small_target,
        crop=CropRule(context_amount=0.5, search_scale=271 / 127, rounding="dasiamrpn"),
    )


def _network(config: TrackerConfig, scaling: Scaling, *, widen: int) -> ComposedTracker:
    features = scaling.channels(FEATURES * widen)  # of the trunk, and of each filter of a kernel

    def matcher(outputs: int) -> Matcher:
        kernel, search = nn.Conv2d(features, features * outputs, 3), nn.Conv2d(features, features, 3)
        return Matcher("up-channel", kernel=kernel, search=search)

    scores, deltas = 2 * len(ANCHORS), 4 * len(ANCHORS)
    return ComposedTracker(
        config,
        trunk=alexnet(scaling, widen=widen),
        matchers={"score": matcher(scores), "deltas": matcher(deltas)},
        branches={
            "score": Branch(["score"], nn.Identity(), nn.Identity()),
            "deltas": Branch(["deltas"], nn.Identity(), nn.Conv2d(deltas, deltas, 1)),
        },
    )


@family("dasiamrpn-vot", title="DaSiamRPN (VOT)", published=PUBLISHED)
def dasiamrpn_vot(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The small network, numbers for VOT. Options as in :class:`Scaling`; depth is that of :func:`alexnet`."""
    config = _config(penalty_k=0.04, window_influence=0.44, size_lr=0.45)
    return _network(config, Scaling(width, depth), widen=1)


@family("dasiamrpn-otb", title="DaSiamRPN (OTB)", published=PUBLISHED)
def dasiamrpn_otb(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """The small network, numbers for OTB. Options as in :class:`Scaling`; depth is that of :func:`alexnet`."""
    config = _config(penalty_k=0.22, window_influence=0.40, size_lr=0.30)
    return _network(config, Scaling(width, depth), widen=1)


@family("dasiamrpn-big", title="DaSiamRPN (big)", published=PUBLISHED)
def dasiamrpn_big(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """Twice the width, and a larger search region for small targets. Options as in :func:`dasiamrpn_vot`."""
    config = _config(penalty_k=0.055, window_influence=0.42, size_lr=0.295, small_target=SMALL)
    return _network(config, Scaling(width, depth), widen=2)
