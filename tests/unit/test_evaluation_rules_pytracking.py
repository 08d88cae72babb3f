"""The rules of pytracking's analysis, by hand, in percent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdst_runtime.errors import DatasetError
from tests.file_boxes import score_file_boxes
from tests.tolerances import ABS_METRIC

TRUE = np.array([(11.0, 21.0, 10.0, 10.0)] * 4)
FAR = np.array((900.0, 900.0, 10.0, 10.0))
KINDS = ("pytracking", "pytracking-lasot", "pytracking-uav", "pytracking-valid")
LAST_ABSENT = (True, True, True, False)


def close(value: Any) -> Any:
    return pytest.approx(value, abs=ABS_METRIC)


@pytest.mark.parametrize("name", KINDS)
def test_boxes_with_a_side_of_0_become_the_one_before(name: str) -> None:
    predicted = TRUE.copy()
    predicted[2:] = (900.0, 900.0, 10.0, 0.0)
    assert score_file_boxes(name, predicted, TRUE).scores["success_auc"] == close(2000 / 21)


@pytest.mark.parametrize("name", KINDS)
def test_frame_2_takes_the_trackers_own_first_box(name: str) -> None:
    predicted = TRUE.copy()
    predicted[0], predicted[1] = FAR, 0.0
    assert score_file_boxes(name, predicted, TRUE).scores["success_auc"] == close(1500 / 21)


@pytest.mark.parametrize("name", KINDS)
def test_boxes_of_zeros_from_the_start_on_miss(name: str) -> None:
    predicted = TRUE.copy()
    predicted[:3] = 0.0
    assert score_file_boxes(name, predicted, TRUE).scores["success_auc"] == close(1000 / 21)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("bad", [(np.nan, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, -0.5)])
def test_boxes_with_a_nan_or_a_negative_side_are_refused(name: str, bad: tuple[float, ...]) -> None:
    predicted = TRUE.copy()
    predicted[1] = bad
    with pytest.raises(DatasetError, match="frame 2 has a NaN or a side < 0"):
        score_file_boxes(name, predicted, TRUE)


def test_true_boxes_with_a_nan_are_taken_for_uav123_only() -> None:
    true = TRUE.copy()
    true[3] = np.nan
    for name in ("pytracking", "pytracking-lasot"):
        with pytest.raises(DatasetError, match=r"true box of frame 4 has a NaN.*use pytracking-uav"):
            score_file_boxes(name, TRUE, true, LAST_ABSENT)
    assert score_file_boxes("pytracking-uav", TRUE, true).scores["success_auc"] == close(1500 / 21)
    assert score_file_boxes("pytracking-valid", TRUE, true, LAST_ABSENT).scores["success_auc"] == close(2000 / 21)


def test_nothing_is_repaired_for_uav123_where_the_target_is_absent() -> None:
    predicted = TRUE.copy()
    predicted[2:] = 0.0  # absent in frame 3, whose box of zeros is then that of frame 4
    scores = score_file_boxes("pytracking-uav", predicted, TRUE, (True, True, False, True)).scores
    assert scores["success_auc"] == close(1000 / 21)


@pytest.mark.parametrize(
    ("name", "success", "precision", "norm_precision"),
    [
        ("pytracking", 100, 100, 100),  # does not know that the target is absent
        ("pytracking-lasot", 75, 75, 75),
        ("pytracking-uav", 75, 100, 100),
        ("pytracking-valid", 100, 100, 400 / 3),  # four hits in three valid frames
    ],
)
def test_absent_frames(name: str, success: float, precision: float, norm_precision: float) -> None:
    scores = score_file_boxes(name, TRUE, TRUE, LAST_ABSENT).scores
    assert scores["success_auc"] == close(success * 20 / 21)
    assert (scores["op_50"], scores["op_75"]) == (success, success)
    assert scores["precision_20"] == precision
    assert scores["norm_precision_20"] == close(norm_precision)


@pytest.mark.parametrize(
    ("name", "precision"),
    [("pytracking", 75), ("pytracking-lasot", 75), ("pytracking-uav", 100), ("pytracking-valid", 100)],
)
def test_a_true_box_without_area(name: str, precision: float) -> None:
    true = TRUE.copy()
    true[3, 2] = 0.0
    scores = score_file_boxes(name, TRUE, true)
    valid = 3 if name == "pytracking-valid" else 4
    assert scores.scores["success_auc"] == close(3 / valid * 2000 / 21)
    assert scores.scores["precision_20"] == precision
    assert scores.curves["norm_precision"].tolist() == close([4 / valid * 100] * 51)


def test_missing_rows_are_boxes_of_zeros_in_the_numbers_of_the_files() -> None:
    true = np.array([(1.0, 1.0, 10.0, 10.0)] * 2)  # centre 5.5, 5.5; that of 0,0,0,0 is -0.5, -0.5
    curve = score_file_boxes("pytracking", true[:1], true).curves["precision"]
    assert curve[[8, 9]].tolist() == [50.0, 100.0]  # 6 px along both: 8.49
