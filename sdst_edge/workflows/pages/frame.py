"""The frame of a page: one file that needs nothing else, for the desk, the phone and paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from string import Template

__all__ = ["asset", "page_frame", "section"]


def page_frame(title: str, sections: Iterable[str], style: str) -> str:
    """The whole page as HTML. It runs no script but its own, which sorts tables, and asks for no other file.

    Args:
        title: as text.
        sections: as HTML; empty ones are left out.
        style: of this page, beside what all pages have.
    """
    script = asset(__package__, "page.js")
    digest = hashlib.sha256(script.encode()).digest()
    return Template(asset(__package__, "page.html")).substitute(
        title=escape(title),
        style=asset(__package__, "page.css") + style,
        script=script,
        script_hash=base64.b64encode(digest).decode(),
        content="\n".join(part for part in sections if part),
    )


def asset(package: str, name: str) -> str:
    """Text of a file that lies beside a package's modules."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def section(heading: str, content: str, name: str = "") -> str:
    """A part of the page; heading and content are HTML, the name is for links to it."""
    identity = f' id="{name}"' if name else ""
    return f"<section{identity}>\n<h2>{heading}</h2>\n{content}\n</section>"
