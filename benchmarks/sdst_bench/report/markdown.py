"""Sections as Markdown, fit to be committed beside the code that was measured."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sdst_bench.report.layout import Facts, Item, Section, Table, one_line
from sdst_bench.report.model import BenchReport
from sdst_bench.report.sections import report_sections

__all__ = ["report_markdown", "section_markdown"]

#: What Markdown would read as more than letters. Underscores inside of words and single ampersands are none.
SIGNS = re.compile(r"[\\`*\[\]<>|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")


def report_markdown(report: BenchReport) -> str:
    """A report as Markdown: command, date, host and figures."""
    title = ", ".join(bundle.name for bundle in report.bundles) or "no bundle"
    return section_markdown(f"Bench of {title}", report_sections(report))


def section_markdown(title: str, sections: Iterable[Section]) -> str:
    """Sections below a heading, in GitHub's Markdown."""
    blocks = [f"# {_text(title)}"]
    for section in sections:
        blocks += [f"## {_text(section.title)}"] if section.title else []
        blocks += [_block(item) for item in section.items]
    return "\n\n".join(blocks) + "\n"


def _block(item: Item) -> str:
    if isinstance(item, Facts):
        return "\n".join(f"- **{_text(name)}**: {_text(text)}" for name, text in item.rows)
    if isinstance(item, Table):
        marks = ["---" if index < item.texts else "---:" for index in range(len(item.columns))]
        rows = [_row(map(_text, item.columns)), _row(marks), *(_row(map(_text, row)) for row in item.rows)]
        return "\n".join([f"{_text(item.title)}:", "", *rows] if item.title else rows)
    return _text(item)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    return SIGNS.sub(r"\\\g<0>", one_line(text))
