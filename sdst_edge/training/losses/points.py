"""Losses of a head of points."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.targets import Targets

__all__ = ["Losses", "giou", "point_losses", "target_logit"]


class Losses(NamedTuple):
    """Scalars, to be minimised: of the score map, and of the boxes."""

    score: Tensor
    box: Tensor


def target_logit(score: Tensor) -> Tensor:
    """Logit of the foreground: (B, S, S) of a score map (B, 1, S, S), or (B, 2, S, S) of background and target."""
    return score[:, 0] if score.shape[1] == 1 else score[:, 1] - score[:, 0]


def giou(a_ltrb: Tensor, b_ltrb: Tensor) -> Tensor:
    """Generalised IoU of boxes around common points (Rezatofighi et al., CVPR 2019, algorithm 1).

    Args:
        a_ltrb: (N, 4) distances to left, top, right and bottom, > 0.
        b_ltrb: (N, 4), likewise.

    Returns:
        (N,) in (-1, 1].
    """

    def area(ltrb: Tensor) -> Tensor:
        return (ltrb[:, 0] + ltrb[:, 2]) * (ltrb[:, 1] + ltrb[:, 3])

    shared = area(torch.minimum(a_ltrb, b_ltrb))
    hull = area(torch.maximum(a_ltrb, b_ltrb))
    union = area(a_ltrb) + area(b_ltrb) - shared
    return shared / union - (hull - union) / hull


def point_losses(score: Tensor, ltrb: Tensor, targets: Targets) -> Losses:
    """Losses of a batch.

    The score loss is cross-entropy, with positive and negative points weighing the same in sum. Negatives are further
    weighted by how wrong they are (their score), so that the few points on distractors are heard among the many on
    the ground. The box loss is 1 - GIoU, mean over positive points.

    Args:
        score: (B, 1 or 2, S, S) logits.
        ltrb: (B, 4, S, S), network px, > 0.
        targets: of the batch; each pair has a positive point.
    """
    logit = target_logit(score)
    positive, negative = targets.positive, targets.negative
    found = F.softplus(-logit[positive]).mean()
    clutter = logit[negative]
    weight = torch.sigmoid(clutter.detach()) + 1e-3
    missed = (weight * F.softplus(clutter)).sum() / weight.sum()
    boxes, true_boxes = (maps.permute(0, 2, 3, 1)[positive] for maps in (ltrb, targets.ltrb))  # (N, 4)
    return Losses(score=0.5 * (found + missed), box=(1 - giou(boxes, true_boxes)).mean())
