"""The page of an evaluation: what was scored, where it is weak, curves and tables."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from sdst_bench.report.figures import count_text
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.workflows.pages.frame import asset, page_frame, section
from sdst_edge.workflows.pages.plot import Plot
from sdst_edge.workflows.report.bars import attribute_bars
from sdst_edge.workflows.report.curves import CurveChart, curve_charts
from sdst_edge.workflows.report.findings import Findings, find_weakness
from sdst_edge.workflows.report.numbers import score_text
from sdst_edge.workflows.report.tables import attribute_table, sequence_table

__all__ = ["page_text"]


def page_text(result: EvaluationResult, *, command: str = "", json_name: str = "") -> str:
    """The whole page as HTML.

    Args:
        result: what it shows.
        command: that made the evaluation, empty where it is not known.
        json_name: of the evaluation's JSON beside the page, empty where there is none.
    """
    findings = find_weakness(result)
    sections = (
        _evaluated(result),
        _figures(result),
        _weakness(findings),
        section("By attribute", attribute_table(result, findings)) if findings.rows else "",
        _curves(result),
        section("By sequence", sequence_table(result, findings)),
        _skipped(result),
        _again(command, json_name),
    )
    return page_frame(f"{result.tracker} on {result.dataset}", sections, asset(__package__, "page.css"))


def _evaluated(result: EvaluationResult) -> str:
    frames = sum(item.frames for item in result.sequences)
    scored = sum(item.scored for item in result.sequences)
    part = "" if scored == frames else f", {scored:,} {'of them scored' if scored < frames else 'scored over all runs'}"
    facts = [
        f"{escape(result.layout)} layout",
        f"protocol {escape(result.protocol)}",
        count_text(len(result.sequences), "sequence"),
        count_text(frames, "frame") + part,
    ]
    if result.skipped:
        facts.append(f'<a href="#skipped">{count_text(len(result.skipped), "sequence")} skipped</a>')
    return (
        f"<header>\n<h1>{escape(result.tracker)}</h1>\n"
        f'<p class="facts">on <strong>{escape(result.dataset)}</strong>: {"; ".join(facts)}</p>\n'
        f'<p class="facts">Scored by {escape(result.rule_text)} (<code>{escape(result.rule)}</code>)</p>\n'
        "</header>"
    )


def _figures(result: EvaluationResult) -> str:
    figures = [
        (item.label, score_text(item, result.overall.get(item.key)), "" if item.higher_is_better else "lower is better")
        for item in result.metrics
    ]
    if result.speed is not None:
        beside = f"{result.speed.median_ms:.2f} ms median"
        if result.workers > 1:
            beside += f"; {result.workers} processes at once"
        figures.append(("FPS", f"{result.speed.fps:,.0f}", beside))
    items = "\n".join(f"<div><dt>{escape(name)}</dt><dd>{text}{_note(note)}</dd></div>" for name, text, note in figures)
    return f'<dl class="figures">\n{items}\n</dl>'


def _note(text: str) -> str:
    return f' <span class="note">{text}</span>' if text else ""


def _weakness(findings: Findings) -> str:
    weak = ' class="weak"' if any(row.weak for row in findings.rows) else ""
    chart = attribute_bars(findings) if findings.metric else ""
    return (
        f'<section class="weakness">\n<h2{weak}>{escape(findings.heading)}</h2>\n'
        f"<p>{escape(findings.details)}</p>\n{chart}\n</section>"
    )


def _curves(result: EvaluationResult) -> str:
    charts = curve_charts((result,))
    return section("Curves", f'<div class="plots">\n{"".join(map(_curve, charts))}\n</div>') if charts else ""


def _curve(chart: CurveChart) -> str:
    legend = "".join(f'<span><i class="swatch"></i>{escape(line.legend)}</span>' for line in chart.lines)
    return f"<figure>\n<figcaption><b>{chart.title}</b>{legend}</figcaption>\n{_curve_svg(chart)}\n</figure>\n"


def _curve_svg(chart: CurveChart) -> str:
    plot = Plot(x_axis=chart.x_axis, y_axis=chart.y_axis, x_label=chart.x_label, summary=chart.summary)
    curves = (line.curve for line in chart.lines)
    return plot.svg(
        plot.line(zip(curve.thresholds, curve.values, strict=True), f"line-{index}")
        for index, curve in enumerate(curves)
    )


def _skipped(result: EvaluationResult) -> str:
    if not result.skipped:
        return ""
    items = "\n".join(
        f"<li><strong>{escape(item.name)}</strong>: {escape(item.reason)}</li>" for item in result.skipped
    )
    return section("Skipped, and not in the scores", f'<ul class="skipped">\n{items}\n</ul>', "skipped")


def _again(command: str, json_name: str) -> str:
    parts = []
    if command:
        parts.append(f"<pre>{escape(command)}</pre>")
    if json_name:
        link = f'<a href="{escape(quote(json_name))}">{escape(json_name)}</a>'
        parts.append(
            f"<p>{link} beside this page holds all of it for programs, and for "
            f"<code>sdst-edge compare {escape(json_name)} OTHER.json</code>.</p>"
        )
    return section("The same figures again", "\n".join(parts)) if parts else ""
