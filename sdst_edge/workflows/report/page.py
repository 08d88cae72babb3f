"""The page: one file that needs nothing else, for the desk, the phone and paper."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.workflows.report.bars import attribute_bars
from sdst_edge.workflows.report.curves import CurveChart, curve_charts
from sdst_edge.workflows.report.findings import Findings, find_weakness
from sdst_edge.workflows.report.numbers import count_text, score_text
from sdst_edge.workflows.report.svg import curve_svg
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
        _section("By attribute", attribute_table(result, findings)) if findings.rows else "",
        _curves(result),
        _section("By sequence", sequence_table(result, findings)),
        _skipped(result),
        _again(command, json_name),
    )
    script = _asset("page.js")
    digest = hashlib.sha256(script.encode()).digest()
    return Template(_asset("page.html")).substitute(
        title=escape(f"{result.tracker} on {result.dataset}"),
        style=_asset("page.css"),
        script=script,
        script_hash=base64.b64encode(digest).decode(),
        content="\n".join(section for section in sections if section),
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _section(heading: str, content: str, name: str = "") -> str:
    identity = f' id="{name}"' if name else ""
    return f"<section{identity}>\n<h2>{heading}</h2>\n{content}\n</section>"


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
    return _section("Curves", f'<div class="curves">\n{"".join(map(_curve, charts))}\n</div>') if charts else ""


def _curve(chart: CurveChart) -> str:
    legend = "".join(f'<span><i class="swatch"></i>{escape(line.legend)}</span>' for line in chart.lines)
    return f"<figure>\n<figcaption><b>{chart.title}</b>{legend}</figcaption>\n{curve_svg(chart)}\n</figure>\n"


def _skipped(result: EvaluationResult) -> str:
    if not result.skipped:
        return ""
    items = "\n".join(
        f"<li><strong>{escape(item.name)}</strong>: {escape(item.reason)}</li>" for item in result.skipped
    )
    return _section("Skipped, and not in the scores", f'<ul class="skipped">\n{items}\n</ul>', "skipped")


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
    return _section("The same figures again", "\n".join(parts)) if parts else ""
