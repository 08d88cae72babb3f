"""Where each module of PySOT's ``siamrpn_alex_dwxcorr`` checkpoint goes in ours."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules
from sdst_edge.models.trackers.depthwise_rpn_keys import depthwise_head
from sdst_edge.models.trunks.alexnet_keys import IN_SEQUENCE, alexnet_keys

__all__ = ["ALEXNET"]


def _head(original: str, ours: str) -> Modules:
    branch = f"branches.{ours}"
    return depthwise_head(original, matcher=f"matchers.{ours}", tower=f"{branch}.tower", predict=f"{branch}.predict")


ALEXNET: Modules = {
    **alexnet_keys("backbone.features.", IN_SEQUENCE),
    **_head("rpn_head.cls", "score"),
    **_head("rpn_head.loc", "deltas"),
}
