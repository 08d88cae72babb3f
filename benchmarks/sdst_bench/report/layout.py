"""A report as titled sections of plain texts: terminal and Markdown are written from the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Facts", "Item", "Section", "Table", "one_line"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Figures in rows.

    Attributes:
        title: of the table; empty where the section's says it.
        columns: their heads.
        rows: of as many cells as there are columns.
        texts: how many of the first columns hold words; the others hold figures, which stand at the right.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what there is to say of them.

    Attributes:
        rows: name and text.
    """

    rows: tuple[tuple[str, str], ...]


#: A text is a paragraph.
Item: TypeAlias = str | Table | Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Part of a report.

    Attributes:
        title: above it; empty for remarks in front of everything.
        items: below it, in order.
    """

    title: str
    items: tuple[Item, ...]


def one_line(text: str) -> str:
    """The text with what would break a line or steer a terminal spelled out, as Python does; other letters stay."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
