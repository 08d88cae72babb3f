"""One table over another: what ``extends`` and ``--set`` do to a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["merged", "put"]

#: Keys of which a table has one: a new one takes the others' place. What goes with it is in brackets.
_ALTERNATIVES: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {"recipe": (), "checkpoint": (), "bundle": (), "onnx": ("family",)},  # of a teacher
    {"path": ("layout",), "rendered": ()},  # of a source
)
#: Tables that are replaced, because another family has other options.
_WHOLE = ("options",)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both tables in one: tables are merged key by key, anything else, lists and a family's options too, is replaced.

    Args:
        below: what is extended; not changed.
        above: what wins.
    """
    result = dict(below)
    for key in above:
        _make_room(result, key, above)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and key not in _WHOLE:
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def put(table: dict[str, Any], key: str, value: object) -> None:
    """Sets a key, in place; one that it is an alternative to goes."""
    _make_room(table, key, {key: value})
    table[key] = value


def _make_room(table: dict[str, Any], key: str, above: Mapping[str, Any]) -> None:
    for group in _ALTERNATIVES:
        if key not in group or above[key] == "":
            continue
        for other in group.keys() - above.keys():
            if table.pop(other, None):
                for follower in group[other]:
                    table.pop(follower, None)
