"""Scores of an evaluation: their table, and the files of boxes that official toolkits read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_edge.evaluation import Evaluation, Scores

__all__ = ["score_tables", "write_results"]


def score_tables(evaluation: Evaluation) -> list[RenderableType]:
    """One row a sequence, the mean, and the rule by which they were scored."""
    from rich import box
    from rich.table import Table

    table = Table("sequence", box=box.SIMPLE_HEAD)
    for column in ("updates", "success AUC", "precision 20 px", "AO", "SR 0.5", "FPS", "median ms"):
        table.add_column(column, justify="right", no_wrap=True)
    last = len(evaluation.sequences) - 1
    for number, item in enumerate(evaluation.sequences):
        speed = (f"{item.fps:.1f}", f"{item.median_ms:.2f}")
        table.add_row(item.name, str(item.updates), *_cells(item.scores), *speed, end_section=number == last)
    updates = sum(item.updates for item in evaluation.sequences)
    speed = (f"{evaluation.fps:.1f}", f"{evaluation.median_ms:.2f}")
    table.add_row("mean", str(updates), *_cells(evaluation.mean), *speed)
    return [table, evaluation.rule]


def write_results(folder: Path, evaluation: Evaluation) -> None:
    """Writes ``<folder>/<sequence>/<sequence>_001.txt``, as GOT-10k's toolkit reads them: one box a line, 1-based.

    Args:
        folder: made if it is not there; files in it are replaced.
        evaluation: of sequences with their boxes.
    """
    from sdst_edge.datasets import write_got10k_result

    for item in evaluation.sequences:
        write_got10k_result(folder / item.name / f"{item.name}_001.txt", item.boxes_xywh)


def _cells(scores: Scores) -> tuple[str, ...]:
    values = (scores.success_auc, scores.precision_20, scores.ao, scores.sr_50)
    return tuple(f"{value:.3f}" for value in values)
