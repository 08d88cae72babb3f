"""Scores as texts, and axes that suit them."""

from __future__ import annotations

import math

from sdst_edge.evaluation.rules.rule import Metric

__all__ = ["MISSING", "Axis", "change_text", "count_text", "score_text"]

#: Stands where a score was not measured.
MISSING = "–"

MINUS = "−"


def score_text(metric: Metric, value: float | None) -> str:
    """A score with three decimals, or one on a scale to 100."""
    return MISSING if value is None else _rounded(metric, value).replace("-", MINUS)


def change_text(metric: Metric, change: float | None) -> str:
    """A difference of scores with its sign; the one that rounds to zero has none."""
    if change is None:
        return MISSING
    size = _rounded(metric, abs(change))
    if float(size) == 0:
        return size
    return f"{MINUS if change < 0 else '+'}{size}"


def count_text(count: int, noun: str) -> str:
    """Such as ``1 frame`` or ``1,200 frames``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _rounded(metric: Metric, value: float) -> str:
    return f"{value:.1f}" if metric.best == 100 else f"{value:.3f}"


class Axis:
    """From 0 to a round number at or above ``largest``, in three to five steps of 1, 2 or 5 times a power of ten.

    Attributes:
        top: where it ends, > 0.
        ticks: ascending, 0 and ``top`` included.
    """

    def __init__(self, largest: float) -> None:
        if largest <= 0:
            largest = 1.0
        power = 10.0 ** math.floor(math.log10(largest / 5))
        step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if 5 * step >= largest * (1 - 1e-9))
        steps = math.ceil(largest / step * (1 - 1e-9))
        self.ticks = tuple(float(f"{index * step:.12g}") for index in range(steps + 1))
        self.top = self.ticks[-1]

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the start, 1 at :attr:`top`."""
        return min(max(value / self.top, 0.0), 1.0)
