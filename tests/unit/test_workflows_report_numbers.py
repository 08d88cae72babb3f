"""Scores as texts, and axes that end at round numbers."""

from __future__ import annotations

import pytest

from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report.numbers import Axis, change_text, count_text, score_text

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


def test_counts_agree_with_their_noun() -> None:
    assert [count_text(count, "frame") for count in (0, 1, 1200)] == ["0 frames", "1 frame", "1,200 frames"]


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (1.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        (0.583, (0, 0.2, 0.4, 0.6)),
        (0.09, (0, 0.02, 0.04, 0.06, 0.08, 0.1)),
        (50.0, (0, 10, 20, 30, 40, 50)),
        (755.0, (0, 200, 400, 600, 800)),
        (1e-9, (0, 2e-10, 4e-10, 6e-10, 8e-10, 1e-9)),
        (0.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ],
)
def test_axis_ends_at_a_round_number(largest: float, ticks: tuple[float, ...]) -> None:
    axis = Axis(largest)
    assert axis.ticks == ticks
    assert axis.top == ticks[-1] >= largest
    assert axis.share(axis.top / 4) == 0.25
    assert (axis.share(-1), axis.share(2 * axis.top)) == (0, 1)
