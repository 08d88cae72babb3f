"""Where each module of PySOT's ``siamrpn_alex_dwxcorr`` checkpoint goes in ours."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules
from sdst_edge.models.trackers.depthwise_rpn_keys import anchor_heads
from sdst_edge.models.trunks.alexnet_keys import IN_SEQUENCE, alexnet_keys

__all__ = ["ALEXNET"]

ALEXNET: Modules = {**alexnet_keys("backbone.features.", IN_SEQUENCE), **anchor_heads("rpn_head")}
