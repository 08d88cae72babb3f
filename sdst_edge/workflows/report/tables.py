"""The page's tables; each can be sorted by a click on a column's name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from collections.abc import Sequence as Items
from dataclasses import dataclass
from html import escape

from sdst_edge.evaluation.result import EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report.findings import Findings, attribute_title, scored_metrics
from sdst_edge.workflows.report.numbers import MISSING, change_text, score_text

__all__ = ["attribute_table", "sequence_table"]


@dataclass(frozen=True, slots=True)
class _Column:
    """A column's name, the class of its cells, and how it is sorted at the start."""

    name: str
    kind: str = "number"
    sorted: str = ""


def attribute_table(result: EvaluationResult, findings: Findings) -> str:
    """The metrics that attributes have, the worst attribute first, and the overall ones below."""
    metric = findings.metric
    metrics = scored_metrics(result.metrics, [item.scores for item in result.attributes.values()])
    titled = any(row.title for row in findings.rows)
    change = f"{metric.label} to overall" if metric else "to overall"
    columns = [_Column("attribute", "text")]
    columns += [_Column("full name", "title")] if titled else []
    columns += [_Column("sequences"), *(_score_column(item, metric) for item in metrics), _Column(change)]
    columns += [_Column("source", "text")]
    rows = []
    for row in findings.rows:
        cells = [_head(row.name)]
        cells += [_text(row.title, "title")] if titled else []
        cells += [_number(row.sequences, f"{row.sequences:,}")]
        cells += [
            _score(item, result.attributes[row.name].scores, weak=row.weak and item == metric) for item in metrics
        ]
        cells += [_number(row.change, change_text(metric, row.change) if metric else MISSING, weak=row.weak)]
        cells += [_text(row.source)]
        rows.append(cells)
    foot = ['<th scope="row">overall</th>'] + (['<td class="title"></td>'] if titled else [])
    foot += [_number(len(result.sequences), f"{len(result.sequences):,}")]
    foot += [*(_score(item, result.overall) for item in metrics), "<td></td>", "<td></td>"]
    return _table("Scores by attribute", columns, rows, foot)


def sequence_table(result: EvaluationResult, findings: Findings) -> str:
    """The metrics that sequences have, the worst sequence first, with its attributes and the tracker's speed."""
    metrics = scored_metrics(result.metrics, [item.scores for item in result.sequences])
    metric = metrics[0] if metrics else None
    weak = {row.name for row in findings.rows if row.weak}
    timed = any(item.speed for item in result.sequences)
    labelled = any(item.attributes for item in result.sequences)
    columns = [_Column("sequence", "wide")]
    columns += [_score_column(item, metric) for item in metrics]
    columns += [_Column("attributes", "wide")] if labelled else []
    columns += [_Column("frames"), _Column("scored")]
    columns += [_Column("FPS"), _Column("median ms")] if timed else []
    rows = []
    for item in sorted(result.sequences, key=lambda item: _goodness(item, metric)):
        cells = [_head(item.name, "wide"), *(_score(each, item.scores) for each in metrics)]
        cells += [_attributes(item.attributes, weak)] if labelled else []
        cells += [_number(item.frames, f"{item.frames:,}"), _number(item.scored, f"{item.scored:,}")]
        cells += _speed(item) if timed else []
        rows.append(cells)
    return _table("Scores by sequence", columns, rows)


def _goodness(item: SequenceResult, metric: Metric | None) -> float:
    """Small for the worst, infinite for no score."""
    score = None if metric is None else item.scores.get(metric.key)
    if score is None or metric is None:
        return float("inf")
    return score if metric.higher_is_better else -score


def _score_column(metric: Metric, sorted_by: Metric | None) -> _Column:
    direction = "ascending" if metric.higher_is_better else "descending"
    return _Column(metric.label, sorted=direction if metric == sorted_by else "")


def _table(caption: str, columns: Items[_Column], rows: Iterable[Items[str]], foot: Items[str] = ()) -> str:
    heads = "".join(_column_head(column) for column in columns)
    body = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    below = f"<tfoot><tr>{''.join(foot)}</tr></tfoot>\n" if foot else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">\n<table class="sortable">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n{below}</table>\n</div>"
    )


def _column_head(column: _Column) -> str:
    order = f' aria-sort="{column.sorted}"' if column.sorted else ""
    return f'<th scope="col" class="{column.kind}"{order}><button type="button">{escape(column.name)}</button></th>'


def _head(text: str, kind: str = "text") -> str:
    return f'<th scope="row" class="{kind}" data-value="{escape(text)}">{escape(text)}</th>'


def _text(text: str, kind: str = "text") -> str:
    return f'<td class="{kind}" data-value="{escape(text)}">{escape(text)}</td>'


def _number(value: float | None, text: str, *, weak: bool = False) -> str:
    sort_by = "" if value is None else f"{value!r}"
    return f'<td class="number{" weak" if weak else ""}" data-value="{sort_by}">{text}</td>'


def _score(metric: Metric, scores: Mapping[str, float | None], *, weak: bool = False) -> str:
    value = scores.get(metric.key)
    return _number(value, score_text(metric, value), weak=weak)


def _attributes(names: Items[str], weak: Set[str]) -> str:
    shown = ", ".join(_attribute(name, weak=name in weak) for name in names)
    return f'<td class="wide" data-value="{escape(" ".join(names))}">{shown or MISSING}</td>'


def _attribute(name: str, *, weak: bool) -> str:
    kind = ' class="weak"' if weak else ""
    return f'<abbr title="{escape(attribute_title(name))}"{kind}>{escape(name)}</abbr>'


def _speed(item: SequenceResult) -> list[str]:
    if item.speed is None:
        return [_number(None, MISSING)] * 2
    fps, median_ms = item.speed.fps, item.speed.median_ms
    return [_number(fps, f"{fps:,.0f}"), _number(median_ms, f"{median_ms:.2f}")]
