"""SiamMask (STVIR/pysot): a depthwise anchor head on ResNet-50, and a branch that segments the target.

Wang et al., Fast Online Object Tracking and Segmentation: A Unifying Approach, 2019. The box that is tracked is that
of the anchor head; the mask is computed afterwards, for the chosen cell.
"""

from __future__ import annotations

from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.registry import family
from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trackers.anchors import ANCHORS
from sdst_edge.models.trackers.depthwise_rpn import depthwise_matcher, depthwise_rpn_config, prediction
from sdst_edge.models.trackers.mask_refinement import RefinedMask
from sdst_edge.models.trackers.siammask_keys import SIAMMASK
from sdst_edge.models.trunks.neck import NECK_CHANNELS, TEMPLATE_CENTER, ProjectedTrunk
from sdst_edge.models.trunks.resnet import ResNet50

__all__ = ["siammask_resnet50"]


@family("siammask-resnet50", title="SiamMask (ResNet-50)", published=SIAMMASK)
def siammask_resnet50(width: float = 1.0, depth: float = 1.0) -> ComposedTracker:
    """SiamMask on the first three stages of ResNet-50; the refinement reads the stem and the first two."""
    scaling = Scaling(width, depth)
    channels = scaling.channels(NECK_CHANNELS)
    backbone = ResNet50(3, scaling)
    stem, stage1, stage2, stage3 = backbone.channels

    mask = RefinedMask(
        depthwise_matcher(channels, center=TEMPLATE_CENTER),
        {"search_stage2": 1, "search_stage1": 2, "search_stem": 3},
        channels=(channels, stage2, stage1, stem),
        threshold=0.15,
        scaling=scaling,
    )
    return ComposedTracker(
        depthwise_rpn_config(search_size=255, response_size=25, penalty_k=0.10, window_influence=0.41, size_lr=0.32),
        trunk=ProjectedTrunk(backbone, {3: ConvNorm(stage3, channels)}, keeps=(2, 1, 0)),
        matchers={
            "score": depthwise_matcher(channels, center=TEMPLATE_CENTER),
            "deltas": depthwise_matcher(channels, center=TEMPLATE_CENTER),
        },
        branches={
            "score": prediction("score", channels, 2 * len(ANCHORS)),
            "deltas": prediction("deltas", channels, 4 * len(ANCHORS)),
        },
        mask=mask,
    )
