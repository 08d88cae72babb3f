"""A camera's pace, to the millisecond, by a clock that only moves when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdst_bench.measuring import camera
from sdst_bench.measuring.camera import measure_camera
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.parts import Camera
from sdst_runtime.errors import ConfigError
from tests.toy_bundle import bright_frame

CLIP = Clip([bright_frame((60, 50))] * 5, [(50.0, 40.0, 20.0, 20.0)] * 5)
MS = 1_000_000


class Bench:
    """A clock, and a tracker whose updates take scripted times."""

    def __init__(self, *update_ms: float, wake_ms: float = 0.0) -> None:
        self.now_ns = 7 * MS
        self._updates = iter(update_ms)
        self._wake_ms = wake_ms
        self.frames: list[int] = []

    def __call__(self, subject: object, clip: Clip) -> Bench:
        return self

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self) -> None:
        pass

    def update(self, before: int, index: int) -> int:
        self.frames.append(index)
        took_ms = next(self._updates, None)
        if took_ms is None:
            raise KeyboardInterrupt
        self.now_ns += int(took_ms * MS)
        return int(took_ms * MS)

    def clock(self) -> int:
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_ns += round(seconds * 1e9) + int(self._wake_ms * MS)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Camera]:
    def measure(bench: Bench, *, fps: float = 100.0, seconds: float = 0.04) -> Camera:
        monkeypatch.setattr(camera, "Following", bench)
        nobody: Any = None
        return measure_camera(nobody, CLIP, fps=fps, seconds=seconds, clock_ns=bench.clock, sleep=bench.sleep)

    return measure


def test_a_tracker_that_is_ready_takes_each_frame_as_it_arrives(run: Callable[..., Camera]) -> None:
    bench = Bench(4, 4, 6, 6)
    measured = run(bench)
    assert (measured.frames, measured.processed, measured.dropped) == (4, 4, 0)
    assert measured.latency_ms == (4.0, 4.0, 6.0, 6.0)
    assert measured.seconds == pytest.approx(0.04)
    assert measured.busy_share == pytest.approx(0.5)
    assert bench.frames == [1, 2, 3, 4]


def test_waking_up_is_part_of_the_latency(run: Callable[..., Camera]) -> None:
    assert run(Bench(4, 4, 4, 4, wake_ms=0.5)).latency_ms == (4.0, 4.5, 4.5, 4.5)


def test_a_frame_waits_in_its_slot_for_a_tracker_that_is_a_little_late(run: Callable[..., Camera]) -> None:
    measured = run(Bench(13, 4, 4, 4))
    assert measured.latency_ms == (13.0, 7.0, 4.0, 4.0)  # the second arrived at 10, and was taken at 13
    assert measured.dropped == 0


def test_a_late_tracker_takes_the_newest_frame_and_drops_the_others(run: Callable[..., Camera]) -> None:
    bench = Bench(35, 4, 4)  # 0 is done at 35: of 1, 2 and 3 the last is taken
    measured = run(bench, seconds=0.05)
    assert (measured.frames, measured.processed, measured.dropped) == (5, 3, 2)
    assert measured.latency_ms == (35.0, 9.0, 4.0)
    assert bench.frames == [1, 4, 3]  # the clip goes on, and turns


def test_the_last_frame_is_taken_even_by_a_tracker_that_is_very_late(run: Callable[..., Camera]) -> None:
    measured = run(Bench(1000, 4))
    assert (measured.frames, measured.processed, measured.dropped) == (4, 2, 2)
    assert measured.latency_ms == (1000.0, 974.0)
    assert measured.seconds == pytest.approx(1.004)
    assert measured.busy_share == pytest.approx(1.0)


@pytest.mark.parametrize("fps", [29.97, 30.0, 59.94, 7.0])
def test_no_rate_makes_a_tracker_wait_for_ever(fps: float, run: Callable[..., Camera]) -> None:
    measured = run(Bench(*[1] * 1000), fps=fps, seconds=10.0)
    assert measured.frames == measured.processed == round(fps * 10)


def test_an_interrupted_camera_keeps_what_was_measured(run: Callable[..., Camera]) -> None:
    with pytest.raises(Interrupted) as stop:
        run(Bench(4, 25), seconds=0.09)  # the third update, of frame 3, is broken off
    partial = stop.value.partial
    assert isinstance(partial, Camera)
    assert (partial.frames, partial.processed, partial.dropped) == (2, 2, 0)
    assert partial.latency_ms == (4.0, 25.0)


def test_a_camera_interrupted_at_its_first_frame_has_nothing_to_keep(run: Callable[..., Camera]) -> None:
    with pytest.raises(KeyboardInterrupt) as stop:
        run(Bench())
    assert not isinstance(stop.value, Interrupted)


@pytest.mark.parametrize("numbers", [{"fps": 0.0}, {"fps": float("inf")}, {"seconds": -1.0}, {"seconds": float("nan")}])
def test_numbers_that_cannot_be_are_refused(numbers: dict[str, float], run: Callable[..., Camera]) -> None:
    with pytest.raises(ConfigError, match="expected finite numbers above 0"):
        run(Bench(), **numbers)


def test_camera_of_a_bundle_counts_every_frame(toy_bundle: Path) -> None:
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), CLIP) as subject:
        measured = measure_camera(subject, CLIP, fps=200.0, seconds=0.1)
    assert measured.frames == 20 == measured.processed + measured.dropped
    assert len(measured.latency_ms) == measured.processed
    assert 0 < measured.busy_share <= 1
