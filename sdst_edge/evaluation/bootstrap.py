"""How sure a difference of two trackers is, given so few sequences.

The interval is the percentile interval of a paired bootstrap over sequences (Efron and Tibshirani: An Introduction to
the Bootstrap, 1993, chapters 6 and 13). With d_i the difference of the two trackers' figures on sequence i, w_i = 1, or
the number of its scored frames where the rule pools frames, and a sample of n sequences drawn with replacement
(sequence i is drawn c_i times),

    D* = sum_i c_i w_i d_i / sum_i c_i w_i,

and the interval holds the middle 95 % of many D*. Both trackers are scored on the sequences drawn, so what is hard for
both cancels. It says what other sequences of the same kind might give; it knows nothing of a tracker's own chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError

__all__ = ["Bootstrap", "bootstrap_interval"]

COVERAGE = 0.95
#: Samples drawn at once: bounds the memory at 8 bytes x this x sequences.
CHUNK = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """How to draw.

    Attributes:
        resamples: how many samples, >= 1.
        seed: of the generator, >= 0.

    Raises:
        ConfigError: a value out of its range.
    """

    resamples: int = 10_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 1 or self.seed < 0:
            raise ConfigError(f"{self.resamples} resamples and seed {self.seed}, expected >= 1 and >= 0")


def bootstrap_interval(
    differences: NDArray[np.float64], weights: NDArray[np.float64], bootstrap: Bootstrap
) -> tuple[float, float]:
    """The 95 % percentile interval of a weighted mean of paired differences.

    Args:
        differences: (n,), n >= 1.
        weights: (n,), > 0.
        bootstrap: how to draw.

    Returns:
        Its ends. The same seed gives the same ends.
    """
    generator = np.random.default_rng(bootstrap.seed)
    count = len(differences)
    shares = np.full(count, 1.0 / count)
    means = []
    for start in range(0, bootstrap.resamples, CHUNK):
        drawn = generator.multinomial(count, shares, size=min(CHUNK, bootstrap.resamples - start))  # (chunk, n)
        means.append((drawn @ (weights * differences)) / (drawn @ weights))
    tail = 100 * (1 - COVERAGE) / 2
    low, high = np.percentile(np.concatenate(means), (tail, 100 - tail))
    return float(low), float(high)
