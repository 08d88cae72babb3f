"""The rules of PySOT's toolkit, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.file_boxes import score_file_boxes
from tests.tolerances import ABS_METRIC

TRUE = np.array([(11.0, 21.0, 10.0, 10.0)] * 4)


def close(value: float) -> object:
    return pytest.approx(value, abs=ABS_METRIC)


def test_no_box_is_replaced() -> None:
    predicted = TRUE.copy()
    predicted[0] += 500.0
    predicted[2] = 0.0
    predicted[3] = -5.0
    scores = score_file_boxes("pysot", predicted, TRUE).scores
    assert scores["success_auc"] == close(20 / 21 / 4)
    assert scores["precision_20"] == 1 / 4  # 0,0,0,0 and -5,-5,-5,-5 are more than 20 px off


@pytest.mark.parametrize("blank", [0.0, np.nan])
def test_a_true_box_of_zeros_or_nan_misses_by_overlap_and_hits_by_error(blank: float) -> None:
    true = TRUE.copy()
    true[3] = blank
    scores = score_file_boxes("pysot", TRUE + 500.0, true)
    assert scores.scores["success_auc"] == 0.0
    assert scores.curves["precision"].tolist() == [0.25] * 51
    assert scores.curves["norm_precision"].tolist() == [0.25] * 51


def test_a_true_box_without_area_elsewhere_misses_by_relative_error_alone() -> None:
    true = TRUE.copy()
    true[3] = (11.0, 21.0, 0.0, 0.0)
    scores = score_file_boxes("pysot", TRUE, true).scores
    assert scores["success_auc"] == close(15 / 21)
    assert scores["precision_20"] == 1.0  # 5 px right of and below it
    assert scores["norm_precision_20"] == 0.75


def test_absent_frames_count_for_pysot_and_stay_in_the_divisor_for_lasot() -> None:
    flags = (True, True, False, False)
    assert score_file_boxes("pysot", TRUE, TRUE, flags).scores["success_auc"] == close(20 / 21)
    scores = score_file_boxes("pysot-lasot", TRUE, TRUE, flags)
    assert scores.scores["success_auc"] == close(10 / 21)
    assert scores.scores["norm_precision_20"] == 0.5
    assert scores.frames == 2


def test_the_origin_of_the_files_decides_where_a_centre_is_not_positive() -> None:
    from sdst_edge.evaluation.rules import RULES

    true = np.array([(-0.5, 20.0, 1.0, 1.0)] * 2)  # 0-based: the centre of its pixels at -0.5, or 0.5 counted from 1
    predicted = true + np.array((500.0, 0.0, 0.0, 0.0))
    assert RULES["pysot"].score(predicted, true, np.ones(2), origin=1.0).scores["precision_20"] == 0.0
    assert RULES["pysot"].score(predicted, true, np.ones(2), origin=0.0).scores["precision_20"] == 1.0
