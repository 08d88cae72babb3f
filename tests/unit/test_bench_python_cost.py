"""Python's cost and the timers': which frames are timed, and what of them is counted."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_bench.measuring.following import Following
from sdst_bench.measuring.python_cost import (
    WARMUP,
    _Identity,
    _python_alone,
    _share_interval,
    _Switch,
    measure_python_cost,
)
from sdst_bench.measuring.subject import Subject
from sdst_runtime.errors import ConfigError
from tests.toy_clip import CLIP


def test_identity_session_returns_the_maps_of_its_first_match(subject: Subject) -> None:
    identity = _Identity(subject.session)
    z, x = np.zeros(subject.config.template_shape, np.float32), np.zeros(subject.config.search_shape, np.float32)
    template = identity.embed(z)
    maps = identity.match(template, x)
    expected = [values.copy() for values in subject.session.match(template, x)]
    assert identity.match(template, np.ones_like(x)) is maps
    for values, of_session in zip(maps, expected, strict=True):
        np.testing.assert_array_equal(values, of_session)
    template.close()


def test_switch_times_only_the_frames_that_it_is_told_to(subject: Subject) -> None:
    switch = _Switch(subject.session)
    with Following(subject, CLIP, session=switch.session, wrap=switch.wrap) as following:
        for timers in (True, False, False, True, False):
            switch.put(timers)
            following.step()
    assert {name: len(times) for name, times in switch._watch.durations_ns.items() if name != "total"} == {
        "crop": 2,
        "search": 2,
        "head": 2,
        "decode": 2,
    }


def test_switch_finds_what_the_session_finds(subject: Subject) -> None:
    switch = _Switch(subject.session)
    with (
        Following(subject, CLIP, session=switch.session, wrap=switch.wrap) as following,
        Following(subject, CLIP) as plain,
    ):
        for timers in (True, False):
            switch.put(timers)
            following.step()
            plain.step()
            assert following._core.state() == plain._core.state()


def test_python_cost_takes_turns_with_and_without_timers(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []
    put = _Switch.put

    def told(self: _Switch, timers: bool) -> None:
        turns.append(timers)
        put(self, timers)

    monkeypatch.setattr(_Switch, "put", told)
    cost = measure_python_cost(subject, CLIP, frames=8)
    pairs = np.array(turns).reshape(-1, 2)
    assert len(pairs) == WARMUP + 8
    assert (pairs.sum(axis=1) == 1).all()
    assert pairs[WARMUP:, 0].sum() == 4  # either comes first as often
    assert 0 < cost.python_ms < cost.timed_ms
    assert cost.timer_share == pytest.approx((cost.timed_ms - cost.untimed_ms) / cost.untimed_ms)


def test_python_is_what_neither_libsdst_nor_the_session_take(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0]

    def ticking() -> int:
        clock[0] += 1
        return clock[0]

    for module in ("following", "python_cost", "stopwatch"):
        monkeypatch.setattr(f"sdst_bench.measuring.{module}.perf_counter_ns", ticking)
    # The clock is read 13 times: around the frame, crop, decode and the libsdst in both, and three times in the
    # session's two steps. That is 12 ticks, of which libsdst has 1 + 1, and the session 1 + 1.
    assert set(_python_alone(subject, CLIP, 3)) == {8}


def test_interval_of_the_timers_share_is_that_of_the_ratio() -> None:
    untimed = [4_000_000 + 1000 * (index % 7) for index in range(100)]
    interval = _share_interval([round(1.01 * value) for value in untimed], untimed)
    assert (interval.low, interval.high) == (pytest.approx(0.01), pytest.approx(0.01))


def test_python_cost_refuses_no_frames(subject: Subject) -> None:
    with pytest.raises(ConfigError, match="frames is 0"):
        measure_python_cost(subject, CLIP, frames=0)
