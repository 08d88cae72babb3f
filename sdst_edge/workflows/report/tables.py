"""The page's tables; each can be sorted by a click on a column's name."""

from __future__ import annotations

from collections.abc import Mapping, Set
from collections.abc import Sequence as Items
from html import escape

from sdst_edge.evaluation.result import EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.pages.tables import Column, head_cell, number_cell, sortable_table, text_cell
from sdst_edge.workflows.report.findings import Findings, attribute_title, scored_metrics
from sdst_edge.workflows.report.numbers import MISSING, change_text, score_text

__all__ = ["attribute_table", "sequence_table"]


def attribute_table(result: EvaluationResult, findings: Findings) -> str:
    """The metrics that attributes have, the worst attribute first, and the overall ones below."""
    metric = findings.metric
    metrics = scored_metrics(result.metrics, [item.scores for item in result.attributes.values()])
    titled = any(row.title for row in findings.rows)
    change = f"{metric.label} to overall" if metric else "to overall"
    columns = [Column("attribute", "text")]
    columns += [Column("full name", "title")] if titled else []
    columns += [Column("sequences"), *(_score_column(item, metric) for item in metrics), Column(change)]
    columns += [Column("source", "text")]
    rows = []
    for row in findings.rows:
        cells = [head_cell(row.name)]
        cells += [text_cell(row.title, "title")] if titled else []
        cells += [number_cell(row.sequences, f"{row.sequences:,}")]
        cells += [
            _score(item, result.attributes[row.name].scores, weak=row.weak and item == metric) for item in metrics
        ]
        cells += [number_cell(row.change, change_text(metric, row.change) if metric else MISSING, weak=row.weak)]
        cells += [text_cell(row.source)]
        rows.append(cells)
    foot = ['<th scope="row">overall</th>'] + (['<td class="title"></td>'] if titled else [])
    foot += [number_cell(len(result.sequences), f"{len(result.sequences):,}")]
    foot += [*(_score(item, result.overall) for item in metrics), "<td></td>", "<td></td>"]
    return sortable_table("Scores by attribute", columns, rows, foot)


def sequence_table(result: EvaluationResult, findings: Findings) -> str:
    """The metrics that sequences have, the worst sequence first, with its attributes and the tracker's speed."""
    metrics = scored_metrics(result.metrics, [item.scores for item in result.sequences])
    metric = metrics[0] if metrics else None
    weak = {row.name for row in findings.rows if row.weak}
    timed = any(item.speed for item in result.sequences)
    labelled = any(item.attributes for item in result.sequences)
    columns = [Column("sequence", "wide")]
    columns += [_score_column(item, metric) for item in metrics]
    columns += [Column("attributes", "wide")] if labelled else []
    columns += [Column("frames"), Column("scored")]
    columns += [Column("FPS"), Column("median ms")] if timed else []
    rows = []
    for item in sorted(result.sequences, key=lambda item: _goodness(item, metric)):
        cells = [head_cell(item.name, "wide"), *(_score(each, item.scores) for each in metrics)]
        cells += [_attributes(item.attributes, weak)] if labelled else []
        cells += [number_cell(item.frames, f"{item.frames:,}"), number_cell(item.scored, f"{item.scored:,}")]
        cells += _speed(item) if timed else []
        rows.append(cells)
    return sortable_table("Scores by sequence", columns, rows)


def _goodness(item: SequenceResult, metric: Metric | None) -> float:
    """Small for the worst, infinite for no score."""
    score = None if metric is None else item.scores.get(metric.key)
    if score is None or metric is None:
        return float("inf")
    return score if metric.higher_is_better else -score


def _score_column(metric: Metric, sorted_by: Metric | None) -> Column:
    direction = "ascending" if metric.higher_is_better else "descending"
    return Column(metric.label, sorted=direction if metric == sorted_by else "")


def _score(metric: Metric, scores: Mapping[str, float | None], *, weak: bool = False) -> str:
    value = scores.get(metric.key)
    return number_cell(value, score_text(metric, value), weak=weak)


def _attributes(names: Items[str], weak: Set[str]) -> str:
    shown = ", ".join(_attribute(name, weak=name in weak) for name in names)
    return f'<td class="wide" data-value="{escape(" ".join(names))}">{shown or MISSING}</td>'


def _attribute(name: str, *, weak: bool) -> str:
    kind = ' class="weak"' if weak else ""
    return f'<abbr title="{escape(attribute_title(name))}"{kind}>{escape(name)}</abbr>'


def _speed(item: SequenceResult) -> list[str]:
    if item.speed is None:
        return [number_cell(None, MISSING)] * 2
    fps, median_ms = item.speed.fps, item.speed.median_ms
    return [number_cell(fps, f"{fps:,.0f}"), number_cell(median_ms, f"{median_ms:.2f}")]
