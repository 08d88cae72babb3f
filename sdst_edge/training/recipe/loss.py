"""Which task losses a run learns from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sdst_edge.training.recipe.ranges import require

__all__ = ["BoxLoss", "Loss", "ScoreLoss"]

ScoreLoss: TypeAlias = Literal["cross-entropy", "focal"]
BoxLoss: TypeAlias = Literal["giou", "iou"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Of the student, or of a teacher, against the annotation.

    Attributes:
        score: of heads of points: ``cross-entropy``, balanced between target and ground, or ``focal``. Anchors have
            balanced NLL, response maps balanced BCE.
        focal_gamma: of the focal loss (Lin et al., ICCV 2017).
        focal_alpha: weight of its positives, 0..1; that of its negatives is the rest to 1.
        box: of heads of points: 1 - GIoU, or -log IoU. Anchors have smooth L1.
        score_weight: of the score loss.
        box_weight: of the box loss.
        centerness_weight: of the centre-ness loss, for heads that have it.
    """

    score: ScoreLoss = "cross-entropy"
    focal_gamma: float = 2.0
    focal_alpha: float = 0.25
    box: BoxLoss = "giou"
    score_weight: float = 1.0
    box_weight: float = 1.0
    centerness_weight: float = 1.0

    def __post_init__(self) -> None:
        require("loss.focal_gamma", self.focal_gamma, 0.0, 10.0)
        require("loss.focal_alpha", self.focal_alpha, 0.0, 1.0)
        for name in ("score_weight", "box_weight", "centerness_weight"):
            require(f"loss.{name}", getattr(self, name), 0.0, 1e4)
