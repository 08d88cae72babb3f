"""Trackers run over sequences, and their figures, from any object with ``init`` and ``update``. NumPy only.

:func:`evaluate` does both in one call, by the house rule or any of :data:`~sdst_edge.evaluation.rules.RULES`.
"""

from __future__ import annotations

from sdst_edge.evaluation.metrics import (
    center_error_px,
    iou,
)
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.evaluation.rules import RULES, rule_by_name
from sdst_edge.evaluation.run import Trackable, evaluate, follow
from sdst_edge.evaluation.scoring import score_trajectory, summarize
from sdst_edge.evaluation.trajectory import Trajectory

__all__ = [
    "RULES",
    "EvaluationResult",
    "Trackable",
    "Trajectory",
    "center_error_px",
    "evaluate",
    "follow",
    "iou",
    "rule_by_name",
    "score_trajectory",
    "summarize",
]
