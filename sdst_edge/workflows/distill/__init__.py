"""Training from recipes: the stages that a student needs, in their order, each once."""

from __future__ import annotations

from sdst_edge.workflows.distill.outcome import OnTrain, StageResult
from sdst_edge.workflows.distill.run import run_distillation, run_stages
from sdst_edge.workflows.distill.single import run_training
from sdst_edge.workflows.distill.stage_overrides import StageOverrides
from sdst_edge.workflows.distill.stages import Stage, plan_stages

__all__ = [
    "OnTrain",
    "Stage",
    "StageOverrides",
    "StageResult",
    "plan_stages",
    "run_distillation",
    "run_stages",
    "run_training",
]
