"""What a list of durations is summed up to. Latencies have long tails: medians and percentiles come before means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "Summary", "median_interval", "resampled_medians", "summarize"]

#: Blocks that a series is cut into, and how often they are drawn.
BLOCKS, RESAMPLES = 10, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Where a figure lies with 95 % confidence.

    Attributes:
        low: lower end.
        high: upper end.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Durations of one stage over many frames, milliseconds.

    Attributes:
        p50: median; percentiles interpolate linearly between the two nearest values.
        p90: nine of ten frames took at most this long.
        p99: ninety-nine of a hundred frames took at most this long.
        max: the slowest frame.
        mean: arithmetic mean.
    """

    p50: float
    p90: float
    p99: float
    max: float
    mean: float


def summarize(durations_ns: Sequence[int] | NDArray[np.int64]) -> Summary:
    """Percentiles and mean of durations given in nanoseconds.

    Raises:
        ValueError: there are none.
    """
    if len(durations_ns) == 0:
        raise ValueError("no durations to sum up")
    times_ms = np.asarray(durations_ns, np.float64) / 1e6
    p50, p90, p99 = (float(value) for value in np.percentile(times_ms, (50, 90, 99)))
    return Summary(p50=p50, p90=p90, p99=p99, max=float(times_ms.max()), mean=float(times_ms.mean()))


def median_interval(times_ms: Sequence[float] | NDArray[np.float64], *, seed: int = 0) -> Interval:
    """95 % interval of the median, by resampling blocks of neighbouring frames: drift and stalls widen it.

    Frames that follow each other are alike, so that resampling them one by one would claim too much. Here the series is
    cut into blocks of a tenth of it, which are drawn with replacement (the non-overlapping block bootstrap, Carlstein
    1986).

    Args:
        times_ms: in the order in which they were measured, at least one.
        seed: of the draws.

    Raises:
        ValueError: there are none.
    """
    medians = resampled_medians(times_ms, seed=seed)
    low, high = (float(value) for value in np.percentile(medians, (2.5, 97.5)))
    return Interval(low=low, high=high)


def resampled_medians(times_ms: Sequence[float] | NDArray[np.float64], *, seed: int = 0) -> NDArray[np.float64]:
    """Medians of resampled series, see :func:`median_interval`; their ratios give intervals of ratios.

    Raises:
        ValueError: there are no times.
    """
    times = np.asarray(times_ms, np.float64)
    if times.size == 0:
        raise ValueError("no durations to resample")
    blocks = np.array_split(times, min(BLOCKS, times.size))
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(blocks), size=(RESAMPLES, len(blocks)))
    return np.array([np.median(np.concatenate([blocks[index] for index in draw])) for draw in draws])
