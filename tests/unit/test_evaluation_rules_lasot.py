"""The rule of LaSOT's MATLAB toolkit, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.evaluation.rules import RULES
from tests.file_boxes import score_file_boxes
from tests.tolerances import ABS_METRIC

TRUE = np.array([(11.0, 21.0, 10.0, 10.0)] * 4)
FAR = np.array((900.0, 900.0, 10.0, 10.0))


def success(predicted: NDArray[np.float64], visible: tuple[bool, ...] | None = None) -> float:
    return score_file_boxes("lasot", predicted, TRUE, visible).scores["success_auc"] * 21 / 20


def close(value: float) -> object:
    return pytest.approx(value, abs=ABS_METRIC)


@pytest.mark.parametrize("bad", [(900, 900, 0, 10), (900, 900, 10, -1), (np.nan, 900, 10, 10), (0, 0, 0, 0)])
def test_a_bad_box_becomes_the_one_before_and_so_do_those_after_it(bad: tuple[float, ...]) -> None:
    predicted = TRUE.copy()
    predicted[2:] = bad
    assert success(predicted) == close(1.0)


def test_frame_2_takes_the_trackers_own_first_box() -> None:
    predicted = TRUE.copy()
    predicted[0], predicted[1] = FAR, 0.0
    assert success(predicted) == close(3 / 4)  # the first box counts as right, the second is far off


def test_bad_boxes_from_the_start_on_stay_bad_and_miss() -> None:
    predicted = TRUE.copy()
    predicted[:3] = np.nan
    scores = score_file_boxes("lasot", predicted, TRUE).scores
    assert scores["success_auc"] * 21 / 20 == close(2 / 4)
    assert scores["precision_20"] == 2 / 4


def test_absent_frames_are_no_hits_and_stay_in_the_divisor() -> None:
    scores = score_file_boxes("lasot", TRUE, TRUE, (True, True, False, False))
    assert scores.scores["success_auc"] * 21 / 20 == close(2 / 4)
    assert scores.scores["precision_20"] == 2 / 4
    assert scores.frames == 2


def test_repair_looks_at_absent_frames_too() -> None:
    predicted = TRUE.copy()
    predicted[1], predicted[2] = FAR, 0.0  # frame 3 becomes what was said in frame 2, where the target was absent
    assert success(predicted, visible=(True, False, True, True)) == close(2 / 4)


def test_a_true_value_that_is_not_positive_misses_by_overlap_and_hits_by_error() -> None:
    true = TRUE.copy()
    true[2] = (0.0, 21.0, 10.0, 10.0)  # a pixel left of the picture, counted from 1
    predicted = true.copy()
    predicted[2] = FAR
    scores = score_file_boxes("lasot", predicted, true)
    assert scores.scores["success_auc"] * 21 / 20 == close(3 / 4)
    assert scores.curves["precision"].tolist() == [1.0] * 51
    assert scores.curves["norm_precision"].tolist() == [1.0] * 51


def test_a_true_nan_misses_by_overlap_hits_by_error_and_repairs_nothing() -> None:
    true, predicted = TRUE.copy(), TRUE.copy()
    true[2], predicted[2], predicted[3] = np.nan, 0.0, 0.0
    scores = score_file_boxes("lasot", predicted, true).scores
    assert scores["success_auc"] * 21 / 20 == close(2 / 4)  # frame 4 takes the box 0,0,0,0 of frame 3
    assert scores["precision_20"] == 3 / 4


def test_centres_are_divided_before_they_are_subtracted() -> None:
    # 10 of 50 px: (201 + 24.5) / 50 - (191 + 24.5) / 50 is a bit more than 0.2, and (251 - 241) / 50 is not.
    true = np.array([(191.0, 21.0, 50.0, 50.0)] * 2)
    predicted = true + np.array((10.0, 0.0, 0.0, 0.0))
    assert (201 + 24.5) / 50 - (191 + 24.5) / 50 > 0.2
    assert score_file_boxes("lasot", predicted, true).scores["norm_precision_20"] == 0.5
    assert score_file_boxes("got10k-lasot", predicted, true).curves["norm_precision"][20] == 1.0


def test_a_curve_that_is_zero_all_along_is_left_out_of_its_mean() -> None:
    true = TRUE.copy()
    true[0, 0] = 0.0  # frame 1 misses by overlap, and hits by error
    nothing, all_right = score_file_boxes("lasot", TRUE + 500.0, true), score_file_boxes("lasot", TRUE, TRUE)
    assert nothing.curves["success"].sum() == 0.0
    mean = RULES["lasot"].mean([nothing, all_right]).scores
    assert mean["success_auc"] == close(20 / 21)
    assert mean["precision_20"] == close((1 / 4 + 1) / 2)
    assert np.isnan(RULES["lasot"].mean([nothing]).scores["success_auc"])
