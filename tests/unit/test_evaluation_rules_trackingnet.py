"""The rule of TrackingNet's devkit, by hand, in percent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdst_edge.evaluation.rules import RULES
from tests.file_boxes import score_file_boxes
from tests.tolerances import ABS_METRIC

TRUE = np.array([(11.0, 21.0, 10.0, 10.0)] * 4)


def close(value: Any) -> Any:
    return pytest.approx(value, abs=ABS_METRIC)


def test_boxes_are_rounded_halves_to_even_in_the_numbers_of_the_files() -> None:
    true = np.array([(10.0, 10.0, 10.0, 10.0)] * 2)
    predicted = true + np.array((0.5, -0.4, 0.5, 0.4))  # 10.5 to 10, and 9.5 to 10 counted from 0
    assert score_file_boxes("trackingnet", predicted, true).scores["success_auc"] == close(100.0)
    step = np.array((1.0, 0.0, 0.0, 0.0))
    zero_based = RULES["trackingnet"].score(predicted + step, true + step, np.ones(2), origin=0.0)
    assert zero_based.scores["success_auc"] < 99.0  # 11.5 to 12


def test_thresholds_are_inclusive_and_areas_are_of_trapezoids() -> None:
    predicted = TRUE + np.array([(0, 0, 0, 0)] * 2 + [(0, 0, -5, 0)] * 2)  # IoU 1, 1, 0.5, 0.5; 2.5 px off
    scores = score_file_boxes("trackingnet", predicted, TRUE)
    assert scores.curves["success"].tolist() == close([100.0] * 11 + [50.0] * 10)
    assert scores.scores["success_auc"] == close(50 + 50 * 0.5 + 50 * 0.05 / 2)
    assert scores.curves["precision"].tolist() == close([50.0] + [100.0] * 20)
    assert scores.scores["precision_auc"] == close(100 - 50 * 0.05 / 2)
    # Sides are rounded as well: 2.5 of 10 px is 0.25, threshold 10 of 0, 0.025, ..., 0.5.
    assert scores.curves["norm_precision"].tolist() == close([50.0] * 10 + [100.0] * 11)


def test_a_miss_hits_at_threshold_0_and_no_number_does_not() -> None:
    predicted = TRUE.copy()
    predicted[2], predicted[3] = 900.0, np.nan
    curve = score_file_boxes("trackingnet", predicted, TRUE).curves["success"]
    assert curve[[0, 1, 20]].tolist() == [75.0, 50.0, 50.0]


def test_two_boxes_without_area_are_no_number() -> None:
    true = TRUE.copy()
    true[3, 2:] = 0.4
    predicted = true.copy()
    scores = score_file_boxes("trackingnet", predicted, true)
    assert scores.curves["success"].tolist() == [75.0] * 21
    assert scores.curves["norm_precision"].tolist() == [75.0] * 21  # 0 over 0
    assert scores.scores["precision_auc"] == close(100.0)


def test_coverage_is_of_frames_whose_numbers_add_up_to_more_than_0_over_all_sequences() -> None:
    predicted = TRUE.copy()
    predicted[1], predicted[2] = 0.0, (-30.0, 0.0, 10.0, 10.0)
    one, other = score_file_boxes("trackingnet", predicted, TRUE), score_file_boxes("trackingnet", TRUE[:1], TRUE[:1])
    assert one.scores["coverage"] == 50.0
    mean = RULES["trackingnet"].mean([one, other]).scores
    assert mean["coverage"] == close(60.0)  # 3 of 5 frames, not the mean of 50 and 100
    assert mean["success_auc"] == close((one.scores["success_auc"] + 100) / 2)


def test_flags_of_absence_are_not_looked_at() -> None:
    assert score_file_boxes("trackingnet", TRUE, TRUE, (True, False, False, False)).frames == 4
