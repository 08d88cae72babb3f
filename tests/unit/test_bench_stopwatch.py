"""The timed wrappers hand everything through, and keep one duration a call."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_bench.measuring.stopwatch import WHOLE_STAGES, Stopwatch, TimedCore, TimedSession, TimedWhole, timed
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.session import Outputs, Template

CONFIG = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=5,
    stride_px=8.0,
    score_kind="logit",
    point_origin_px=-16.0,
    window_influence=0.4,
    penalty_k=0.1,
    size_lr=0.3,
    init_center_offset_px=-0.5,
)
BOX = (40.0, 30.0, 24.0, 20.0)


class FakeTemplate:
    size_bytes = 4

    def close(self) -> None:
        pass


class FakeSession:
    """Writes down what it is asked, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.template = FakeTemplate()
        self.features = (np.ones(1, np.float32),)
        self.outputs = (np.zeros((1, 1, 5, 5), np.float32), np.full((1, 4, 5, 5), 8, np.float32))

    def embed(self, z: NDArray[np.float32]) -> Template:
        self.calls.append("embed")
        return self.template

    def search(self, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self.calls.append("search")
        return self.features

    def head(self, template: Template, features: tuple[NDArray[np.float32], ...]) -> Outputs:
        assert template is self.template
        assert features is self.features
        self.calls.append("head")
        return self.outputs

    def close(self) -> None:
        self.calls.append("close")


def frame() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def test_timed_session_runs_the_two_steps_and_keeps_their_durations() -> None:
    session, watch = FakeSession(), Stopwatch()
    wrapped = TimedSession(session, watch)
    x = np.zeros((1, 3, 64, 64), np.float32)
    assert wrapped.embed(x) is session.template
    for _ in range(3):
        assert wrapped.match(session.template, x) is session.outputs
    wrapped.close()
    assert session.calls == ["embed", *["search", "head"] * 3, "close"]
    assert {name: len(values) for name, values in watch.durations_ns.items()} == {
        "crop": 0,
        "search": 3,
        "head": 3,
        "decode": 0,
        "total": 0,
    }


def test_timed_whole_times_a_match_as_one_stage() -> None:
    class WholeSession(FakeSession):
        def match(self, template: FakeTemplate, x: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
            self.calls.append("match")
            return self.outputs

    session, watch = WholeSession(), Stopwatch(WHOLE_STAGES)
    wrapped = TimedWhole(session, watch)
    x = np.zeros((1, 3, 64, 64), np.float32)
    assert wrapped.embed(x) is session.template
    assert wrapped.match(session.template, x) is session.outputs
    wrapped.close()
    assert session.calls == ["embed", "match", "close"]
    assert {name: len(values) for name, values in watch.durations_ns.items()} == {
        "crop": 0,
        "network": 1,
        "decode": 0,
        "total": 0,
    }


def test_timed_core_gives_what_libsdst_gives() -> None:
    plain, watch = NativeTracker(CONFIG), Stopwatch()
    wrapped = TimedCore(NativeTracker(CONFIG), watch)
    outputs = FakeSession().outputs
    np.testing.assert_array_equal(wrapped.template_input(frame(), BOX), plain.template_input(frame(), BOX))
    np.testing.assert_array_equal(wrapped.search_input(frame()), plain.search_input(frame()))
    assert wrapped.decode(*outputs) == plain.decode(*outputs)
    assert wrapped.state() == plain.state()
    assert len(watch.durations_ns["crop"]) == len(watch.durations_ns["decode"]) == 1
    wrapped.close()
    plain.close()


def test_stopwatch_clear_keeps_its_lists() -> None:
    watch = Stopwatch()
    total = watch.durations_ns["total"]
    total.append(5)
    watch.clear()
    assert watch.durations_ns["total"] is total
    assert total == []


def test_timed_session_keeps_nothing_of_a_call_that_failed() -> None:
    session, watch = FakeSession(), Stopwatch()
    wrapped = TimedSession(session, watch)
    with pytest.raises(AssertionError):
        wrapped.match(FakeTemplate(), np.zeros((1, 3, 64, 64), np.float32))
    assert watch.durations_ns["search"] == watch.durations_ns["head"] == []


def test_timed_takes_a_session_as_one_stage_unless_its_steps_are_known() -> None:
    session = FakeSession()
    session.match = lambda template, x: session.outputs  # type: ignore[attr-defined]
    running, watch = timed(session)  # type: ignore[arg-type]
    running.match(session.template, np.zeros((1, 3, 64, 64), np.float32))
    assert watch.stages == WHOLE_STAGES
    assert len(watch.durations_ns["network"]) == 1
