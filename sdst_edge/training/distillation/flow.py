"""How features flow from one stage to a later one (FSP)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.distillation.hints import Regressor
from sdst_edge.training.distillation.resampling import pooled
from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.losses.term import Term
from sdst_runtime.errors import ConfigError

__all__ = ["flow", "flow_matrix"]


def flow_matrix(bottom: Tensor, top: Tensor) -> Tensor:
    """``G = bottom topᵀ / (H W)``: how the channels of two stages go together (Yim et al., CVPR 2017).

    The larger of the two is max-pooled to the smaller.

    Args:
        bottom: (B, C, H, W), of the earlier stage.
        top: (B, D, H', W'), of the later one.

    Returns:
        (B, C, D).
    """
    size = min(bottom.shape[2], top.shape[2]), min(bottom.shape[3], top.shape[3])
    a, b = (pooled(full_precision(stage), size, F.adaptive_max_pool2d).flatten(2) for stage in (bottom, top))
    with torch.autocast(a.device.type, enabled=False):
        return a @ b.transpose(1, 2) / a.shape[2]


def flow(student: tuple[Tensor, Tensor], teacher: tuple[Tensor, Tensor], adapters: tuple[Regressor, Regressor]) -> Term:
    """``mean( (G_s - G_t)² )`` of two stages (FSP, Yim et al., CVPR 2017).

    FSP needs equal channels on both sides; here adapters raise the student's to the teacher's. Sides of maps may
    differ freely.

    Args:
        student: (B, C, H, W) maps of an earlier and a later stage, with gradient.
        teacher: likewise, of any channels and sides.
        adapters: from the student's channels to the teacher's, of each stage.

    Raises:
        ConfigError: an adapter is for other channels.
    """
    adapted = tuple(adapter(stage) for adapter, stage in zip(adapters, student, strict=True))
    ours, theirs = flow_matrix(*adapted), flow_matrix(*(stage.detach() for stage in teacher))
    if ours.shape != theirs.shape:
        raise ConfigError(
            f"flow matrices are {tuple(ours.shape)} of the student and {tuple(theirs.shape)} of the teacher; build the "
            "adapters for the maps that the recipe's hints name"
        )
    total = (ours - theirs).square().flatten(1).mean(dim=1)
    return Term(total, torch.ones_like(total))
