"""The losses of any head against the annotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from sdst_edge.models.base import Maps
from sdst_edge.training.losses.anchors import anchor_terms
from sdst_edge.training.losses.points import point_terms
from sdst_edge.training.losses.response import response_terms
from sdst_edge.training.losses.term import Terms
from sdst_edge.training.recipe.loss import Loss
from sdst_edge.training.targets.anchors import make_anchor_targets
from sdst_edge.training.targets.points import make_point_targets
from sdst_edge.training.targets.response import make_response_targets
from sdst_runtime.config import OutputKind, TrackerConfig

__all__ = ["task_terms"]


def task_terms(maps: Maps, boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig, loss: Loss) -> Terms:
    """Losses of a batch by name, see :func:`point_terms`, :func:`anchor_terms` and :func:`response_terms`.

    Args:
        maps: as the head returns them, in the order of ``config.outputs``.
        boxes_xyxy: (B, 4), network px from the search centre; mean nothing where not ``positive``.
        positive: (B,) bool: whether the search region shows the target.
        config: of the tracker.
        loss: which of the losses, and their weights.
    """
    return _KINDS[config.output_kind](maps, boxes_xyxy, positive, config, loss)


def _points(maps: Maps, boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig, loss: Loss) -> Terms:
    return point_terms(maps, make_point_targets(boxes_xyxy, positive, config), config, loss)


def _anchors(maps: Maps, boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig, loss: Loss) -> Terms:
    return anchor_terms(maps, make_anchor_targets(boxes_xyxy, positive, config), loss)


def _response(maps: Maps, boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig, loss: Loss) -> Terms:
    return response_terms(maps, make_response_targets(boxes_xyxy, positive, config), loss)


_KINDS: Mapping[OutputKind, Callable[[Maps, Tensor, Tensor, TrackerConfig, Loss], Terms]] = {
    "points": _points,
    "anchors": _anchors,
    "response": _response,
}
