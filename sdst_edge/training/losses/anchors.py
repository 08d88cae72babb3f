"""Losses of a head of anchors."""

from __future__ import annotations

from torch.nn import functional as F

from sdst_edge.models.base import Maps
from sdst_edge.training.losses.scores import balanced, full_precision
from sdst_edge.training.losses.term import Term, Terms
from sdst_edge.training.recipe.loss import Loss
from sdst_edge.training.targets.anchors import AnchorTargets

__all__ = ["anchor_terms"]


def anchor_terms(maps: Maps, targets: AnchorTargets, loss: Loss) -> Terms:
    """Losses of a batch (Li et al., SiamRPN, CVPR 2018, equations 4 to 6).

    - ``score/positive`` and ``score/negative``: NLL of the two classes, one half each.
    - ``box``: smooth L1 (Girshick, Fast R-CNN, 2015, equation 3), summed over the four deltas, mean over positives.
      PySOT takes plain L1, and divides by the pairs of the batch.

    Args:
        maps: score (B, 2 A, S, S), A times background, then A times target, and deltas (B, 4 A, S, S), A times dx,
            then dy, dw and dh.
        targets: of the batch.
        loss: its weights.
    """
    score, deltas = map(full_precision, maps)
    ground, target = score.chunk(2, dim=1)  # (B, A, S, S) each
    terms = balanced(target - ground, targets.positive, targets.negative, loss.score_weight)
    deltas = deltas.reshape(targets.deltas.shape)  # (B, 4, A, S, S)
    miss = F.smooth_l1_loss(deltas, targets.deltas.to(deltas.dtype), reduction="none").sum(dim=1)  # (B, A, S, S)
    weight = targets.positive.to(miss.dtype)
    terms["box"] = Term((weight * miss).sum(dim=(1, 2, 3)), weight.sum(dim=(1, 2, 3)), loss.box_weight)
    return terms
