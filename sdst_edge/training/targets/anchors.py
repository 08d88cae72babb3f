"""What a head of anchors should say about a pair: the rule of SiamRPN, as PySOT has it.

Anchors that overlap the box by an IoU above ``POSITIVE_IOU`` are candidates for positives, those below
``NEGATIVE_IOU`` for negatives. PySOT draws at most ``POSITIVES`` of the ones and ``NEGATIVES`` of the others at random,
and where the search region does not show the target at most ``UNSHOWN`` of the ``CENTER_CELLS`` x ``CENTER_CELLS``
cells in the middle as negatives. Here **nothing is drawn**: each candidate has the probability of being drawn as its
weight. That is the expectation of PySOT's loss, it has less noise, and it depends on the pair alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sdst_edge.training.targets.overlap import iou
from sdst_edge.training.targets.points import known_boxes, points
from sdst_runtime.config import TrackerConfig

__all__ = ["AnchorTargets", "anchor_boxes", "make_anchor_targets"]

POSITIVE_IOU = 0.6
NEGATIVE_IOU = 0.3
POSITIVES = 16
NEGATIVES = 48
UNSHOWN = 16
CENTER_CELLS = 7

#: Shorter sides count as this long, network px: deltas are logarithms.
MIN_SIDE_PX = 0.1


class AnchorTargets(NamedTuple):
    """Maps for A anchors in each of S x S cells.

    Attributes:
        positive: (B, A, S, S) float32, 0..1: weight as a positive.
        negative: (B, A, S, S) float32, 0..1: weight as a negative.
        deltas: (B, 4, A, S, S) float32: dx, dy, dw, dh. Finite; mean something where ``positive`` is not 0.
    """

    positive: Tensor
    negative: Tensor
    deltas: Tensor


def anchor_boxes(config: TrackerConfig, device: torch.device | None = None) -> Tensor:
    """Centre x and y, width and height of all anchors, network px from the search centre: (4, A, S, S) float32."""
    at = points(config, device)
    sides = torch.tensor(config.anchors, dtype=torch.float32, device=device)  # (A, 2)
    parts = (at[None, None, :], at[None, :, None], sides[:, 0, None, None], sides[:, 1, None, None])
    shape = (len(sides), len(at), len(at))
    return torch.stack([part.expand(shape) for part in parts])  # (4, A, S, S)


def make_anchor_targets(boxes_xyxy: Tensor, positive: Tensor, config: TrackerConfig) -> AnchorTargets:
    """Targets of a batch.

    Args:
        boxes_xyxy: (B, 4), network px from the search centre.
        positive: (B,) bool: whether the search region shows the target.
        config: of the tracker.
    """
    anchors = anchor_boxes(config, boxes_xyxy.device)
    boxes = known_boxes(boxes_xyxy, positive)[:, :, None, None, None]  # (B, 4, 1, 1, 1)
    centers, sides = anchors[:2], anchors[2:]
    corners = torch.cat((centers - sides / 2, centers + sides / 2))  # (4, A, S, S)
    overlap = iou(corners[None], boxes, dim=1)  # (B, A, S, S)
    shown = positive[:, None, None, None]
    unshown = (_middle(config, boxes_xyxy.device) & ~shown).expand_as(overlap)
    return AnchorTargets(
        positive=_drawn((overlap > POSITIVE_IOU) & shown, POSITIVES),
        negative=_drawn((overlap < NEGATIVE_IOU) & shown, NEGATIVES) + _drawn(unshown, UNSHOWN),
        deltas=_deltas(boxes, centers, sides),
    )


def _middle(config: TrackerConfig, device: torch.device) -> Tensor:
    """(S, S) bool: cells in the middle of the map."""
    side = config.response_size
    near = (torch.arange(side, device=device) - side // 2).abs() <= CENTER_CELLS // 2
    return near[:, None] & near[None, :]


def _drawn(candidates: Tensor, at_most: int) -> Tensor:
    """The probability of each candidate (B, A, S, S) to be among ``at_most`` that are drawn of its pair's."""
    count = candidates.sum(dim=(1, 2, 3), keepdim=True)  # (B, 1, 1, 1)
    return candidates * (at_most / count.clamp(min=at_most))


def _deltas(boxes_xyxy: Tensor, centers: Tensor, sides: Tensor) -> Tensor:
    """Boxes (B, 4, 1, 1, 1) over anchors (2, A, S, S) as Faster R-CNN codes them (Ren et al. 2015, equation 2)."""
    corner, opposite = boxes_xyxy[:, :2], boxes_xyxy[:, 2:]
    shift = ((corner + opposite) / 2 - centers) / sides
    growth = torch.log((opposite - corner).clamp(min=MIN_SIDE_PX) / sides)
    return torch.cat((shift, growth), dim=1)  # (B, 4, A, S, S)
