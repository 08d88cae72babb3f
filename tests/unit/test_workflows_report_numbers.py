"""Scores as texts."""

from __future__ import annotations

import pytest

from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report.numbers import change_text, score_text

SHARE = Metric(key="ao", label="AO")
PERCENT = Metric(key="success", label="success", best=100)


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [(SHARE, 0.58349, "0.583"), (SHARE, 0.0, "0.000"), (SHARE, None, "–"), (PERCENT, 58.349, "58.3")],
)
def test_scores_have_the_decimals_of_their_scale(metric: Metric, value: float | None, text: str) -> None:
    assert score_text(metric, value) == text


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (SHARE, -0.27, "−0.270"),
        (SHARE, 0.0126, "+0.013"),
        (SHARE, -0.0004, "0.000"),
        (SHARE, None, "–"),
        (PERCENT, -4.26, "−4.3"),
    ],
)
def test_changes_have_a_sign_unless_they_round_to_zero(metric: Metric, value: float | None, text: str) -> None:
    assert change_text(metric, value) == text
