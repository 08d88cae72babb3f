"""Where each module of a published SiamRPN++ checkpoint goes in ours. PySOT counts the three heads from 2."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules
from sdst_edge.models.trackers.depthwise_rpn_keys import anchor_heads
from sdst_edge.models.trunks.resnet_keys import resnet_50

__all__ = ["MOBILENET_V2", "RESNET_50"]

MOBILENET_BLOCKS = (1, 2, 3, 4, 3, 3, 1)  # per stage
MOBILENET_PARTS = {
    "0": "expand.conv",
    "1": "expand.norm",
    "3": "depthwise.conv",
    "4": "depthwise.norm",
    "6": "project.conv",
    "7": "project.norm",
}


def _heads() -> Modules:
    modules: Modules = {}
    for i in range(3):
        modules[f"neck.downsample{i + 2}.downsample.0"] = f"trunk.projections.{i}.conv"
        modules[f"neck.downsample{i + 2}.downsample.1"] = f"trunk.projections.{i}.norm"
        modules |= anchor_heads(
            f"rpn_head.rpn{i + 2}", matcher=f"matchers.{{}}_{i}", branch=f"branches.{{}}.branches.{i}"
        )
    return modules


def _mobilenet_v2() -> Modules:
    modules: Modules = {
        "backbone.layer0.0": "trunk.backbone.stem.conv",
        "backbone.layer0.1": "trunk.backbone.stem.norm",
    }
    for stage, blocks in enumerate(MOBILENET_BLOCKS):
        for block in range(blocks):
            for original, part in MOBILENET_PARTS.items():
                ours = f"trunk.backbone.stages.{stage}.{block}.{part}"
                modules[f"backbone.layer{stage + 1}.{block}.conv.{original}"] = ours
    return modules


MOBILENET_V2: Modules = {**_mobilenet_v2(), **_heads()}
RESNET_50: Modules = {
    **resnet_50(4, ours="trunk.backbone"),
    **_heads(),
    "rpn_head.cls_weight": "branches.score.weight",
    "rpn_head.loc_weight": "branches.deltas.weight",
}
