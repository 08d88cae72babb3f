"""From trajectories to the figures of a set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.evaluation import Trajectory, rule_by_name
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.scoring import ScoredSequence, finite_scores, score_trajectory, speed_of, summarize
from sdst_runtime.errors import DatasetError

FRAME = np.zeros((8, 8, 3), np.uint8)


def sequence(name: str, count: int = 5) -> Sequence:
    boxes = np.array([(10.0, 10.0, 20.0, 10.0)] * count)
    return Sequence(name=name, frames=[FRAME] * count, boxes_xywh=boxes, visible=np.ones(count, np.bool_))


def scored(name: str, off_px: float, count: int = 5, **attributes: str) -> ScoredSequence:
    item = sequence(name, count)
    trajectory = Trajectory(name=name, boxes_xywh=item.boxes_xywh + np.array((off_px, 0, 0, 0)))
    return score_trajectory(HOUSE, item, trajectory, attributes)


def test_summarize_scores_attributes_over_the_sequences_that_hold_them() -> None:
    items = [scored("a", 0.0, OCC="labelled"), scored("b", 100.0, OCC="labelled", SV="derived"), scored("c", 0.0)]
    result = summarize(HOUSE, items, tracker="t", order=["IV", "SV", "OCC"])
    assert list(result.attributes) == ["SV", "OCC"]
    occluded, scaled = result.attributes["OCC"], result.attributes["SV"]
    assert (occluded.scores["ao"], occluded.sequences, occluded.source) == (0.5, 2, "labelled")
    assert (scaled.scores["ao"], scaled.sequences, scaled.source) == (0.0, 1, "derived")
    assert result.overall["ao"] == pytest.approx(2 / 3)
    assert [item.attributes for item in result.sequences] == [("OCC",), ("OCC", "SV"), ()]


def test_summarize_pools_frames_where_the_rule_does() -> None:
    rule = rule_by_name("got10k")
    pair = []
    for name, off_px, count in (("long", 0.0, 10), ("short", 100.0, 4)):
        item = sequence(name, count)
        trajectory = Trajectory(name=name, boxes_xywh=item.boxes_xywh + np.array((off_px, 0, 0, 0)))
        pair.append(score_trajectory(rule, replaced_size(item), trajectory))
    result = summarize(rule, pair, tracker="t")
    assert result.pooled
    assert result.overall["ao"] == pytest.approx(9 / 12)
    assert [item.scored for item in result.sequences] == [9, 3]


def replaced_size(item: Sequence) -> Sequence:
    return Sequence(
        name=item.name, frames=item.frames, boxes_xywh=item.boxes_xywh, visible=item.visible, size_wh=(300, 200)
    )


def test_score_trajectory_asks_for_the_size_of_pictures_only_where_the_rule_does() -> None:
    item = sequence("tiny")  # of 8x8 px, so that all its boxes lie outside
    trajectory = Trajectory(name="tiny", boxes_xywh=item.boxes_xywh)
    assert score_trajectory(HOUSE, item, trajectory).scores.scores["ao"] == 1.0
    assert score_trajectory(rule_by_name("got10k"), item, trajectory).scores.scores["ao"] < 1.0


@pytest.mark.parametrize(
    ("rule", "metric", "expected"),
    [("lasot", "precision_20", 1.0), ("lasot", "success_auc", 16 / 21), ("house", "ao", 1.0)],
)
def test_score_trajectory_counts_marked_frames_as_toolkits_do(rule: str, metric: str, expected: float) -> None:
    """Frame 2 of 5 has a box without area and is not marked as absent: a miss, and in precision a hit, in LaSOT."""
    item = sequence("tiger-6")
    boxes = item.boxes_xywh.copy()
    boxes[1] = (10, 10, 20, -1)
    item = replace(item, boxes_xywh=boxes, visible=np.arange(5) != 1, marked_visible=np.ones(5, np.bool_), origin=1.0)
    scores = score_trajectory(rule_by_name(rule), item, Trajectory(name="tiger-6", boxes_xywh=sequence("").boxes_xywh))
    assert scores.scores.scores[metric] == pytest.approx(expected)


def test_score_trajectory_names_the_sequence() -> None:
    item = sequence("short")
    with pytest.raises(DatasetError, match=r"sequence short: 4 predicted boxes for 5 frames"):
        score_trajectory(HOUSE, item, Trajectory(name="short", boxes_xywh=item.boxes_xywh[:4]))


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("name", ["house", "otb", "pysot", "trackingnet"])
def test_score_trajectory_refuses_a_sequence_whose_boxes_are_kept_from_us(name: str, count: int) -> None:
    item = sequence("test", count)
    item = replace(item, visible=np.arange(count) == 0)
    with pytest.raises(DatasetError, match=r"sequence test: of \d frames none is left to score: .* test sets"):
        score_trajectory(rule_by_name(name), item, Trajectory(name="test", boxes_xywh=item.boxes_xywh))


def test_summarize_refuses_no_sequences() -> None:
    with pytest.raises(DatasetError, match="no sequences"):
        summarize(HOUSE, [], tracker="t")


def test_finite_scores_puts_none_for_what_json_cannot_hold() -> None:
    assert finite_scores({"a": 0.5, "b": float("nan"), "c": float("inf")}) == {"a": 0.5, "b": None, "c": None}


def test_speed_of_is_none_unless_all_was_measured() -> None:
    seconds = np.array([0.25, 0.75])
    speed = speed_of([seconds, np.array([0.5])])
    assert speed is not None
    assert (speed.fps, speed.median_ms) == (2.0, 500.0)
    assert speed_of([seconds, None]) is None
    assert speed_of([np.zeros(3)]) is None
    assert speed_of([]) is None
