"""Percentiles and means against values worked out by hand; intervals against series whose median is known."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_bench.stats import Interval, Summary, median_interval, resampled_medians, summarize

FRAMES, RUNS, TRUE_MS = 800, 20, 6.0
Series = Callable[[np.random.Generator], NDArray[np.float64]]


def test_summarize_gives_milliseconds() -> None:
    durations_ns = [value * 1_000_000 for value in range(101)]  # 0..100 ms
    assert summarize(durations_ns[::-1]) == Summary(p50=50.0, p90=90.0, p99=99.0, max=100.0, mean=50.0)


def test_summarize_of_one_duration_is_that_duration() -> None:
    assert summarize([2_500_000]) == Summary(p50=2.5, p90=2.5, p99=2.5, max=2.5, mean=2.5)


def test_summarize_interpolates_between_two() -> None:
    assert summarize([1_000_000, 3_000_000]).p50 == pytest.approx(2.0)


def test_summarize_refuses_an_empty_list() -> None:
    with pytest.raises(ValueError, match="no durations"):
        summarize([])


def independent(rng: np.random.Generator) -> NDArray[np.float64]:
    """6 ms, and 10 % of noise."""
    return TRUE_MS * np.exp(rng.normal(0, 0.1, FRAMES))


def correlated(rng: np.random.Generator) -> NDArray[np.float64]:
    """6 ms, and 8 % that stay for some 10 frames: a process of moving means."""
    steps = rng.normal(0, 1, FRAMES + 19)
    return TRUE_MS * np.exp(0.08 * np.convolve(steps, np.full(20, 20**-0.5), "valid"))


def jumping(rng: np.random.Generator) -> NDArray[np.float64]:
    """5.7 or 6.3 ms, changing every 40 frames or so, and 5 % of noise."""
    upper = (rng.integers(2) + np.cumsum(rng.random(FRAMES) < 1 / 40)) % 2
    return np.where(upper, 6.3, 5.7) * np.exp(rng.normal(0, 0.05, FRAMES))


def drifting(rng: np.random.Generator) -> NDArray[np.float64]:
    """From 5.7 to 6.3 ms, and 5 % of noise."""
    return np.linspace(5.7, 6.3, FRAMES) * np.exp(rng.normal(0, 0.05, FRAMES))


@cache
def intervals(series: Series) -> list[Interval]:
    """Of so many runs."""
    rng = np.random.default_rng(4)
    return [median_interval(series(rng)) for _ in range(RUNS)]


def meet(one: Interval, other: Interval) -> bool:
    return one.low <= other.high and other.low <= one.high


@pytest.mark.parametrize("series", [independent, correlated, jumping])
def test_median_interval_holds_the_true_median_nearly_always(series: Series) -> None:
    held = sum(item.low <= TRUE_MS <= item.high for item in intervals(series))
    assert held >= 16  # of 20; with 95 % each, fewer would come once in 400 tries


@pytest.mark.parametrize("series", [independent, correlated, jumping, drifting])
def test_median_intervals_of_pairs_of_runs_overlap(series: Series) -> None:
    found = intervals(series)
    assert sum(map(meet, found[::2], found[1::2])) >= 8


def test_median_interval_of_a_steady_series_is_narrow() -> None:
    assert median_interval([2.5] * 300) == Interval(low=2.5, high=2.5)
    assert np.mean([found.high - found.low for found in intervals(independent)]) < 0.03 * TRUE_MS


def test_median_interval_of_a_drift_is_about_as_wide_as_it() -> None:
    for found in intervals(drifting):
        assert 0.4 < found.high - found.low < 1.0  # of 0.6


def test_median_interval_of_correlated_frames_is_wider_than_of_the_same_frames_shuffled() -> None:
    rng = np.random.default_rng(2)
    series = correlated(rng)
    kept, shuffled = median_interval(series), median_interval(rng.permutation(series))
    assert kept.high - kept.low > 1.5 * (shuffled.high - shuffled.low)


def test_median_interval_is_the_same_every_time_and_above_zero() -> None:
    series = [1.0] * 50 + [9.0] * 50
    assert median_interval(series) == median_interval(series)
    assert median_interval(series).low > 0


def test_median_interval_of_one_duration_is_that_duration() -> None:
    found = median_interval([2.5])
    assert (found.low, found.high) == (pytest.approx(2.5), pytest.approx(2.5))


def test_a_drift_that_two_series_share_falls_out_of_their_ratio() -> None:
    drift = np.linspace(5.0, 8.0, 200)
    ratios = resampled_medians(1.1 * drift) / resampled_medians(drift)
    assert ratios == pytest.approx(1.1)


@pytest.mark.parametrize("times", [[], [1.0, -1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_resampling_refuses_what_is_no_duration(times: list[float]) -> None:
    with pytest.raises(ValueError, match="no durations to resample"):
        resampled_medians(times)
