"""Axes that end at round numbers."""

from __future__ import annotations

import math

__all__ = ["Axis", "LogAxis", "Scale", "tick_text"]

#: Ticks in a decade; the first choice that gives no more than there is room for.
_IN_A_DECADE = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))

#: That a logarithmic axis has room for.
_LOG_TICKS = 6


class Axis:
    """From 0 to a round number at or above ``largest``, in three to five steps of 1, 2 or 5 times a power of ten.

    Attributes:
        start: where it begins: 0, or with ``smallest`` a step at or below it.
        top: where it ends, above the start.
        ticks: ascending, start and top included; with ``exact`` start and top are the values themselves, and ticks
            lie between.
    """

    def __init__(self, largest: float, smallest: float = 0.0, *, exact: bool = False) -> None:
        if largest <= smallest:
            largest = smallest + 1.0
        span = largest - smallest
        power = 10.0 ** math.floor(math.log10(span / 5))
        step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if 5 * step >= span * (1 - 1e-9))
        first = math.floor(smallest / step * (1 + 1e-9))
        last = math.ceil(largest / step * (1 - 1e-9))
        self.ticks = tuple(float(f"{index * step:.12g}") for index in range(first, last + 1))
        self.start, self.top = self.ticks[0], self.ticks[-1]
        if exact:
            self.start, self.top = smallest, largest
            self.ticks = tuple(tick for tick in self.ticks if smallest <= tick <= largest)

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the start, 1 at :attr:`top`."""
        return min(max((value - self.start) / (self.top - self.start), 0.0), 1.0)


class LogAxis:
    """A logarithmic axis from a round number at or below ``smallest`` to one at or above ``largest``.

    Attributes:
        start: where it begins, > 0.
        top: where it ends, above the start.
        ticks: ascending, start and top included.
    """

    def __init__(self, smallest: float, largest: float) -> None:
        for digits in _IN_A_DECADE:
            self.ticks = _log_ticks(smallest, max(largest, smallest), digits)
            if len(self.ticks) <= _LOG_TICKS:
                break
        self.start, self.top = self.ticks[0], self.ticks[-1]

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the start, 1 at :attr:`top`."""
        if value <= self.start:
            return 0.0
        return min(math.log(value / self.start) / math.log(self.top / self.start), 1.0)


#: What plots are drawn on.
Scale = Axis | LogAxis


def tick_text(tick: float) -> str:
    """A tick's number, with a comma between thousands."""
    return f"{tick:,.12g}" if abs(tick) < 1e9 else f"{tick:g}"


def _log_ticks(smallest: float, largest: float, digits: tuple[float, ...]) -> tuple[float, ...]:
    """The last number at or below the smallest, the first above it that reaches the largest, and all between."""
    decades = range(math.floor(math.log10(smallest)) - 1, math.floor(math.log10(largest)) + 3)
    ticks = [float(f"{digit * 10.0**decade:.12g}") for decade in decades for digit in digits]
    first = max(index for index, tick in enumerate(ticks) if tick <= smallest * (1 + 1e-9))
    last = next(index for index, tick in enumerate(ticks) if index > first and tick >= largest * (1 - 1e-9))
    return tuple(ticks[first : last + 1])
