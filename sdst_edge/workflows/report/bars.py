"""Attributes as bars for the page: real text that a phone wraps and a screen reader reads, no picture."""

from __future__ import annotations

from html import escape

from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.pages.axis import Axis
from sdst_edge.workflows.report.findings import FEW_SEQUENCES, WEAK_SHARE, AttributeRow, Findings
from sdst_edge.workflows.report.numbers import change_text, score_text

__all__ = ["attribute_bars"]

#: Where a label in the middle of its mark would leave the chart: share of its width.
_NEAR_END = 0.12


def attribute_bars(findings: Findings) -> str:
    """A ``<figure>`` of one bar an attribute, the worst on top, with the overall score as a line through all of them.

    Args:
        findings: with a metric.
    """
    metric, overall = findings.metric, findings.overall
    assert metric is not None
    assert overall is not None
    axis = Axis(max(overall, *(row.score for row in findings.rows if row.score is not None)))
    label = escape(f"{metric.label} by attribute, the worst first")
    return "\n".join(
        (
            f'<figure class="bars" aria-label="{label}">',
            _heads(metric, overall, axis),
            "<ol>",
            *(_bar(row, metric, overall, axis) for row in findings.rows),
            "</ol>",
            _ticks(axis),
            _keys(findings),
            "</figure>",
        )
    )


def _heads(metric: Metric, overall: float, axis: Axis) -> str:
    share = axis.share(overall)
    place = "near-start" if share < _NEAR_END else "near-end" if share > 1 - _NEAR_END else ""
    return (
        '<div class="scale heads"><span class="name">attribute</span>'
        f'<div class="mark"><span class="{place}" style="left:{100 * share:.2f}%">'
        f"overall {score_text(metric, overall)}</span></div>"
        '<span class="value">score</span><span class="change">to overall</span>'
        '<span class="count">seq.</span></div>'
    )


def _bar(row: AttributeRow, metric: Metric, overall: float, axis: Axis) -> str:
    marks = " ".join(name for name, holds in (("weak", row.weak), ("few", row.few)) if holds)
    line = 100 * axis.share(overall)
    track = ""
    if row.score is not None:
        end = 100 * axis.share(row.score)
        if row.weak and end < line:
            track = f'<i class="lost" style="left:{end:.2f}%;right:{100 - line:.2f}%"></i>'
        track += f'<i class="bar" style="width:{end:.2f}%"></i>'
    title = f" <span>{escape(row.title)}</span>" if row.title else ""
    return (
        f'<li class="{marks}"><div class="name"><b>{escape(row.name)}</b>{title}</div>'
        f'<div class="track" aria-hidden="true">{track}<i class="overall" style="left:{line:.2f}%"></i></div>'
        f'<span class="value">{score_text(metric, row.score)}</span>'
        f'<span class="change">{change_text(metric, row.change)}</span>'
        f'<span class="count">{row.sequences:,}</span></li>'
    )


def _ticks(axis: Axis) -> str:
    ticks = "".join(f'<span style="left:{100 * axis.share(tick):.2f}%">{tick:g}</span>' for tick in axis.ticks)
    return f'<div class="scale" aria-hidden="true"><span></span><div class="ticks">{ticks}</div></div>'


def _keys(findings: Findings) -> str:
    keys = []
    if any(row.weak for row in findings.rows):
        keys.append(f'<span><i class="key weak"></i>weak: over {WEAK_SHARE:.0%} {findings.worse_side} overall</span>')
    if any(row.few for row in findings.rows):
        keys.append(f'<span><i class="key few"></i>rests on fewer than {FEW_SEQUENCES} sequences</span>')
    return f'<figcaption class="keys">{"".join(keys)}</figcaption>' if keys else ""
