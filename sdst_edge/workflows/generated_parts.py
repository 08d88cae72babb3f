"""Parts of a page that a program writes, between two lines of comment each; the words around them are a person's.

::

    <!-- generated: sizes -->
    | file | kB |
    ...
    <!-- end: sizes -->
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sdst_edge.workflows.output_files import replacing
from sdst_runtime.errors import ConfigError

__all__ = ["check_markers", "replace_parts", "update_page"]


def update_page(path: Path, parts: Mapping[str, str]) -> None:
    """Puts the parts into a page; it changes as a whole or not at all.

    Args:
        path: of the page.
        parts: Markdown by the name that the markers give it.

    Raises:
        ConfigError: the page cannot be read, or does not have the markers of each part once and in their order.
    """
    text = replace_parts(_read(path), parts, where=str(path))
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def check_markers(path: Path, names: Iterable[str]) -> None:
    """Refuses a page that :func:`update_page` would refuse: before hours of work instead of after them.

    Raises:
        ConfigError: as :func:`update_page` does.
    """
    replace_parts(_read(path), dict.fromkeys(names, ""), where=str(path))


def replace_parts(page: str, parts: Mapping[str, str], *, where: str = "the page") -> str:
    """The page with other text between the markers; nothing else of it changes.

    Args:
        page: Markdown.
        parts: Markdown by the name that the markers give it.
        where: name of the page, for errors.

    Raises:
        ConfigError: the markers of a part are missing, stand there twice, or the end stands before the beginning.
    """
    for name, text in parts.items():
        first, last = _markers(name)
        lines = page.split("\n")
        found = [[number for number, line in enumerate(lines) if line.strip() == marker] for marker in (first, last)]
        begins, ends = found
        if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
            raise ConfigError(
                f"{where} has {len(begins)} lines '{first}' and {len(ends)} lines '{last}', expected one of each in "
                f"this order; put both where {name!r} belongs"
            )
        page = "\n".join([*lines[: begins[0] + 1], "", *text.strip("\n").split("\n"), "", *lines[ends[0] :]])
    return page


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- generated: {name} -->", f"<!-- end: {name} -->"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; expected a page in Markdown") from None
