"""Scores of trackers by the house rule, from any object with ``init`` and ``update``. NumPy only."""

from __future__ import annotations

from sdst_edge.evaluation.metrics import (
    average_overlap,
    center_error_px,
    iou,
    precision_at,
    success_auc,
    success_curve,
    success_rate,
)
from sdst_edge.evaluation.protocol import HOUSE_RULE, Scores, mean_scores, score_boxes
from sdst_edge.evaluation.run import Evaluation, SequenceEvaluation, Trackable, evaluate

__all__ = [
    "HOUSE_RULE",
    "Evaluation",
    "Scores",
    "SequenceEvaluation",
    "Trackable",
    "average_overlap",
    "center_error_px",
    "evaluate",
    "iou",
    "mean_scores",
    "precision_at",
    "score_boxes",
    "success_auc",
    "success_curve",
    "success_rate",
]
