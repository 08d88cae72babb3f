"""SiamRPN++ (STVIR/pysot): one depthwise anchor head at each of three depths of the backbone, and their mean.

Li et al., SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks, 2019.
"""

from __future__ import annotations

from sdst_edge.models.composed import ComposedTracker, WeightedMean
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.anchors import ANCHORS
from sdst_edge.models.trackers.depthwise_rpn import depthwise_matcher, depthwise_rpn_config, prediction
from sdst_edge.models.trackers.siamrpnpp_keys import MOBILENET_V2, RESNET_50
from sdst_edge.models.trunks.mobilenet_v2 import MobileNetV2
from sdst_edge.models.trunks.neck import NECK_CHANNELS, TEMPLATE_CENTER, ProjectedTrunk
from sdst_edge.models.trunks.resnet import ResNet50
from sdst_runtime.config import TrackerConfig

__all__ = ["siamrpnpp_mobilenetv2", "siamrpnpp_resnet50"]


@family("siamrpnpp-mobilenetv2", title="SiamRPN++ (MobileNetV2)", published=MOBILENET_V2)
def siamrpnpp_mobilenetv2(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """SiamRPN++ on MobileNetV2 of width 1.4; the heads count alike."""
    scaling = Scaling(width, depth)
    config = depthwise_rpn_config(
        search_size=255, response_size=25, penalty_k=0.04, window_influence=0.40, size_lr=0.50
    )
    return _tracker(config, MobileNetV2(scaling), (3, 5, 7), scaling.channels(NECK_CHANNELS), learned=False)


@family("siamrpnpp-resnet50", title="SiamRPN++ (ResNet-50)", published=RESNET_50)
def siamrpnpp_resnet50(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """SiamRPN++ on ResNet-50; the heads count as much as was learned."""
    scaling = Scaling(width, depth)
    config = depthwise_rpn_config(
        search_size=255, response_size=25, penalty_k=0.05, window_influence=0.42, size_lr=0.38
    )
    return _tracker(config, ResNet50(4, scaling), (2, 3, 4), scaling.channels(NECK_CHANNELS), learned=True)


def _tracker(
    config: TrackerConfig,
    backbone: MobileNetV2 | ResNet50,
    depths: tuple[int, int, int],
    channels: int,
    *,
    learned: bool,
) -> ComposedTracker:
    levels = range(len(depths))

    def mean(output: str, channels_out: int) -> WeightedMean:
        return WeightedMean([prediction(f"{output}_{i}", channels, channels_out) for i in levels], learned=learned)

    return ComposedTracker(
        config,
        trunk=ProjectedTrunk(backbone, {i: ConvNorm(backbone.channels[i], channels) for i in depths}),
        matchers={
            f"{output}_{i}": depthwise_matcher(channels, level=i, center=TEMPLATE_CENTER)
            for output in config.outputs
            for i in levels
        },
        branches={"score": mean("score", 2 * len(ANCHORS)), "deltas": mean("deltas", 4 * len(ANCHORS))},
    )
