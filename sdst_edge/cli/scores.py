"""Scores of an evaluation for people: a row a sequence, and a row an attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from sdst_edge.evaluation.result import EvaluationResult, Speed

__all__ = ["attribute_tables", "figure_table", "score_tables", "skipped_text"]


def score_tables(result: EvaluationResult) -> list[RenderableType]:
    """One row a sequence, the figures of the set, what was evaluated, and the rule by which it was scored."""
    table = figure_table(["sequence"], ["frames", *(metric.label for metric in result.metrics), "FPS", "median ms"])
    last = len(result.sequences) - 1
    frames = [item.scored if result.metrics else item.frames for item in result.sequences]
    for number, item in enumerate(result.sequences):
        cells = (*_score_cells(result, item.scores), *_speed_cells(item.speed))
        table.add_row(item.name, str(frames[number]), *cells, end_section=number == last)
    table.add_row("overall", str(sum(frames)), *_score_cells(result, result.overall), *_speed_cells(result.speed))
    texts = [f"{result.tracker} on {result.dataset} ({result.layout}, {result.protocol})", result.rule_text]
    if result.workers > 1 and result.speed is not None:
        texts.append(f"FPS of {result.workers} processes side by side, which slow each other down")
    return [table, *texts]


def attribute_tables(result: EvaluationResult) -> list[RenderableType]:
    """One row an attribute, the worst first, with its difference to the figure of the set, and what stands out."""
    from sdst_edge.workflows.report.findings import find_weakness
    from sdst_edge.workflows.report.numbers import change_text

    found = find_weakness(result)
    if found.metric is None:
        return [f"{found.heading}. {found.details}"]
    columns = ["source", "sequences", f"{found.metric.label} to overall", *(item.label for item in result.metrics)]
    table = figure_table(["attribute"], columns)
    for row in found.rows:
        scores = _score_cells(result, result.attributes[row.name].scores)
        change = change_text(found.metric, row.change)
        table.add_row(row.full_name, row.source, str(row.sequences), change, *scores)
    return [table, f"{found.heading}. {found.details}"]


def skipped_text(result: EvaluationResult) -> str:
    """The sequences that were left out, each with the reason."""
    lines = [f"  {item.name}: {item.reason}" for item in result.skipped]
    return "\n".join([f"left out {len(lines)} of {len(lines) + len(result.sequences)} sequences:", *lines])


def figure_table(texts: Items[str], figures: Iterable[str]) -> Table:
    """A table without rows that is as narrow as it can be.

    Args:
        texts: headers of the first columns; the last of them takes several lines where the terminal is too narrow.
        figures: headers of the others, their words one below the other.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True)
    for number, header in enumerate(texts, start=1):
        table.add_column(header, no_wrap=number < len(texts))
    for header in figures:
        words = header.replace(" ", "\n").replace("@", "\n@")
        table.add_column(words, justify="right", no_wrap=True)
    return table


def _score_cells(result: EvaluationResult, scores: Mapping[str, float | None]) -> list[str]:
    from sdst_edge.workflows.report.numbers import score_text

    return [score_text(metric, scores.get(metric.key)) for metric in result.metrics]


def _speed_cells(speed: Speed | None) -> tuple[str, str]:
    from sdst_edge.workflows.report.numbers import MISSING

    return (MISSING, MISSING) if speed is None else (f"{speed.fps:.1f}", f"{speed.median_ms:.2f}")
