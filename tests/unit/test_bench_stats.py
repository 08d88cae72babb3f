"""Percentiles and means against values worked out by hand."""

from __future__ import annotations

import pytest

from sdst_bench.stats import Summary, summarize


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
