"""Where each module of a published SiamMask checkpoint goes in ours."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules
from sdst_edge.models.trackers.depthwise_rpn_keys import anchor_heads, depthwise_head
from sdst_edge.models.trunks.resnet_keys import resnet_50

__all__ = ["SIAMMASK"]


def _mask() -> Modules:
    modules = depthwise_head("mask_head", matcher="mask.matcher", tower="mask.coarse.0", predict="mask.coarse.1")
    modules["refine_head.deconv"] = "mask.expand"
    for step in range(3):
        level = 2 - step  # of the original: 2 is the coarsest feature map, and post0 follows it
        modules[f"refine_head.post{step}"] = f"mask.steps.{step}.predict"
        for original, ours in (("v", "lateral"), ("h", "refine")):
            for layer in range(2):
                modules[f"refine_head.{original}{level}.{2 * layer}"] = f"mask.steps.{step}.{ours}.{layer}.conv"
    return modules


SIAMMASK: Modules = {
    **resnet_50(3, ours="trunk.backbone"),
    "neck.downsample.downsample.0": "trunk.projections.0.conv",
    "neck.downsample.downsample.1": "trunk.projections.0.norm",
    **anchor_heads("rpn_head"),
    **_mask(),
}
