"""Sections for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sdst_bench.report.layout import Facts, Item, Section, Table, one_line
from sdst_bench.report.model import BenchReport
from sdst_bench.report.sections import report_sections

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["report_tables", "section_tables"]


def report_tables(report: BenchReport) -> list[RenderableType]:
    """A report for people; lines are plain texts, for a console that reads no markup in them."""
    return section_tables(report_sections(report))


def section_tables(sections: Iterable[Section]) -> list[RenderableType]:
    """Texts and tables of rich, an empty line between sections."""
    from rich.text import Text

    shown: list[RenderableType] = []
    for section in sections:
        shown += [""] if shown else []
        shown += [Text(one_line(section.title), style="bold")] if section.title else []
        shown += [_renderable(item) for item in section.items]
    return shown


def _renderable(item: Item) -> RenderableType:
    if isinstance(item, Table):
        return _figures(item)
    return _facts(item) if isinstance(item, Facts) else one_line(item)


def _figures(item: Table) -> RenderableType:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(one_line(item.title)) if item.title else None
    table = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, column in enumerate(item.columns):
        table.add_column(Text(one_line(column)), justify="left" if index < item.texts else "right", no_wrap=True)
    for row in item.rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    return table


def _facts(item: Facts) -> RenderableType:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, text in item.rows:
        grid.add_row(Text(one_line(name)), Text(one_line(text)))
    return grid
