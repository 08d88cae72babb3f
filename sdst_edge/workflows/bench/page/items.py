"""Paragraphs, facts and tables of a report's sections as HTML."""

from __future__ import annotations

from html import escape

from sdst_bench.report.layout import Facts, Item, Table

__all__ = ["item_html", "plots"]


def item_html(item: Item) -> str:
    """A paragraph, a list of facts, or a table that scrolls where it is wider than the screen."""
    if isinstance(item, Table):
        return _table(item)
    return _facts(item) if isinstance(item, Facts) else f"<p>{escape(item)}</p>"


def plots(*figures: str) -> str:
    """Figures side by side where there is room; empty ones are left out."""
    shown = "".join(figures)
    return f'<div class="plots">\n{shown}</div>' if shown else ""


def _facts(item: Facts) -> str:
    rows = "\n".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in item.rows)
    return f'<dl class="rows">\n{rows}\n</dl>'


def _table(item: Table) -> str:
    kinds = ["text" if index < item.texts else "number" for index in range(len(item.columns))]
    columns = zip(kinds, item.columns, strict=True)
    heads = "".join(f'<th scope="col" class="{kind}">{escape(name)}</th>' for kind, name in columns)
    rows = "\n".join(f"<tr>{_cells(kinds, row)}</tr>" for row in item.rows)
    title = escape(item.title)
    return (
        f'<h3>{title}</h3>\n<div class="scroll" role="region" tabindex="0" aria-label="{title}">\n<table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _cells(kinds: list[str], row: tuple[str, ...]) -> str:
    first, *others = row
    cells = (f'<td class="{kind}">{escape(text)}</td>' for kind, text in zip(kinds[1:], others, strict=True))
    return f'<th scope="row" class="{kinds[0]}">{escape(first)}</th>{"".join(cells)}'
