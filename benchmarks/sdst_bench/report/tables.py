"""Sections for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sdst_bench.report.figures import NOT_MEASURED
from sdst_bench.report.layout import Facts, Item, Section, Table, one_line
from sdst_bench.report.model import BenchReport
from sdst_bench.report.sections import report_sections

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["report_tables", "section_tables"]


#: Of a usual terminal, and between the columns of a table.
COLUMNS, GAP = 80, 2


def report_tables(report: BenchReport) -> list[RenderableType]:
    """A report for people; lines are plain texts, for a console that reads no markup in them."""
    return section_tables(report_sections(report))


def section_tables(sections: Iterable[Section]) -> list[RenderableType]:
    """Texts and tables of rich, empty lines between sections and around tables."""
    from rich.text import Text

    shown: list[RenderableType] = []
    for section in sections:
        shown += [Text(one_line(section.title), style="bold")] if section.title else []
        for item in section.items:
            shown += [_renderable(item)] if isinstance(item, str) else [_renderable(item), ""]
        shown += [""] if shown and shown[-1] != "" else []
    return shown[:-1]


def _renderable(item: Item) -> RenderableType:
    if isinstance(item, Table):
        return _figures(item)
    return _facts(item) if isinstance(item, Facts) else one_line(item)


def _figures(item: Table) -> RenderableType:
    """A table whose figures stay whole; where it would be wider than a terminal, words of heads and names wrap."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(one_line(item.title)) if item.title else None
    table = RichTable(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False
    )
    columns = [list(map(one_line, (head, *cells))) for head, *cells in zip(item.columns, *item.rows, strict=True)]
    is_wide = sum(max(map(len, column)) + GAP for column in columns) > COLUMNS
    for index, column in enumerate(columns):
        if index < item.texts:
            table.add_column(Text(column[0]), min_width=max(map(_longest_word, column)))
        else:
            table.add_column(Text(column[0]), justify="right", width=_width(column) if is_wide else None)
    for row in item.rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    return table


def _width(column: list[str]) -> int:
    """Of a column of figures whose head wraps, and ``not measured`` with it."""
    head, *cells = column
    return max([_longest_word(head), *(_longest_word(cell) if cell == NOT_MEASURED else len(cell) for cell in cells)])


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _facts(item: Facts) -> RenderableType:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, text in item.rows:
        grid.add_row(Text(one_line(name)), Text(one_line(text)))
    return grid
