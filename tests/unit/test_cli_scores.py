"""Scores as tables for people."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rich.console import Console

from sdst_edge.cli.scores import attribute_tables, score_tables, skipped_text
from sdst_edge.evaluation.result import AttributeResult, EvaluationResult, SequenceResult, Skipped, Speed
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.rules.unscored import UNSCORED


def evaluation(**changes: Any) -> EvaluationResult:
    scores = {"success_auc": 0.625, "precision_20": 0.875, "ao": 0.75, "sr_50": 1.0}
    speed = Speed(fps=100.0, median_ms=10.0)
    car = SequenceResult(name="car", frames=3, scored=2, attributes=("OCC",), scores=scores, speed=speed)
    result = EvaluationResult(
        tracker="n3",
        dataset="val",
        layout="got10k",
        protocol="ope",
        rule="house",
        rule_text=HOUSE.description,
        pooled=False,
        metrics=HOUSE.metrics,
        overall=scores,
        sequences=(car,),
        attributes={},
        speed=speed,
    )
    return replace(result, **changes)


def text_of(tables: Iterable[Any]) -> str:
    out = io.StringIO()
    for item in tables:
        Console(file=out, width=200).print(item)
    return out.getvalue()


def test_score_tables_show_sequences_the_set_and_the_rule() -> None:
    text = text_of(score_tables(evaluation()))
    for expected in ("success", "AUC", "AO", "SR", "0.5", "FPS", "car", "overall", "0.625", "100.0", "n3 on val"):
        assert expected in text
    assert "house rule" in text
    assert "side by side" not in text


def test_score_tables_mark_speeds_of_several_processes_and_what_was_not_measured() -> None:
    assert "FPS of 2 processes side by side" in text_of(score_tables(evaluation(workers=2)))
    unmeasured = evaluation(workers=2, speed=None)
    text = text_of(score_tables(replace(unmeasured, overall={"success_auc": None})))
    assert "side by side" not in text
    assert "–" in text


def test_score_tables_show_what_was_not_scored_with_its_frames_and_speed() -> None:
    car = SequenceResult(name="car", frames=3, scored=0, attributes=(), scores={}, speed=Speed(fps=50.0, median_ms=20))
    text = text_of(score_tables(evaluation(metrics=(), overall={}, sequences=(car,), rule_text=UNSCORED.description)))
    assert ["car", "3", "50.0", "20.00"] in [line.split() for line in text.splitlines()]
    assert "nothing was scored" in text


def test_attribute_tables_show_the_worst_first() -> None:
    attributes = {
        name: AttributeResult(source="labelled", sequences=1, scores={"success_auc": value})
        for name, value in (("OCC", 0.7), ("FM", 0.4))
    }
    text = text_of(attribute_tables(evaluation(attributes=attributes)))
    assert text.index("FM") < text.index("OCC")
    for expected in ("0.400", "−0.225", "+0.075", "Weakest: FM"):
        assert expected in text
    assert "No attributes" in text_of(attribute_tables(evaluation()))


def test_skipped_text_lists_sequences_with_reasons() -> None:
    skipped = (Skipped(name="boat", reason="groundtruth.txt, line 3: no box"),)
    assert skipped_text(evaluation(skipped=skipped)) == (
        "left out 1 of 2 sequences:\n  boat: groundtruth.txt, line 3: no box"
    )
