"""Scores beside speed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.measuring.accuracy import measure_accuracy
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.evaluation import evaluate
from sdst_runtime import load
from sdst_runtime.errors import DatasetError

SEQUENCES: list[Sequence] = [render_clip(seed, frames=4, size_wh=(160, 120)) for seed in (1, 2)]


@pytest.fixture
def clip() -> Clip:
    x, y, w, h = SEQUENCES[0].boxes_xywh[0].tolist()
    return Clip([SEQUENCES[0].frames[0]], [(x, y, w, h)])


def test_scores_are_those_of_the_house_rule(toy_bundle: Path, clip: Clip) -> None:
    seen: list[tuple[float, str]] = []
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as subject:
        accuracy = measure_accuracy(subject, SEQUENCES, "data/val", lambda share, name: seen.append((share, name)))
    with load(toy_bundle) as tracker:
        expected = evaluate(tracker, SEQUENCES)
    assert {name: getattr(accuracy, name) for name in expected.overall} == expected.overall
    assert (accuracy.dataset, accuracy.sequences, accuracy.frames) == ("data/val", 2, 6)
    assert accuracy.rule_text == expected.rule_text
    assert seen == [(0.0, "rendered-1"), (0.5, "rendered-2"), (1.0, "")]


def test_no_sequences_have_no_scores(toy_bundle: Path, clip: Clip) -> None:
    with (
        Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as subject,
        pytest.raises(DatasetError, match="no sequences"),
    ):
        measure_accuracy(subject, [], "data/val", lambda share, name: None)
