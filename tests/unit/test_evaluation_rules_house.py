"""The house rule, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.file_boxes import score_file_boxes
from tests.tolerances import ABS_METRIC

TRUE = np.array([(0.0, 0.0, 10.0, 10.0)] * 4)


def test_house_leaves_frame_1_out() -> None:
    predicted = TRUE.copy()
    predicted[0] = (500.0, 500.0, 1.0, 1.0)
    scores = score_file_boxes("house", predicted, TRUE)
    assert scores.scores == {"success_auc": 20 / 21, "precision_20": 1.0, "ao": 1.0, "sr_50": 1.0}
    assert scores.frames == 3


def test_house_leaves_absent_frames_out() -> None:
    predicted, true = TRUE.copy(), TRUE.copy()
    predicted[2], true[2] = (500.0, 500.0, 1.0, 1.0), np.nan
    assert score_file_boxes("house", predicted, true, (True, True, False, True)).scores["ao"] == 1.0


def test_house_by_hand() -> None:
    predicted = TRUE + np.array([(0, 0, 0, 0), (5, 0, 0, 0), (0, 0, 0, 0), (30, 0, 0, 0)])
    scores = score_file_boxes("house", predicted, TRUE)  # IoU 1/3, 1, 0; error 5, 0, 30
    assert scores.scores["ao"] == pytest.approx(4 / 9, abs=ABS_METRIC)
    assert scores.scores["sr_50"] == pytest.approx(1 / 3, abs=ABS_METRIC)
    assert scores.scores["precision_20"] == pytest.approx(2 / 3, abs=ABS_METRIC)
    assert scores.scores["success_auc"] == pytest.approx((7 + 20) / 21 / 3, abs=ABS_METRIC)  # 1/3 > 0, .05, ..., .30
    assert scores.curves["precision"][[4, 5, 29, 30]] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1], abs=ABS_METRIC)


def test_house_counts_what_is_not_finite_as_missed() -> None:
    predicted = TRUE.copy()
    predicted[1], predicted[2, 2] = np.nan, np.inf
    scores = score_file_boxes("house", predicted, TRUE).scores
    assert scores["ao"] == pytest.approx(1 / 3, abs=ABS_METRIC)
    assert scores["precision_20"] == pytest.approx(1 / 3, abs=ABS_METRIC)
