"""Dataclasses from JSON or TOML values, and back: unknown keys, missing keys and wrong types are errors.

One reader for manifests and recipes. It knows what their dataclasses use: bool, int, float, str, ``Literal``,
``X | None``, ``tuple[X, ...]``, fixed tuples, ``Mapping[str, X]`` and nested dataclasses.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["from_plain", "to_plain"]

T = TypeVar("T")


def from_plain(cls: type[T], value: object, *, where: str, error: Callable[[str], Exception]) -> T:
    """A ``cls`` read from plain values.

    Args:
        cls: a dataclass.
        value: what ``json`` or ``tomllib`` returned.
        where: name of the value in messages, such as ``manifest``.
        error: makes the exception to raise from a message.

    Raises:
        Exception: ``error(message)`` for an unknown or missing key or a value of another type.
    """
    result: T = _read(cls, value, where, error)
    return result


def to_plain(value: object) -> Any:
    """Plain JSON values of a dataclass, a mapping, a tuple or a scalar; the inverse of :func:`from_plain`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    return value


def _read(kind: Any, value: object, where: str, error: Callable[[str], Exception]) -> Any:
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, where, error)
    if origin is Literal:
        if not any(value == item and type(value) is type(item) for item in get_args(kind)):
            raise error(f"{where} is {value!r}, expected one of {', '.join(map(repr, get_args(kind)))}")
        return value
    if origin in (Union, types.UnionType):
        inner = next(item for item in get_args(kind) if item is not type(None))
        return None if value is None else _read(inner, value, where, error)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, where, error)
    if origin is not None:  # Mapping[str, X]
        if not isinstance(value, dict):
            raise error(f"{where} is {_name(value)}, expected a table")
        key_kind, item_kind = get_args(kind)
        return {
            _read(key_kind, key, f"key {key!r} of {where}", error): _read(item_kind, item, f"{where}.{key}", error)
            for key, item in value.items()
        }
    return _read_scalar(kind, value, where, error)


def _read_dataclass(kind: Any, value: object, where: str, error: Callable[[str], Exception]) -> Any:
    if not isinstance(value, dict):
        raise error(f"{where} is {_name(value)}, expected a table")
    hints = get_type_hints(kind)
    items = {item.name: item for item in dataclasses.fields(kind) if item.init}
    if unknown := sorted(set(value) - set(items)):
        raise error(f"{where} has unknown keys: {', '.join(unknown)}; known are {', '.join(items)}")
    required = {n for n, item in items.items() if _has_no_default(item)}
    if missing := sorted(required - set(value)):
        raise error(f"{where} lacks {', '.join(missing)}")
    return kind(**{key: _read(hints[key], item, f"{where}.{key}", error) for key, item in value.items()})


def _has_no_default(item: Any) -> bool:
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _read_tuple(kinds: tuple[Any, ...], value: object, where: str, error: Callable[[str], Exception]) -> Any:
    if not isinstance(value, (list, tuple)):
        raise error(f"{where} is {_name(value)}, expected a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise error(f"{where} has {len(value)} items, expected {len(kinds)}")
    pairs = zip(kinds, value, strict=True)
    return tuple(_read(kind, item, f"{where}[{i}]", error) for i, (kind, item) in enumerate(pairs))


def _read_scalar(kind: Any, value: object, where: str, error: Callable[[str], Exception]) -> Any:
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
