"""Dataclasses from JSON or TOML values, and back: unknown keys, missing keys and wrong types are errors.

One reader for manifests and recipes. It knows what their dataclasses use: bool, int, float, str, ``Literal``,
``X | None``, ``tuple[X, ...]``, fixed tuples, ``Mapping[str, X]`` and nested dataclasses.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from sdst_runtime.suggestions import closest

__all__ = ["check_plain", "from_plain", "to_plain"]

T = TypeVar("T")
MakeError: TypeAlias = Callable[[str], Exception]


def from_plain(cls: type[T], value: object, *, where: str, error: MakeError) -> T:
    """A ``cls`` read from plain values.

    Args:
        cls: a dataclass.
        value: what ``json`` or ``tomllib`` returned.
        where: name of the value in messages, such as ``manifest``; or of its file, ending in ``": "``, which goes in
            front of the keys' names.
        error: makes the exception to raise from a message.

    Raises:
        Exception: ``error(message)`` for an unknown or missing key or a value of another type.
    """
    result: T = _read(cls, value, where, error)
    return result


def check_plain(cls: type, value: object, *, where: str, error: MakeError) -> None:
    """Checks part of a ``cls``, in which keys may be missing: no key is unknown, no value of another type.

    Args:
        cls: a dataclass.
        value: as for :func:`from_plain`.
        where: likewise.
        error: likewise.

    Raises:
        Exception: ``error(message)`` for an unknown key or a value of another type.
    """
    _read(cls, value, where, error, partial=True)


def to_plain(value: object) -> Any:
    """Plain JSON values of a dataclass, a mapping, a tuple or a scalar; the inverse of :func:`from_plain`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    return value


def _read(kind: Any, value: object, where: str, error: MakeError, *, partial: bool = False) -> Any:
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, where, error, partial=partial)
    if origin is Literal:
        if not any(value == item and type(value) is type(item) for item in get_args(kind)):
            raise error(f"{where} is {value!r}, expected one of {', '.join(map(repr, get_args(kind)))}")
        return value
    if origin in (Union, types.UnionType):
        inner = next(item for item in get_args(kind) if item is not type(None))
        return None if value is None else _read(inner, value, where, error, partial=partial)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, where, error, partial=partial)
    if origin is not None:  # Mapping[str, X]
        if not isinstance(value, dict):
            raise error(f"{_whole(where)} is {_name(value)}, expected a table")
        key_kind, item_kind = get_args(kind)
        return {
            _read(key_kind, key, f"key {key!r} of {where}", error): _read(
                item_kind, item, _inside(where, key), error, partial=partial
            )
            for key, item in value.items()
        }
    return _read_scalar(kind, value, where, error)


def _read_dataclass(kind: Any, value: object, where: str, error: MakeError, *, partial: bool) -> Any:
    if not isinstance(value, dict):
        raise error(f"{_whole(where)} is {_name(value)}, expected a table")
    hints = get_type_hints(kind)
    items = {item.name: item for item in dataclasses.fields(kind) if item.init}
    if unknown := sorted(set(value) - set(items)):
        raise error(f"{_whole(where)} has {_unknown(unknown, kind)}")
    required = {n for n, item in items.items() if _has_no_default(item)}
    if not partial and (missing := sorted(required - set(value))):
        raise error(f"{_whole(where)} lacks {', '.join(missing)}")
    read = {key: _read(hints[key], item, _inside(where, key), error, partial=partial) for key, item in value.items()}
    return None if partial else kind(**read)


def _unknown(names: list[str], kind: Any) -> str:
    """What is wrong with keys that ``kind`` does not have, and what may have been meant."""
    known, deeper = [item.name for item in dataclasses.fields(kind) if item.init], _deeper(kind)
    meant = {name: closest(name, known) or deeper.get(name) for name in names}
    if len(names) == 1 and meant[names[0]]:
        return f"an unknown key {names[0]!r}; did you mean {meant[names[0]]!r}?"
    listed = [f"{name!r} (did you mean {meant[name]!r}?)" if meant[name] else f"{name!r}" for name in names]
    ending = "" if all(meant.values()) else f"; known are {', '.join(known)}"
    return f"{'an unknown key' if len(names) == 1 else 'unknown keys:'} {', '.join(listed)}{ending}"


def _deeper(kind: Any, prefix: str = "") -> dict[str, str]:
    """Keys of the tables below a dataclass, each to where it belongs, such as ``lr`` to ``optimization.lr``."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(kind).items():
        inner = next((item for item in (hint, *get_args(hint)) if dataclasses.is_dataclass(item)), None)
        if inner is not None and get_origin(hint) in (None, Union, types.UnionType):
            names = [item.name for item in dataclasses.fields(inner)]
            found = {**_deeper(inner, f"{prefix}{name}."), **{key: f"{prefix}{name}.{key}" for key in names}, **found}
    return found


def _inside(where: str, key: object) -> str:
    return f"{where}{key}" if where.endswith(": ") else f"{where}.{key}"


def _whole(where: str) -> str:
    return where.removesuffix(": ")


def _has_no_default(item: Any) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _read_tuple(kinds: tuple[Any, ...], value: object, where: str, error: MakeError, *, partial: bool) -> Any:
    if not isinstance(value, (list, tuple)):
        raise error(f"{where} is {_name(value)}, expected a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise error(f"{where} has {len(value)} items, expected {len(kinds)}")
    pairs = zip(kinds, value, strict=True)
    return tuple(_read(kind, item, f"{where}[{i}]", error, partial=partial) for i, (kind, item) in enumerate(pairs))


def _read_scalar(kind: Any, value: object, where: str, error: MakeError) -> Any:
    if kind is Any:
        return value
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if not abs(value) <= sys.float_info.max:  # NaN, infinity (JSON's 1e999), or an int too large for a float
            raise error(f"{where} is not finite, expected a number that a 64-bit float holds")
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise error(f"{where} is {value!r} ({_name(value)}), expected {kind.__name__}")
    return value


def _name(value: object) -> str:
    return "null" if value is None else type(value).__name__
