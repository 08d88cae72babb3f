"""Checks of a tracker configuration's numbers and choices."""

from __future__ import annotations

from typing import Any, get_args

from sdst_runtime.errors import ConfigError

__all__ = ["require", "require_choice"]


def require(name: str, value: float, low: float, high: float) -> None:
    """Raises ConfigError unless ``low <= value <= high``; NaN is in no range."""
    if not low <= value <= high:
        raise ConfigError(f"tracker configuration: {name} is {value}, expected a number in [{low:g}, {high:g}]")


def require_choice(name: str, value: str, kind: Any) -> None:
    """Raises ConfigError unless ``value`` is one of the strings of ``kind``, a ``Literal``."""
    if value not in get_args(kind):
        choices = ", ".join(get_args(kind))
        raise ConfigError(f"tracker configuration: {name} is {value!r}, expected one of {choices}")
