"""What somebody may have meant who wrote a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["closest"]


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelt most alike, or abbreviates ``name`` (``lr`` for ``learning_rate``), or None."""
    names = list(known)
    plain = {_plain(item): item for item in reversed(names)}
    if near := difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.65):
        return plain[near[0]]
    short = "".join(word[0] for word in _plain(name).split("_") if word)
    return plain.get(short) if len(short) > 1 else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
