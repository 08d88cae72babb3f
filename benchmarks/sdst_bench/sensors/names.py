"""Names of sensors that share one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["named_apart"]

T = TypeVar("T")


def named_apart(items: Iterable[tuple[str, T]]) -> dict[str, T]:
    """By name, in order; those that share one are numbered from the second on, such as ``acpitz #2``."""
    by_name: dict[str, T] = {}
    times: dict[str, int] = {}
    for name, item in items:
        times[name] = times.get(name, 0) + 1
        by_name[name if times[name] == 1 else f"{name} #{times[name]}"] = item
    return by_name
