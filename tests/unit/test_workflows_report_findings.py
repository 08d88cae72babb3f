"""The sentence that says in which attributes a tracker is weak, and what it may not claim."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdst_edge.evaluation.result import AttributeResult, EvaluationResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report.findings import attribute_title, find_weakness
from tests.made_up_evaluation import METRICS, made_up

AUC = METRICS[0]


def judged(
    overall: float | None, attributes: dict[str, tuple[float | None, int]], metric: Metric = AUC
) -> EvaluationResult:
    """An evaluation with one metric; attributes give score and number of sequences."""
    items = {
        name: AttributeResult(source="labelled", sequences=count, scores={metric.key: score})
        for name, (score, count) in attributes.items()
    }
    return replace(made_up({"a": (0.5, ())}), metrics=(metric,), overall={metric.key: overall}, attributes=items)


def test_the_weakest_is_named_with_its_distance_and_its_sequences() -> None:
    found = find_weakness(judged(0.58, {"SV": (0.6, 30), "FM": (0.31, 12), "LR": (0.45, 1200), "BC": (0.57, 8)}))
    assert found.heading == "Weakest: FM, fast motion"
    assert found.details == (
        "Success AUC 0.310, 0.270 below its overall 0.580, over 12 sequences. "
        "Also weak: LR, low resolution (0.450, over 1,200 sequences)."
    )
    assert [(row.name, row.weak) for row in found.rows] == [("FM", True), ("LR", True), ("BC", False), ("SV", False)]
    assert found.rows[0].change == pytest.approx(-0.27)


def test_few_sequences_are_said_and_a_weakness_that_rests_on_more_is_named_too() -> None:
    found = find_weakness(judged(0.58, {"FM": (0.31, 1), "OV": (0.35, 4), "LR": (0.45, 5), "MB": (0.5, 9)}))
    assert found.heading == "Weakest: FM, fast motion (only 1 sequence)"
    assert found.details == (
        "Success AUC 0.310, 0.270 below its overall 0.580, over only 1 sequence. "
        "The weakest over 5 sequences or more: LR, low resolution (0.450, over 5 sequences). "
        "Also weak: OV, out of view (0.350, over only 4 sequences); MB, motion blur (0.500, over 9 sequences)."
    )
    assert [row.few for row in found.rows] == [True, True, False, False]


def test_attributes_of_the_same_sequences_are_not_told_apart() -> None:
    found = find_weakness(judged(0.6, {"SV": (0.6, 9), "CM": (0.5, 1), "VC": (0.5, 1), "FOC": (0.5, 1)}))
    assert found.heading == "Weakest: CM, camera motion, and 2 alike (only 1 sequence)"
    assert [row.name for row in found.rows] == ["CM", "VC", "FOC", "SV"]


def test_a_long_list_of_weak_attributes_is_cut() -> None:
    found = find_weakness(judged(0.9, dict.fromkeys(("FM", "OV", "LR", "MB", "BC", "VC"), (0.1, 9))))
    assert found.details.endswith("; and 2 more.")


def test_nothing_is_called_weak_within_a_tenth_of_the_overall_score() -> None:
    found = find_weakness(judged(0.5, {"FM": (0.4501, 9), "SV": (0.52, 9)}))
    assert found.heading == "Weakest: FM, fast motion, but close to overall"
    assert found.details == "Success AUC 0.450, 0.050 below its overall 0.500, over 9 sequences."
    assert not any(row.weak for row in found.rows)
    assert find_weakness(judged(0.5, {"FM": (0.4499, 9)})).rows[0].weak


def test_counts_of_failures_are_worse_the_higher_they_are() -> None:
    failures = Metric(key="robustness", label="robustness", higher_is_better=False)
    found = find_weakness(judged(0.2, {"CM": (0.1, 9), "OCC": (0.5, 9)}, failures))
    assert found.heading == "Weakest: OCC, occlusion"
    assert found.details == "Robustness 0.500, 0.300 above its overall 0.200, over 9 sequences."
    assert [(row.name, row.weak) for row in found.rows] == [("OCC", True), ("CM", False)]


def test_a_perfect_and_a_hopeless_tracker_have_no_weak_attribute() -> None:
    for overall in (1.0, 0.0):
        found = find_weakness(judged(overall, {"FM": (overall, 9), "SV": (overall * (1 - 1e-12), 9)}))
        assert found.heading == "No weak attribute"
        assert found.details == f"None has a worse success AUC than {overall:.3f} overall."


def test_attributes_without_a_score_come_last_and_are_not_judged() -> None:
    found = find_weakness(judged(0.5, {"FM": (None, 2), "SV": (0.3, 9)}))
    assert found.heading == "Weakest: SV, scale variation"
    assert [(row.name, row.score, row.change, row.weak) for row in found.rows][1] == ("FM", None, None, False)


def test_the_first_metric_with_scores_by_attribute_judges() -> None:
    result = judged(0.5, {"FM": (0.3, 9)})
    eao = Metric(key="eao", label="EAO")
    found = find_weakness(replace(result, metrics=(eao, AUC), overall={"eao": 0.2, AUC.key: 0.5}))
    assert (found.metric, found.overall) == (AUC, 0.5)


@pytest.mark.parametrize(
    ("result", "heading"),
    [
        (judged(0.5, {}), "No attributes"),
        (judged(0.5, {"FM": (None, 2)}), "No attribute has a score"),
        (judged(None, {"FM": (0.5, 2)}), "No attribute has a score"),
    ],
)
def test_without_scores_nothing_is_judged(result: EvaluationResult, heading: str) -> None:
    found = find_weakness(result)
    assert (found.heading, found.metric, found.overall) == (heading, None, None)
    assert [row.name for row in found.rows] == list(result.attributes)


def test_titles_say_more_than_the_name() -> None:
    assert attribute_title("FM") == "fast motion"
    assert [attribute_title(name) for name in ("motion_change", "home made")] == ["", ""]
