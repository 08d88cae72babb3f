"""The rules of the got10k toolkit, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.evaluation.rules import RULES
from tests.file_boxes import score_file_boxes
from tests.tolerances import ABS_METRIC

TRUE = np.array([(11.0, 21.0, 10.0, 10.0)] * 4)


def test_got10k_clips_corners_to_the_picture_and_then_sides() -> None:
    # At the left of a picture of 100 x 80 the box moves and stays as wide; at the right it loses what sticks out.
    true = np.array([(1.0, 1.0, 10.0, 10.0), (0.0, 0.0, 10.0, 10.0), (90.0, 70.0, 10.0, 10.0)])
    predicted = np.array([(1.0, 1.0, 10.0, 10.0), (-4.0, -4.0, 10.0, 10.0), (90.0, 70.0, 20.0, 20.0)])
    assert score_file_boxes("got10k", predicted, true).scores == {"ao": 1.0, "sr_50": 1.0, "sr_75": 1.0}


def test_got10k_takes_the_picture_to_end_where_the_files_count_to() -> None:
    # Files count from 1, and the toolkit clips to 100 all the same: 0-based 99, a pixel short of the edge.
    true = np.array([(1.0, 1.0, 10.0, 10.0), (91.0, 1.0, 10.0, 10.0)])
    predicted = np.array([(1.0, 1.0, 10.0, 10.0), (96.0, 1.0, 10.0, 10.0)])
    assert score_file_boxes("got10k", predicted, true).scores["ao"] == pytest.approx(4 / 9, abs=ABS_METRIC)


def test_got10k_has_101_thresholds_and_sr_is_greater_than_them() -> None:
    predicted = TRUE + np.array([(0, 0, 0, 0), (0, 0, -5, 0), (0, 0, -2.5, 0), (0, 0, 0, 0)])  # IoU 0.5, 0.75, 1
    scores = score_file_boxes("got10k", predicted, TRUE)
    assert scores.scores == {"ao": 0.75, "sr_50": pytest.approx(2 / 3), "sr_75": pytest.approx(1 / 3)}
    assert scores.curves["success"][[49, 50, 74, 75, 99, 100]] == pytest.approx([1, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 0])
    assert scores.frames == 3


def test_got10k_pools_frames_without_those_left_out() -> None:
    rule = RULES["got10k"]
    perfect = score_file_boxes("got10k", TRUE, TRUE, (True, True, False, False))  # 1 frame
    lost = score_file_boxes("got10k", TRUE + 50.0, TRUE)  # 3 frames
    mean = rule.mean([perfect, lost])
    assert mean.scores["ao"] == 0.25
    assert mean.curves["success"][0] == 0.25
    assert mean.frames == 4


def test_got10k_is_nan_for_the_set_when_a_box_is() -> None:
    predicted = TRUE.copy()
    predicted[1] = np.nan
    mean = RULES["got10k"].mean([score_file_boxes("got10k", predicted, TRUE), score_file_boxes("got10k", TRUE, TRUE)])
    assert np.isnan(mean.scores["ao"])
    assert mean.scores["sr_50"] == pytest.approx(5 / 6)


@pytest.mark.parametrize("name", ["otb", "uav123", "got10k-lasot"])
def test_first_box_is_the_true_one(name: str) -> None:
    predicted = TRUE.copy()
    predicted[0] = np.nan
    assert score_file_boxes(name, predicted, TRUE).scores["success_auc"] == 20 / 21


@pytest.mark.parametrize("name", ["otb", "uav123", "got10k-lasot"])
def test_boxes_without_area_are_misses_and_their_centres_count(name: str) -> None:
    predicted = TRUE.copy()
    predicted[1] = (16.0, 26.0, 0.0, 0.0)  # on the target's centre, half a pixel off the centre of its pixels
    predicted[2] = (16.0, 26.0, -3.0, 5.0)
    scores = score_file_boxes(name, predicted, TRUE).scores
    assert scores["success_auc"] == pytest.approx(20 / 21 / 2)
    assert scores["sr_50"] == 0.5
    assert scores["precision_20"] == 1.0


def test_rows_of_nan_are_misses_for_otb_and_left_out_by_the_others() -> None:
    true = TRUE.copy()
    true[3] = np.nan
    assert score_file_boxes("otb", TRUE, true).scores["success_auc"] == pytest.approx(15 / 21)
    assert score_file_boxes("otb", TRUE, true).scores["precision_20"] == 0.75
    for name in ("uav123", "got10k-lasot"):
        scores = score_file_boxes(name, TRUE, true)
        assert scores.scores["success_auc"] == 20 / 21
        assert scores.frames == 3


def test_flags_of_absence_are_looked_at_by_uav123_only() -> None:
    lost_at_the_end = TRUE + np.array([(0, 0, 0, 0)] * 3 + [(50, 0, 0, 0)])
    flags = (True, True, True, False)
    assert score_file_boxes("uav123", lost_at_the_end, TRUE, flags).scores["precision_20"] == 1.0
    assert score_file_boxes("otb", lost_at_the_end, TRUE, flags).scores["precision_20"] == 0.75
    assert score_file_boxes("got10k-lasot", lost_at_the_end, TRUE, flags).scores["precision_20"] == 0.75


def test_got10k_lasot_divides_errors_by_sides_of_at_least_a_pixel_and_averages() -> None:
    true = np.array([(11.0, 21.0, 10.0, 10.0), (11.0, 21.0, 0.5, 10.0)])
    predicted = true + np.array([(0, 0, 0, 0), (0.25, 0, 0, 0)])  # 0.25 px over max(1, 0.5)
    curve = score_file_boxes("got10k-lasot", predicted, true)
    assert curve.curves["norm_precision"][[24, 25]].tolist() == [0.5, 1.0]
    assert curve.scores["norm_precision_auc"] == pytest.approx((25 * 0.5 + 26) / 51, abs=ABS_METRIC)
