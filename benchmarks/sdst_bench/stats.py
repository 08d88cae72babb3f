"""What a list of durations is summed up to. Latencies have long tails: medians and percentiles come before means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Summary", "summarize"]


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
