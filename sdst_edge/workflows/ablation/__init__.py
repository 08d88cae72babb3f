"""What each ingredient of distillation brings: one student trained with and without it, at equal budget."""

from __future__ import annotations

from sdst_edge.workflows.ablation.ablation import AblationSettings, run_ablation
from sdst_edge.workflows.ablation.arms import ARMS, OPTIONAL_ARMS, with_arm
from sdst_edge.workflows.ablation.markdown import ablation_markdown
from sdst_edge.workflows.ablation.table import AblationTable, ArmResult, TeacherResult, make_table

__all__ = [
    "ARMS",
    "OPTIONAL_ARMS",
    "AblationSettings",
    "AblationTable",
    "ArmResult",
    "TeacherResult",
    "ablation_markdown",
    "make_table",
    "run_ablation",
    "with_arm",
]
