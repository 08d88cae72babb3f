"""Evaluations against a baseline, with figures made up by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdst_edge.evaluation.bootstrap import Bootstrap
from sdst_edge.evaluation.compare import compare_results
from sdst_edge.evaluation.result import AttributeResult, EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_runtime.errors import ConfigError, DatasetError
from tests.tolerances import ABS_METRIC

AUC, FAILS = Metric(key="auc", label="AUC"), Metric(key="fails", label="failures", higher_is_better=False)
NAMES = ("a", "b", "c", "d")
HELD = {"a": ("OCC",), "b": ("OCC", "FM"), "c": ("FM",), "d": ()}
FRAMES = {"a": 10, "b": 20, "c": 30, "d": 40}


def evaluation(tracker: str, auc: dict[str, float], *, pooled: bool = False, **changes: Any) -> EvaluationResult:
    sequences = tuple(
        SequenceResult(
            name=name,
            frames=FRAMES[name],
            scored=FRAMES[name],
            attributes=HELD[name],
            scores={"auc": value, "fails": 1.0},
        )
        for name, value in auc.items()
    )

    def mean(names: list[str]) -> dict[str, float | None]:
        weights = {name: FRAMES[name] if pooled else 1 for name in names}
        total = sum(weights.values())
        return {"auc": sum(auc[name] * weights[name] for name in names) / total, "fails": float(len(names))}

    attributes = {
        key: AttributeResult(source="labelled", sequences=len(names), scores=mean(names))
        for key in ("OCC", "FM")
        if (names := [name for name in auc if key in HELD[name]])
    }
    result = EvaluationResult(
        tracker=tracker,
        dataset="set",
        layout="otb",
        protocol="ope",
        rule="house",
        rule_text="by hand",
        pooled=pooled,
        metrics=(AUC, FAILS),
        overall=mean(list(auc)),
        sequences=sequences,
        attributes=attributes,
    )
    return replace(result, **changes)


BASE = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5}
BETTER = {"a": 0.625, "b": 0.75, "c": 0.625, "d": 0.75}  # exact in binary


def test_compare_gives_differences_with_intervals_overall_and_by_attribute() -> None:
    compared = compare_results([evaluation("old", BASE), evaluation("new", BETTER)])
    (contrast,) = compared.contrasts
    overall = contrast.overall["auc"]
    assert overall.difference == pytest.approx(0.1875, abs=ABS_METRIC)
    assert overall.low is not None
    assert overall.high is not None
    assert 0.125 <= overall.low < 0.1875 < overall.high <= 0.25
    assert (overall.clear, overall.sequences) == (False, 4), "four of one sign come about by chance"
    assert list(contrast.attributes) == ["OCC", "FM"]
    assert contrast.attributes["OCC"].sequences == 2
    assert contrast.attributes["OCC"].difference == pytest.approx(0.1875, abs=ABS_METRIC)
    assert (compared.baseline, contrast.tracker, compared.metric, compared.sequences) == ("old", "new", "auc", 4)


@pytest.mark.parametrize(("count", "clear"), [(5, False), (6, True)])
def test_compare_calls_differences_of_one_sign_clear_from_six_sequences_on(count: int, clear: bool) -> None:
    def named(item: EvaluationResult) -> EvaluationResult:
        return replace(item, sequences=tuple(replace(item.sequences[0], name=f"{n}") for n in range(count)))

    results = [named(evaluation(name, {"a": auc})) for name, auc in (("old", 0.5), ("new", 0.75))]
    (contrast,) = compare_results(results).contrasts
    assert contrast.overall["auc"].low == contrast.overall["auc"].high == 0.25
    assert contrast.overall["auc"].clear is clear


def test_compare_says_where_an_interval_holds_0() -> None:
    mixed = {"a": 0.7, "b": 0.3, "c": 0.6, "d": 0.4}
    (contrast,) = compare_results([evaluation("old", BASE), evaluation("new", mixed)]).contrasts
    found = contrast.overall["auc"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high


def test_compare_gives_no_interval_to_a_figure_that_is_no_mean() -> None:
    (contrast,) = compare_results([evaluation("old", BASE), evaluation("new", BETTER)]).contrasts
    fails = contrast.overall["fails"]  # a sum
    assert (fails.baseline, fails.value, fails.difference) == (4.0, 4.0, 0.0)
    assert (fails.low, fails.high, fails.clear) == (None, None, None)


def test_compare_weighs_frames_where_the_rule_pools_them() -> None:
    old, new = evaluation("old", BASE, pooled=True), evaluation("new", BETTER, pooled=True)
    (contrast,) = compare_results([old, new]).contrasts
    assert contrast.overall["auc"].difference == pytest.approx((1.25 + 5 + 3.75 + 10) / 100, abs=ABS_METRIC)
    longest_gains = {"a": 0.25, "b": 0.375, "c": 0.5, "d": 0.75}
    lows = []
    for pooled in (True, False):
        pair = evaluation("old", BASE, pooled=pooled), evaluation("new", longest_gains, pooled=pooled)
        lows.append(compare_results(pair).contrasts[0].overall["auc"].low)
    assert lows[0] > lows[1]


def test_compare_takes_several_and_another_metric() -> None:
    third = evaluation("third", dict.fromkeys(NAMES, 0.1))
    compared = compare_results([evaluation("old", BASE), evaluation("new", BETTER), third], metric="fails")
    assert [item.tracker for item in compared.contrasts] == ["new", "third"]
    assert compared.contrasts[1].overall["auc"].difference == pytest.approx(-0.4, abs=ABS_METRIC)
    assert compared.contrasts[0].attributes["OCC"].value == 2.0


def test_compare_of_one_sequence_has_no_interval() -> None:
    (contrast,) = compare_results([evaluation("old", {"a": 0.5}), evaluation("new", {"a": 0.625})]).contrasts
    assert contrast.overall["auc"].difference == pytest.approx(0.125, abs=ABS_METRIC)
    assert contrast.overall["auc"].low is None


def test_compare_leaves_out_attributes_that_only_one_knows() -> None:
    plain = replace(evaluation("new", BETTER), attributes={})
    assert compare_results([evaluation("old", BASE), plain]).contrasts[0].attributes == {}


def test_compare_passes_on_what_the_rule_does_not_give() -> None:
    unknown = replace(evaluation("new", BETTER), overall={"auc": None, "fails": 0.0})
    auc = compare_results([evaluation("old", BASE), unknown]).contrasts[0].overall["auc"]
    assert (auc.baseline, auc.value, auc.difference, auc.low) == (0.5, None, None, None)


@pytest.mark.parametrize("key", ["dataset", "layout", "protocol", "rule"])
def test_compare_refuses_other_data_and_rules(key: str) -> None:
    other = replace(evaluation("new", BETTER), **{key: "other"})
    with pytest.raises(DatasetError, match=f"cannot be compared: {key} '.*' and 'other'"):
        compare_results([evaluation("old", BASE), other])


def test_compare_refuses_other_sequences_unless_the_common_ones_are_wanted() -> None:
    fewer = {name: BETTER[name] for name in ("b", "c")}
    pair = [evaluation("old", {**BASE, "d": 0.9}), evaluation("new", fewer)]
    with pytest.raises(DatasetError, match=r"2 are not in all of them \(a, d\)"):
        compare_results(pair)
    compared = compare_results(pair, common=True)
    (contrast,) = compared.contrasts
    assert (compared.sequences, compared.left_out) == (2, ("a", "d"))
    assert contrast.overall["auc"].baseline == pytest.approx(0.5, abs=ABS_METRIC)
    assert contrast.overall["auc"].value == pytest.approx(0.6875, abs=ABS_METRIC)
    assert contrast.overall["fails"].value is None, "a sum over all sequences says nothing of some"
    assert contrast.attributes["OCC"].sequences == 1


def test_compare_refuses_sequences_of_another_length_and_none_in_common() -> None:
    new = evaluation("new", BETTER)
    shorter = replace(new, sequences=(replace(new.sequences[0], frames=9), *new.sequences[1:]))
    with pytest.raises(DatasetError, match="sequence a has 9 and 10 frames"):
        compare_results([evaluation("old", BASE), shorter])
    with pytest.raises(DatasetError, match="no sequence in common"):
        compare_results([evaluation("old", {"a": 0.5}), evaluation("new", {"b": 0.5})], common=True)


def test_compare_refuses_one_evaluation_and_an_unknown_metric() -> None:
    with pytest.raises(ConfigError, match="expected two or more"):
        compare_results([evaluation("old", BASE)])
    with pytest.raises(ConfigError, match=r"gives no 'ao', it gives auc, fails"):
        compare_results([evaluation("old", BASE)] * 2, metric="ao")


def test_compare_hands_the_bootstrap_on() -> None:
    few = Bootstrap(resamples=3, seed=9)
    compared = compare_results([evaluation("old", BASE), evaluation("new", BETTER)], bootstrap=few)
    assert compared.bootstrap == few
