"""Where in the picture features are strong, whatever their channels (attention transfer)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.distillation.resampling import pooled, resampled
from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.losses.term import Term

__all__ = ["attention"]

#: A map of a smaller norm counts as dark, and gives no gradient beyond 1 / DARK.
DARK = 1e-6


def attention(student: Tensor, teacher: Tensor, field: Tensor | None = None) -> Term:
    """``mean( (A_s - A_t)² )`` over cells, ``A = Q / ||Q||``, ``Q = mean_c F²`` (Zagoruyko and Komodakis, ICLR 2017).

    With their p = 2, and the mean over channels in place of the sum, which the norm makes the same. The larger of two
    maps is averaged down to the smaller.

    Args:
        student: (B, C_s, H, W), with gradient.
        teacher: (B, C_t, H', W').
        field: where the two cover regions of different size, see
            :func:`sdst_edge.training.distillation.resampling.resampled`; the teacher's is then sampled at the
            student's cells.
    """
    ours, theirs = full_precision(student), full_precision(teacher.detach())
    height, width = ours.shape[2:]
    if field is not None:
        theirs = resampled(theirs, (height, width), field)
    size = min(height, theirs.shape[2]), min(width, theirs.shape[3])
    a, b = (_normalized(pooled(features, size, F.adaptive_avg_pool2d)) for features in (ours, theirs))
    total = (a - b).square().mean(dim=1)
    return Term(total, torch.ones_like(total))


def _normalized(features: Tensor) -> Tensor:
    """(B, C, H, W) to (B, H W), of length 1."""
    return F.normalize(features.square().mean(dim=1).flatten(1), dim=1, eps=DARK)
