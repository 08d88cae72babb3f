"""Losses of score maps. All take the logit of the target against the ground, and weigh targets and ground alike.

Of two logits, background and target, the cross-entropy of their softmax is that of the difference's sigmoid, so that
heads of one logit and of two have the same losses.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.losses.term import Term
from sdst_runtime.config import ScoreKind

__all__ = ["balanced", "focal", "full_precision", "hard_weights", "target_logit"]

#: What a negative weighs that is as right as can be.
LEAST_WEIGHT = 1e-3


def full_precision(values: Tensor) -> Tensor:
    """Maps of a pass in mixed precision as float32: areas overflow in float16. float64 stays."""
    return values if values.dtype == torch.float64 else values.to(torch.float32)


def target_logit(score: Tensor, kind: ScoreKind) -> Tensor:
    """Logit of the target, (B, S, S), of a head of points; without the centre-ness, where it has one.

    Args:
        score: (B, 1 or 2, S, S), as :class:`TrackerConfig` says.
        kind: ``score_kind`` of the configuration.
    """
    return score[:, 1] - score[:, 0] if kind == "softmax2" else score[:, 0]


def balanced(logit: Tensor, positive: Tensor, negative: Tensor, factor: float) -> dict[str, Term]:
    """Cross-entropy with positives and negatives of the batch weighing one half each, however many they are.

    Args:
        logit: (B, ...).
        positive: (B, ...) weights >= 0, or bool.
        negative: likewise.
        factor: weight of the two terms together.
    """
    return {
        "score/positive": _weighted(F.softplus(-logit), positive, factor / 2),
        "score/negative": _weighted(F.softplus(logit), negative, factor / 2),
    }


def hard_weights(logit: Tensor, negative: Tensor) -> Tensor:
    """Weights of negatives by how wrong they are: their score, without gradient.

    The few points on distractors are heard among the many on the ground.

    Args:
        logit: (B, ...).
        negative: (B, ...) bool.

    Returns:
        (B, ...), 0 where not ``negative``.
    """
    return negative * (torch.sigmoid(logit.detach()) + LEAST_WEIGHT)


def focal(logit: Tensor, positive: Tensor, negative: Tensor, *, gamma: float, alpha: float) -> Term:
    """Focal loss (Lin et al., ICCV 2017, equation 5): summed, and divided by the number of positives.

    A pair without any counts as one with one: its ground is heard as much as another's.

    Args:
        logit: (B, ...).
        positive: (B, ...) bool.
        negative: (B, ...) bool; what is neither does not count.
        gamma: exponent of what is missing to being right, >= 0.
        alpha: weight of positives, 0..1; 1 - alpha is that of negatives.
    """
    wrong_positive, wrong_negative = F.softplus(-logit), F.softplus(logit)  # -log p and -log(1 - p)
    found = alpha * torch.exp(-gamma * wrong_negative) * wrong_positive  # (1 - p)^gamma, without a power of 0
    missed = (1 - alpha) * torch.exp(-gamma * wrong_positive) * wrong_negative
    total = (positive * found + negative * missed).flatten(1).sum(dim=1)
    return Term(total, positive.flatten(1).sum(dim=1).clamp(min=1).to(total.dtype))


def _weighted(losses: Tensor, weights: Tensor, factor: float) -> Term:
    weights = weights.to(losses.dtype)
    return Term((weights * losses).flatten(1).sum(dim=1), weights.flatten(1).sum(dim=1), factor)
