"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items

__all__ = ["markdown_table"]


def markdown_table(texts: Items[str], figures: Items[str], rows: Iterable[Items[str]]) -> str:
    """A table whose first columns are texts and whose others are figures, set to the right.

    Args:
        texts: headers of the first columns.
        figures: headers of the others.
        rows: cells.
    """
    rule = "|" + "---|" * len(texts) + "---:|" * len(figures)
    lines = [_row([*texts, *figures]), rule, *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Items[str]) -> str:
    return "| " + " | ".join(cells) + " |"
