"""A page as its elements, for tests of what pages hold."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["NASTY", "Page"]

#: Elements that have no end.
VOID = {"link", "meta"}

#: A name that would run a script where a page takes it for markup.
NASTY = "</script><script>alert('1')</script>\"<b a=\"&amp;"


class Page(HTMLParser):
    """The elements of a page; fails where one is not closed.

    Attributes:
        starts: names and attributes in order.
        tables: rows of texts of cells.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.starts: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data
        if {"th", "td"} & set(self._open):
            self.tables[-1][-1][-1] += data

    def all(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        """The attributes of all elements of a name and, where it is given, a class."""
        found = (attributes for name, attributes in self.starts if name == tag)
        return [item for item in found if not kind or kind in (item.get("class") or "").split()]
