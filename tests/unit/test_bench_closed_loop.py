"""Closed loops: which frames are timed and how they add up, never how fast they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_bench.measuring import closed_loop
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.closed_loop import SETTLE, ClosedLoops, LoopPlan, OnProgress
from sdst_bench.measuring.stopwatch import Stopwatch
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.parts import ClosedLoop
from sdst_runtime.errors import ConfigError
from tests.toy_bundle import bright_frame

CLIP = Clip([bright_frame((60, 50))] * 3, [(50.0, 40.0, 20.0, 20.0)] * 3)
MS = 1_000_000


class Scripted:
    """Stands for a subject and what follows with it: each step takes 1 ms of crop and 9 of the rest."""

    def __init__(self, name: str, log: list[str], *, stop_at: int | None = None) -> None:
        self.name = name
        self.watch = Stopwatch()
        self._log, self._stop_at = log, stop_at
        self.steps = 0

    def step(self) -> int:
        self._log.append(self.name)
        self.steps += 1
        if self.steps == self._stop_at:
            raise KeyboardInterrupt
        for name, share in {"crop": 1, "search": 5, "head": 2, "decode": 1}.items():
            self.watch.durations_ns[name].append(share * MS)
        return 10 * MS

    def close(self) -> None:
        self._log.append(f"{self.name} closed")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(closed_loop, "timed_following", lambda subject, clip: (subject, subject.watch))
    return []


def run(
    *subjects: Scripted | Subject, clip: Clip = CLIP, on_progress: OnProgress | None = None, **plan: Any
) -> dict[str, ClosedLoop]:
    with ClosedLoops(subjects, clip, LoopPlan(**plan)) as loops:  # type: ignore[arg-type]
        return loops.take_rounds(on_progress=on_progress)


def test_one_subject_is_warmed_up_and_then_timed(log: list[str]) -> None:
    loop = run(Scripted("a", log), frames=25, warmup=4, rounds=10)["a"]
    assert log == ["a"] * (4 + 10 * SETTLE + 25) + ["a closed"]
    assert (loop.frames, loop.rounds, loop.warmup) == (25, 10, 4)
    assert loop.total_ms == (10.0,) * 25
    assert {name: stage.mean for name, stage in loop.stages.items()} == {
        "crop": 1.0,
        "search": 5.0,
        "head": 2.0,
        "decode": 1.0,
        "glue": 1.0,
    }
    assert (loop.fps, loop.jitter_ms, loop.capture) == (100.0, 0.0, None)
    assert (loop.median_ms.low, loop.median_ms.high) == (10.0, 10.0)


def test_subjects_take_turns_whose_order_is_reversed(log: list[str]) -> None:
    loops = run(Scripted("a", log), Scripted("b", log), frames=6, warmup=0, rounds=3)
    turn = SETTLE + 2
    assert "".join(log[:-2]) == "".join(name * turn for name in "abbaab")
    assert [loop.frames for loop in loops.values()] == [6, 6]


def test_no_more_rounds_than_frames(log: list[str]) -> None:
    assert run(Scripted("a", log), frames=3, warmup=0, rounds=10)["a"].rounds == 3


@pytest.mark.parametrize(("seconds", "frames"), [(2.0, 200), (0.01, 100), (1e4, 5000)])
def test_number_of_frames_follows_from_the_time(seconds: float, frames: int, log: list[str]) -> None:
    loop = run(Scripted("a", log), seconds=seconds, warmup=0)["a"]
    assert (loop.frames, loop.warmup) == (frames, closed_loop.CALIBRATION)


def test_capture_is_summed_up_apart(log: list[str]) -> None:
    clip = Clip(CLIP.frames, CLIP.boxes_xywh)
    clip.capture_ms = (1.0, 3.0)
    capture = run(Scripted("a", log), clip=clip, frames=2)["a"].capture
    assert capture is not None
    assert (capture.p50, capture.max) == (2.0, 3.0)


def test_progress_is_told_after_each_turn(log: list[str]) -> None:
    told: list[tuple[float, str]] = []
    run(Scripted("a", log), Scripted("b", log), frames=2, on_progress=lambda *of: told.append(of))
    assert told == [
        (0.25, "a, round 1 of 2"),
        (0.5, "b, round 1 of 2"),
        (0.75, "b, round 2 of 2"),
        (1.0, "a, round 2 of 2"),
    ]


def test_rounds_are_taken_in_several_visits(log: list[str]) -> None:
    subjects = [Scripted("a", log), Scripted("b", log)]
    with ClosedLoops(subjects, CLIP, LoopPlan(frames=8, warmup=3, rounds=4)) as loops:  # type: ignore[arg-type]
        first = loops.take_rounds(0.5)
        assert {name: (loop.rounds, loop.frames) for name, loop in first.items()} == {"a": (2, 4), "b": (2, 4)}
        log.append("other work")
        assert loops.take_rounds(0.5) == first
        assert log[-1] == "other work"
        last = loops.take_rounds()
    assert {name: (loop.rounds, loop.frames) for name, loop in last.items()} == {"a": (4, 8), "b": (4, 8)}
    turn = SETTLE + 2
    assert "".join(log[log.index("other work") + 1 : -2]) == "".join(name * turn for name in "abba")


def test_a_visit_takes_one_round_at_least(log: list[str]) -> None:
    with ClosedLoops([Scripted("a", log)], CLIP, LoopPlan(frames=1)) as loops:  # type: ignore[list-item]
        assert loops.take_rounds(0.0)["a"].frames == 1


def test_an_interrupted_loop_keeps_its_full_rounds(log: list[str]) -> None:
    stopped = Scripted("b", log, stop_at=2 * SETTLE + 3 + 2)  # in its second turn, of three frames each
    with pytest.raises(Interrupted) as stop:
        run(Scripted("a", log), stopped, frames=9, warmup=0, rounds=3)
    partial = stop.value.partial
    assert isinstance(partial, dict)
    assert {name: (loop.rounds, loop.frames) for name, loop in partial.items()} == {"a": (1, 3), "b": (1, 3)}
    assert log[-2:] == ["b closed", "a closed"]


def test_a_loop_interrupted_in_its_first_round_has_nothing_to_keep(log: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt) as stop:
        run(Scripted("a", log), Scripted("b", log, stop_at=1), frames=9, warmup=0)
    assert not isinstance(stop.value, Interrupted)


@pytest.mark.parametrize("numbers", [{"frames": 0}, {"warmup": -1}, {"rounds": 0}, {"seconds": 0.0}])
def test_numbers_out_of_range_are_refused(numbers: dict[str, Any], log: list[str]) -> None:
    with pytest.raises(ConfigError, match="expected frames, seconds and rounds above 0"):
        run(Scripted("a", log), **numbers)


def test_two_subjects_of_one_name_are_refused(log: list[str]) -> None:
    with pytest.raises(ConfigError, match="two bundles have one name: a, a"):
        run(Scripted("a", log), Scripted("a", log), frames=1)


@pytest.fixture
def subjects(toy_bundle: Path) -> Iterator[list[Subject]]:
    bundle = str(toy_bundle)
    with (
        Subject.open(SubjectRequest(bundle=bundle), CLIP) as baked,
        Subject.open(SubjectRequest(bundle=bundle, session="split"), CLIP) as split,
    ):
        yield [baked, split]


def test_stages_of_a_frame_add_up_to_its_total(subjects: list[Subject]) -> None:
    loops = run(*subjects, frames=12, warmup=1, rounds=3)
    assert list(loops) == ["bundle onnx/fp32", "bundle onnx/fp32 split"]
    for loop in loops.values():
        assert list(loop.stages) == ["crop", "search", "head", "decode", "glue"]
        assert sum(stage.mean for stage in loop.stages.values()) == pytest.approx(loop.total.mean)
        assert np.mean(loop.total_ms) == pytest.approx(loop.total.mean, abs=1e-4)
        assert loop.median_ms.low <= loop.total.p50 <= loop.median_ms.high
        assert 0 < loop.outside_ms < loop.total.mean


def test_outside_the_network_are_crop_decode_and_glue(log: list[str]) -> None:
    assert run(Scripted("a", log), frames=5)["a"].outside_ms == pytest.approx(3.0)
