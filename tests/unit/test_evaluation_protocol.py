"""The house rule, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.evaluation import Scores, mean_scores, score_boxes
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_METRIC

TRUE = np.array([(0.0, 0.0, 10.0, 10.0)] * 4)
ALL = np.ones(4, np.bool_)


def test_score_boxes_leaves_frame_1_out() -> None:
    predicted = TRUE.copy()
    predicted[0] = (500.0, 500.0, 1.0, 1.0)
    assert score_boxes(predicted, TRUE, ALL) == Scores(success_auc=20 / 21, precision_20=1.0, ao=1.0, sr_50=1.0)


def test_score_boxes_leaves_absent_frames_out() -> None:
    predicted, true = TRUE.copy(), TRUE.copy()
    predicted[2], true[2] = (500.0, 500.0, 1.0, 1.0), np.nan
    visible = np.array([True, True, False, True])
    assert score_boxes(predicted, true, visible).ao == 1.0
    assert visible.tolist() == [True, True, False, True]


def test_score_boxes_by_hand() -> None:
    predicted = TRUE + np.array([(0, 0, 0, 0), (5, 0, 0, 0), (0, 0, 0, 0), (30, 0, 0, 0)])
    scores = score_boxes(predicted, TRUE, ALL)  # IoU 1/3, 1, 0
    assert scores.ao == pytest.approx(4 / 9, abs=ABS_METRIC)
    assert scores.sr_50 == pytest.approx(1 / 3, abs=ABS_METRIC)
    assert scores.precision_20 == pytest.approx(2 / 3, abs=ABS_METRIC)
    assert scores.success_auc == pytest.approx((7 + 20) / 21 / 3, abs=ABS_METRIC)  # 1/3 > 0, .05, ..., .30


def test_score_boxes_counts_what_is_not_finite_as_missed() -> None:
    predicted = TRUE.copy()
    predicted[1], predicted[2, 2] = np.nan, np.inf
    scores = score_boxes(predicted, TRUE, ALL)
    assert scores.ao == pytest.approx(1 / 3, abs=ABS_METRIC)
    assert scores.precision_20 == pytest.approx(1 / 3, abs=ABS_METRIC)


def test_score_boxes_refuses_lengths_that_differ() -> None:
    with pytest.raises(DatasetError, match="one a frame"):
        score_boxes(TRUE[:3], TRUE, ALL)
    with pytest.raises(DatasetError, match="one a frame"):
        score_boxes(TRUE, TRUE, ALL[:3])


def test_score_boxes_refuses_a_sequence_with_nothing_to_score() -> None:
    with pytest.raises(DatasetError, match="none is left to score"):
        score_boxes(TRUE, TRUE, np.array([True, False, False, False]))


def test_mean_scores_weighs_sequences_alike() -> None:
    one = Scores(success_auc=0.2, precision_20=0.0, ao=0.5, sr_50=1.0)
    two = Scores(success_auc=0.4, precision_20=1.0, ao=0.5, sr_50=0.5)
    mean = mean_scores([one, two])
    assert mean.success_auc == pytest.approx(0.3, abs=ABS_METRIC)
    assert (mean.precision_20, mean.ao, mean.sr_50) == (0.5, 0.5, 0.75)
