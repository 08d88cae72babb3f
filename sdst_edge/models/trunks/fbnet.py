"""FBNet-C, cut at stride 16: the trunk of FEAR-XS.

Wu et al., FBNet, 2019; table of blocks as in facebookresearch/mobile-vision (``fbnet_c``), whose convolutions have a
bias besides their norm.
"""

from __future__ import annotations

from torch import nn

from sdst_edge.models.scaling import Scaling
from sdst_edge.models.trunks.inverted_residual import Stage, inverted_residual_trunk

__all__ = ["CHANNELS", "STAGES", "fbnet_c"]

STAGES = (
    Stage(16, 1, ((3, 1),)),
    Stage(24, 2, ((3, 6), (3, 1), (3, 1))),  # the search left out one more block, by an identity
    Stage(32, 2, ((5, 6), (5, 3), (5, 6), (3, 6))),
    Stage(64, 2, ((5, 6), (5, 3), (5, 6), (5, 6))),
    Stage(112, 1, ((5, 6), (5, 6), (5, 6), (5, 3))),
)
CHANNELS = STAGES[-1].channels


def fbnet_c(scaling: Scaling) -> nn.Sequential:
    """(B, 3, H, W) to (B, 112, H / 16, W / 16), rounded up; channels scaled."""
    return inverted_residual_trunk(STAGES, scaling, act="relu", bias=True)
