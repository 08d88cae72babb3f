"""Checks that the tables of a recipe share."""

from __future__ import annotations

import math

from sdst_runtime.errors import ConfigError

__all__ = ["require"]


def require(name: str, value: float, low: float, high: float) -> None:
    """Refuses a value outside [low, high], and NaN.

    Raises:
        ConfigError: it is outside.
    """
    if not (math.isfinite(value) and low <= value <= high):
        raise ConfigError(f"recipe: {name} is {value}, expected a number in [{low:g}, {high:g}]")
