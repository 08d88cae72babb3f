"""Intervals of paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.evaluation.bootstrap import Bootstrap, bootstrap_interval
from sdst_runtime.errors import ConfigError
from tests.tolerances import ABS_METRIC, REL_BOOTSTRAP


def test_interval_of_equal_differences_is_that_difference() -> None:
    low, high = bootstrap_interval(np.full(7, 0.25), np.arange(1.0, 8.0), Bootstrap(resamples=50))
    assert (low, high) == (pytest.approx(0.25, abs=ABS_METRIC), pytest.approx(0.25, abs=ABS_METRIC))


def test_interval_follows_the_normal_one_of_many_sequences() -> None:
    differences = np.random.default_rng(1).normal(0.1, 0.5, 400)
    low, high = bootstrap_interval(differences, np.ones(400), Bootstrap())
    half = 1.96 * differences.std() / np.sqrt(400)
    assert low == pytest.approx(differences.mean() - half, abs=REL_BOOTSTRAP * half)
    assert high == pytest.approx(differences.mean() + half, abs=REL_BOOTSTRAP * half)


def test_interval_of_two_sequences_by_hand() -> None:
    # Both, with odds 1/2; twice the first, twice the second, with 1/4 each: weighted means .25, 0 and 1.
    low, high = bootstrap_interval(np.array([0.0, 1.0]), np.array([3.0, 1.0]), Bootstrap(resamples=2000))
    assert (low, high) == (0.0, 1.0)
    low, high = bootstrap_interval(np.array([0.0, 1.0] * 2), np.array([3.0, 1.0] * 2), Bootstrap(resamples=2000))
    assert 0.0 <= low < 0.25 < high <= 1.0


def test_interval_is_the_same_for_the_same_seed() -> None:
    differences, weights = np.random.default_rng(2).normal(size=30), np.ones(30)
    first = bootstrap_interval(differences, weights, Bootstrap(resamples=1500, seed=5))
    assert first == bootstrap_interval(differences, weights, Bootstrap(resamples=1500, seed=5))
    assert first != bootstrap_interval(differences, weights, Bootstrap(resamples=1500, seed=6))


@pytest.mark.parametrize("options", [{"resamples": 0}, {"seed": -1}])
def test_bootstrap_refuses_what_cannot_be_drawn(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="expected >= 1 and >= 0"):
        Bootstrap(**options)
