"""Losses of a response map."""

from __future__ import annotations

from torch import Tensor

from sdst_edge.models.base import Maps
from sdst_edge.training.losses.scores import balanced, full_precision
from sdst_edge.training.losses.term import Terms
from sdst_edge.training.recipe.loss import Loss

__all__ = ["response_terms"]


def response_terms(maps: Maps, positive: Tensor, loss: Loss) -> Terms:
    """Losses of a batch (Bertinetto et al., SiamFC, 2016, equations 4 and 5): ``score/positive`` and
    ``score/negative``, binary cross-entropy, one half each.

    Args:
        maps: score (B, 1, S, S), of the middle scale alone.
        positive: (B, S, S) bool: which cells show the target; the others show ground.
        loss: its weights.
    """
    (score,) = map(full_precision, maps)
    return balanced(score[:, 0], positive, ~positive, loss.score_weight)
