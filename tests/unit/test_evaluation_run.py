"""Running trackers over sequences, with doubles in place of trackers."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.evaluation import evaluate, follow, rule_by_name
from sdst_edge.evaluation.result import EvaluationResult, Speed
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_METRIC

Box = tuple[float, float, float, float]


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class NumberedFrames:
    """Frames filled with their number, which take 10 s each to decode."""

    def __init__(self, count: int, clock: Clock | None = None) -> None:
        self.count, self.clock = count, clock or Clock()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> Any:
        self.clock.now += 10.0
        return np.full((8, 8, 3), index, np.uint8)


class IdentityTracker:
    """Repeats the box it was given."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def init(self, frame: Any, box_xywh: Box) -> None:
        self.box_xywh = box_xywh
        self.seen.append(int(frame[0, 0, 0]))

    def update(self, frame: Any) -> Any:
        self.seen.append(int(frame[0, 0, 0]))
        return self.box_xywh


class ObjectTracker(IdentityTracker):
    """The same, with a result that has more than the box."""

    def update(self, frame: Any) -> Any:
        return SimpleNamespace(box_xywh=super().update(frame), score=0.5)


class TimedTracker(IdentityTracker):
    """The same, and takes 5 s to start and 0.25 s, 0.5 s, 0.75 s, ... to update."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def init(self, frame: Any, box_xywh: Box) -> None:
        super().init(frame, box_xywh)
        self.clock.now += 5.0

    def update(self, frame: Any) -> Any:
        self.clock.now += 0.25 * int(frame[0, 0, 0])
        return super().update(frame)


def sequence(name: str, step_px: float, count: int = 5, clock: Clock | None = None) -> Sequence:
    boxes = np.array([(step_px * index, 0.0, 10.0, 10.0) for index in range(count)])
    return Sequence(name=name, frames=NumberedFrames(count, clock), boxes_xywh=boxes, visible=np.ones(count, np.bool_))


@pytest.mark.parametrize("tracker", [IdentityTracker(), ObjectTracker()], ids=["numbers", "object"])
def test_evaluate_scores_each_sequence_and_their_mean(tracker: IdentityTracker) -> None:
    evaluation = evaluate(tracker, [sequence("still", 0.0), sequence("gone", 100.0)])
    assert [item.name for item in evaluation.sequences] == ["still", "gone"]
    assert [item.scores["ao"] for item in evaluation.sequences] == [1.0, 0.0]
    assert evaluation.sequences[0].scores["success_auc"] == pytest.approx(20 / 21, abs=ABS_METRIC)
    assert evaluation.overall["ao"] == 0.5
    assert (evaluation.rule, evaluation.rule_text) == ("house", HOUSE.description)
    assert evaluation.tracker == type(tracker).__name__
    assert tracker.seen == [0, 1, 2, 3, 4] * 2
    assert (evaluation.sequences[1].frames, evaluation.sequences[1].scored) == (5, 4)
    assert evaluation.curves["success"].thresholds[1] == 0.05
    assert len(evaluation.curves["success"].values) == 21


def test_evaluate_scores_by_another_rule() -> None:
    evaluation = evaluate(IdentityTracker(), [sequence("gone", 100.0)], rule=rule_by_name("otb"))
    assert evaluation.rule == "otb"
    assert evaluation.overall["success_auc"] == pytest.approx(20 / 21 / 5, abs=ABS_METRIC)  # frame 1 counts there


def test_follow_keeps_boxes_and_times_of_all_frames() -> None:
    trajectory = follow(IdentityTracker(), sequence("still", 0.0))
    assert trajectory.boxes_xywh.tolist() == [[0.0, 0.0, 10.0, 10.0]] * 5
    assert trajectory.seconds is not None
    assert trajectory.seconds.shape == (5,)


def test_evaluate_times_update_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr("sdst_edge.evaluation.run.time", clock)
    both = [sequence("long", 0.0, count=4, clock=clock), sequence("short", 0.0, count=3, clock=clock)]
    evaluation = evaluate(TimedTracker(clock), both)
    first, second = (item.speed for item in evaluation.sequences)
    assert first == Speed(fps=3 / 1.5, median_ms=500.0)  # .25, .5, .75
    assert second == Speed(fps=2 / 0.75, median_ms=375.0)  # .25, .5
    assert evaluation.speed == Speed(fps=5 / 2.25, median_ms=500.0)


def test_evaluate_reports_progress() -> None:
    told: list[tuple[int, int, str]] = []
    evaluate(IdentityTracker(), [sequence("a", 0.0), sequence("b", 0.0)], lambda *step: told.append(step))
    assert told == [(0, 2, "a"), (1, 2, "b"), (2, 2, "")]


def test_evaluation_is_read_again_from_its_json(tmp_path: Path) -> None:
    evaluation = evaluate(IdentityTracker(), [sequence("a", 0.0, count=2)])
    (tmp_path / "a.json").write_text(json.dumps(evaluation.to_plain(), allow_nan=False), encoding="utf-8")
    assert EvaluationResult.read(tmp_path / "a.json") == evaluation


def test_evaluate_refuses_no_sequences_and_one_that_cannot_be_scored() -> None:
    with pytest.raises(DatasetError, match="no sequences"):
        evaluate(IdentityTracker(), [])
    with pytest.raises(DatasetError, match=r"sequence short: .*none is left"):
        evaluate(IdentityTracker(), [sequence("short", 0.0, count=1)])


@pytest.mark.parametrize(
    ("visible", "message"),
    [((False, True), "s: the target is absent in frame 1"), ((True, False), "s: .*none is left")],
)
def test_evaluate_refuses_what_cannot_be_scored_before_any_work(visible: tuple[bool, bool], message: str) -> None:
    bad = Sequence(name="s", frames=NumberedFrames(2), boxes_xywh=np.ones((2, 4)), visible=np.array(visible))
    tracker = IdentityTracker()
    with pytest.raises(DatasetError, match=message):
        evaluate(tracker, [sequence("good", 0.0), bad])
    assert tracker.seen == []


def test_evaluate_names_the_frame_of_another_size() -> None:
    frames = [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint8), np.zeros((6, 8, 3), np.uint8)]
    mixed = Sequence(name="mixed", frames=frames, boxes_xywh=np.ones((3, 4)), visible=np.ones(3, np.bool_))
    with pytest.raises(DatasetError, match=r"sequence mixed: frame 3 has shape \(6, 8, 3\), frame 1 \(8, 8, 3\)"):
        evaluate(IdentityTracker(), [mixed])
