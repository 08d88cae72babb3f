"""SiamRPN with AlexNet and depthwise correlation (STVIR/pysot, ``siamrpn_alex_dwxcorr``)."""

from __future__ import annotations

from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.anchors import ANCHORS
from sdst_edge.models.trackers.depthwise_rpn import depthwise_matcher, depthwise_rpn_config, prediction
from sdst_edge.models.trackers.siamrpn_keys import ALEXNET
from sdst_edge.models.trunks.alexnet import FEATURES, alexnet

__all__ = ["siamrpn_alexnet"]

CONFIG = depthwise_rpn_config(search_size=287, response_size=21, penalty_k=0.16, window_influence=0.40, size_lr=0.30)


@family("siamrpn-alexnet", title="SiamRPN (AlexNet, depthwise)", published=ALEXNET)
def siamrpn_alexnet(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """AlexNet and one pair of heads. Options as in :class:`Scaling`; depth is that of :func:`alexnet`."""
    scaling = Scaling(width, depth)
    channels = scaling.channels(FEATURES)
    return ComposedTracker(
        CONFIG,
        trunk=alexnet(scaling),
        matchers={"score": depthwise_matcher(channels), "deltas": depthwise_matcher(channels)},
        branches={
            "score": prediction("score", channels, 2 * len(ANCHORS)),
            "deltas": prediction("deltas", channels, 4 * len(ANCHORS)),
        },
    )
