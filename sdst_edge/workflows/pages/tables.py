"""Tables that a click on a column's name sorts."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from html import escape

__all__ = ["Column", "head_cell", "number_cell", "sortable_table", "text_cell"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, the class of its cells, and how it is sorted at the start."""

    name: str
    kind: str = "number"
    sorted: str = ""


def sortable_table(caption: str, columns: Items[Column], rows: Iterable[Items[str]], foot: Items[str] = ()) -> str:
    """A table in a frame that scrolls.

    Args:
        caption: for screen readers, as text.
        columns: in order.
        rows: of cells as HTML, one a column.
        foot: cells of a last row that stays last.
    """
    heads = "".join(_column_head(column) for column in columns)
    body = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    below = f"<tfoot><tr>{''.join(foot)}</tr></tfoot>\n" if foot else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">\n<table class="sortable">\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n{below}</table>\n</div>"
    )


def head_cell(text: str, kind: str = "text") -> str:
    """The cell that names a row."""
    return f'<th scope="row" class="{kind}" data-value="{escape(text)}">{escape(text)}</th>'


def text_cell(text: str, kind: str = "text") -> str:
    """A cell of text."""
    return f'<td class="{kind}" data-value="{escape(text)}">{escape(text)}</td>'


def number_cell(value: float | None, text: str, *, weak: bool = False) -> str:
    """A cell that is sorted by a value, and reads a text; cells without a value stay last."""
    sort_by = "" if value is None else f"{value!r}"
    return f'<td class="number{" weak" if weak else ""}" data-value="{sort_by}">{escape(text)}</td>'


def _column_head(column: Column) -> str:
    order = f' aria-sort="{column.sorted}"' if column.sorted else ""
    return f'<th scope="col" class="{column.kind}"{order}><button type="button">{escape(column.name)}</button></th>'
