"""What holds for all rules, and where they part, on four frames by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdst_edge.evaluation.rules import RULES, RuleScores, rule_by_name
from sdst_runtime.errors import ConfigError, DatasetError
from tests.file_boxes import CORNER, SIZE_WH, score_file_boxes
from tests.tolerances import ABS_METRIC

#: The target in the four frames, counted from 1.
TRUE = np.array([(11.0, 21.0, 10.0, 10.0)] * 4)

#: A tracker that is right in frame 1 and then nowhere near, in no picture.
LOST = np.vstack([TRUE[:1], TRUE[1:] + np.array((2000.0, 0.0, 0.0, 0.0))])

ONLY_FIRST = (True, False, False, False)

#: Headline of a perfect tracker.
PERFECT = {
    **dict.fromkeys(RULES, 20 / 21),
    **{name: 100 * 20 / 21 for name in RULES if name.startswith("pytracking")},
    "got10k": 1.0,
    "trackingnet": 100.0,
}

#: Headline of a tracker that never overlaps; most rules give it frame 1, TrackingNet's hits at IoU >= 0 everywhere.
NEVER = {
    **dict.fromkeys(RULES, 20 / 21 / 4),
    **{name: 100 * 20 / 21 / 4 for name in RULES if name.startswith("pytracking")},
    "house": 0.0,
    "got10k": 0.0,
    "trackingnet": 25 + 0.05 / 2 * 75,
}

#: Headline where the target is absent after frame 1, the boxes are right all the same, and (None) where none is left.
FIRST_ONLY = {
    **dict.fromkeys(("otb", "got10k-lasot", "pysot", "uav123"), 20 / 21),
    **dict.fromkeys(("lasot", "pysot-lasot"), 20 / 21 / 4),
    **dict.fromkeys(("pytracking", "pytracking-valid"), 100 * 20 / 21),
    **dict.fromkeys(("pytracking-lasot", "pytracking-uav"), 100 * 20 / 21 / 4),
    "trackingnet": 100.0,
    "house": None,
    "got10k": None,
}

#: Headline with a NaN in frame 3's box: NaN or repaired in some, refused (None) by pytracking.
NAN_IN_3 = {
    **dict.fromkeys(("otb", "uav123", "got10k-lasot", "pysot", "pysot-lasot"), 20 / 21 * 3 / 4),
    "house": 20 / 21 * 2 / 3,
    "got10k": np.nan,
    "lasot": 20 / 21,
    "trackingnet": 75.0,
    **dict.fromkeys((name for name in RULES if name.startswith("pytracking")), None),
}


def headline(rule: str, scores: RuleScores) -> float:
    return scores.scores[rule_by_name(rule).metrics[0].key]


def close(value: Any) -> Any:
    return pytest.approx(value, abs=ABS_METRIC, rel=0, nan_ok=True)


def test_rule_by_name_lists_the_names() -> None:
    with pytest.raises(ConfigError, match=r"'lasso'.*house, got10k, otb.*trackingnet"):
        rule_by_name("lasso")


@pytest.mark.parametrize("name", RULES)
def test_rules_are_named_and_say_what_they_give(name: str) -> None:
    rule = RULES[name]
    scores = score_file_boxes(name, TRUE, TRUE)
    assert rule.name == name
    assert list(scores.scores) == [metric.key for metric in rule.metrics]
    assert list(scores.curves) == list(rule.thresholds)
    assert all(scores.curves[key].shape == rule.thresholds[key].shape for key in scores.curves)
    assert all((np.diff(thresholds) > 0).all() for thresholds in rule.thresholds.values())


@pytest.mark.parametrize("name", RULES)
def test_perfect_tracker(name: str) -> None:
    scores = score_file_boxes(name, TRUE, TRUE)
    assert headline(name, scores) == close(PERFECT[name])
    others = [scores.scores[metric.key] for metric in RULES[name].metrics if metric.key != "success_auc"]
    assert others == [close(RULES[name].metrics[0].best)] * len(others)


@pytest.mark.parametrize("name", RULES)
def test_tracker_that_never_overlaps(name: str) -> None:
    assert headline(name, score_file_boxes(name, LOST, TRUE)) == close(NEVER[name])


@pytest.mark.parametrize("name", RULES)
def test_target_absent_but_in_the_first_frame(name: str) -> None:
    value = FIRST_ONLY[name]
    if value is None:
        with pytest.raises(DatasetError, match="of 4 frames none is left to score"):
            score_file_boxes(name, TRUE, TRUE, ONLY_FIRST)
    else:
        assert headline(name, score_file_boxes(name, TRUE, TRUE, ONLY_FIRST)) == close(value)


@pytest.mark.parametrize("name", RULES)
def test_predicted_box_with_a_nan(name: str) -> None:
    predicted = TRUE.copy()
    predicted[2, 2] = np.nan
    value = NAN_IN_3[name]
    if value is None:
        with pytest.raises(DatasetError, match="box of frame 3 has a NaN"):
            score_file_boxes(name, predicted, TRUE)
    else:
        assert headline(name, score_file_boxes(name, predicted, TRUE)) == close(value)


@pytest.mark.parametrize("name", RULES)
def test_infinite_box_is_a_miss(name: str) -> None:
    predicted = TRUE.copy()
    predicted[2] = np.inf
    hits = 2 / 3 if name in ("house", "got10k") else 3 / 4
    value = 75 + 0.05 / 2 * 25 if name == "trackingnet" else PERFECT[name] * hits  # IoU 0 is a hit at IoU >= 0
    assert headline(name, score_file_boxes(name, predicted, TRUE)) == close(value)


@pytest.mark.parametrize(
    ("name", "short", "long"),
    [
        ("house", None, None),
        ("got10k", None, None),
        ("otb", None, None),
        ("uav123", None, None),
        ("got10k-lasot", 20 / 21, 20 / 21),
        ("lasot", None, 20 / 21),
        ("pysot", None, None),
        ("pysot-lasot", None, 20 / 21),
        ("pytracking", 75 * 20 / 21, 100 * 20 / 21),
        ("pytracking-lasot", None, 100 * 20 / 21),
        ("pytracking-uav", 75 * 20 / 21, 100 * 20 / 21),
        ("pytracking-valid", 75 * 20 / 21, 100 * 20 / 21),
        ("trackingnet", 75.0, 100.0),
    ],
)
def test_boxes_too_few_or_too_many_as_the_toolkit_takes_them(
    name: str, short: float | None, long: float | None
) -> None:
    for predicted, value in ((TRUE[:3], short), (np.vstack([TRUE, TRUE[:2]]), long)):
        if value is None:
            with pytest.raises(DatasetError, match=f"{len(predicted)} predicted boxes for 4 frames"):
                score_file_boxes(name, predicted, TRUE)
        else:
            assert headline(name, score_file_boxes(name, predicted, TRUE)) == close(value)


@pytest.mark.parametrize("name", RULES)
def test_arrays_of_other_shapes_are_refused(name: str) -> None:
    for predicted, true, visible in (
        (TRUE[:, :3], TRUE, np.ones(4)),
        (TRUE, TRUE, np.ones(3)),
        (TRUE[:0], TRUE[:0], np.ones(0)),
    ):
        with pytest.raises(DatasetError, match="expected one of each a frame"):
            RULES[name].score(predicted, true, visible, SIZE_WH)


@pytest.mark.parametrize("name", RULES)
def test_inputs_stay_as_they_are(name: str) -> None:
    predicted, true, visible = LOST.copy(), TRUE.copy(), np.array([True, True, True, False])
    predicted[1, 2] = 0.0
    before = predicted.copy()
    RULES[name].score(predicted, true, visible, SIZE_WH)
    assert np.array_equal(predicted, before)
    assert np.array_equal(true, TRUE)
    assert visible.tolist() == [True, True, True, False]


@pytest.mark.parametrize("name", RULES)
def test_mean_of_one_is_itself(name: str) -> None:
    one = score_file_boxes(name, LOST, TRUE)
    mean = RULES[name].mean([one])
    assert mean.scores == {key: close(value) for key, value in one.scores.items()}
    assert all(mean.curves[key].tolist() == close(one.curves[key].tolist()) for key in one.curves)
    assert mean.frames == one.frames


@pytest.mark.parametrize("name", RULES)
def test_mean_weighs_sequences_alike_but_in_got10k(name: str) -> None:
    four, two = score_file_boxes(name, TRUE, TRUE), score_file_boxes(name, LOST[:2], TRUE[:2])
    mean = RULES[name].mean([four, two])
    assert RULES[name].pooled == (name == "got10k")
    share = 3 / 4 if name == "got10k" else 1 / 2  # of the first one's frames: 3 of 3 + 1
    assert headline(name, mean) == close(headline(name, four) * share + headline(name, two) * (1 - share))
    assert mean.frames == four.frames + two.frames


def test_got10k_asks_for_the_size_of_the_pictures() -> None:
    assert [name for name, rule in RULES.items() if rule.needs_size] == ["got10k"]
    with pytest.raises(DatasetError, match="got10k clips boxes to the picture"):
        RULES["got10k"].score(TRUE - CORNER, TRUE - CORNER, np.ones(4))
