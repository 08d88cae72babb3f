"""Losses of a head of points."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.models.base import Maps
from sdst_edge.training.losses.scores import balanced, focal, full_precision, hard_weights, target_logit
from sdst_edge.training.losses.term import Term, Terms
from sdst_edge.training.recipe.loss import BoxLoss, Loss
from sdst_edge.training.targets.overlap import around_points, giou, iou
from sdst_edge.training.targets.points import PointTargets, centerness
from sdst_runtime.config import TrackerConfig

__all__ = ["LONGEST_PX", "SHORTEST_PX", "point_terms"]

#: Predicted distances count as at least and at most this, network px: areas and logarithms of them are finite.
SHORTEST_PX, LONGEST_PX = 1e-3, 1e5


def point_terms(maps: Maps, targets: PointTargets, config: TrackerConfig, loss: Loss) -> Terms:
    """Losses of a batch.

    - ``score/positive`` and ``score/negative``: cross-entropy, one half each. Negatives are weighted by how wrong they
      are, see :func:`hard_weights`. Or ``score``: focal loss.
    - ``box``: 1 - GIoU, or -log IoU (Yu et al., UnitBox, 2016), mean over positive points.
    - ``centerness``: cross-entropy against FCOS's centre-ness, mean over positive points, for heads that predict it.

    Args:
        maps: score (B, 1 or 2, S, S) and ltrb (B, 4, S, S), network px, > 0.
        targets: of the batch.
        config: of the tracker.
        loss: which of the losses, and their weights.
    """
    score, ltrb = map(full_precision, maps)
    logit = target_logit(score, config.score_kind)
    terms = _score_terms(logit, targets, loss)
    predicted = around_points(ltrb.clamp(SHORTEST_PX, LONGEST_PX), dim=1)
    miss = _BOX_LOSSES[loss.box](predicted, around_points(targets.ltrb, dim=1))  # (B, S, S)
    terms["box"] = _over_positives(miss, targets, loss.box_weight)
    if config.score_kind == "logit-centerness":
        miss = F.binary_cross_entropy_with_logits(
            score[:, 1], centerness(targets.ltrb).to(score.dtype), reduction="none"
        )
        terms["centerness"] = _over_positives(miss, targets, loss.centerness_weight)
    return terms


def _score_terms(logit: Tensor, targets: PointTargets, loss: Loss) -> dict[str, Term]:
    positive, negative = targets.positive, targets.negative
    if loss.score == "cross-entropy":
        return balanced(logit, positive, hard_weights(logit, negative), loss.score_weight)
    term = focal(logit, positive, negative, gamma=loss.focal_gamma, alpha=loss.focal_alpha)
    return {"score": term._replace(factor=loss.score_weight)}


def _over_positives(losses: Tensor, targets: PointTargets, factor: float) -> Term:
    positive = targets.positive.to(losses.dtype)
    return Term((positive * losses).sum(dim=(1, 2)), positive.sum(dim=(1, 2)), factor)


def _missing_giou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    return 1 - giou(a_xyxy, b_xyxy, dim=1)


def _log_iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    return -torch.log(iou(a_xyxy, b_xyxy, dim=1))  # boxes around one point always overlap


_BOX_LOSSES: Mapping[BoxLoss, Callable[[Tensor, Tensor], Tensor]] = {"giou": _missing_giou, "iou": _log_iou}
