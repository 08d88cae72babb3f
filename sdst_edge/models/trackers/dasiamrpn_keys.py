"""Where each module of a DaSiamRPN checkpoint goes in ours; r is regression, 1 the template and 2 the search."""

from __future__ import annotations

from sdst_edge.models.key_mapping import Modules
from sdst_edge.models.trunks.alexnet_keys import IN_SEQUENCE, alexnet_keys

__all__ = ["PUBLISHED"]

PUBLISHED: Modules = {
    **alexnet_keys("featureExtract.", IN_SEQUENCE),
    "conv_cls1": "matchers.score.kernel",
    "conv_cls2": "matchers.score.search",
    "conv_r1": "matchers.deltas.kernel",
    "conv_r2": "matchers.deltas.search",
    "regress_adjust": "branches.deltas.predict",
}
