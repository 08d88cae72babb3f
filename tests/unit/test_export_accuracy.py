"""What variants score on sequences, each following on its own, by networks whose difference is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.evaluation import evaluate
from sdst_export.accuracy import Validation, follow_validation, measure_accuracy
from sdst_export.draft import Draft
from sdst_runtime.errors import DatasetError
from sdst_runtime.loading import load
from tests.tolerances import ABS_METRIC, REL_NETWORK_F32
from tests.toy_bundle import FOLDER, bright_frame
from tests.toy_variants import toy_draft, toy_variant
from tests.toys import POINTS

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")

SCORE_WEIGHT, SCORE_BIAS = POINTS.weights["score"]
LTRB_WEIGHT, LTRB_BIAS = POINTS.weights["ltrb"]
SQUARE = {"ltrb": (np.zeros_like(LTRB_WEIGHT), LTRB_BIAS)}  # the target's size, whatever is seen
DOUBTFUL = SQUARE | {"score": (SCORE_WEIGHT, SCORE_BIAS - np.float32(0.5))}
BLIND = {"score": (np.zeros_like(SCORE_WEIGHT), np.full_like(SCORE_BIAS, -9))}


def clip(name: str, step: tuple[float, float], count: int = 6) -> Sequence:
    centers = [(60 + step[0] * i, 60 + step[1] * i) for i in range(count)]
    boxes = np.array([(x - 10, y - 10, 20, 20) for x, y in centers], np.float64)
    return Sequence(
        name=name,
        frames=[bright_frame(center) for center in centers],
        boxes_xywh=boxes,
        visible=np.ones(count, bool),
    )


@pytest.fixture
def draft(toy_bundle: Path) -> Draft:
    made = toy_draft(toy_bundle)
    for name, weights in {"square": SQUARE, "doubtful": DOUBTFUL, "blind": BLIND, "same": {}}.items():
        made.add(toy_variant(made, f"onnx/{name}", weights))
    return made


@pytest.fixture
def validation() -> Validation:
    return Validation(source="clips", sequences=[clip("right", (4, 0)), clip("down", (0, 3), count=4)])


def test_a_variant_scores_what_evaluate_gives_it(draft: Draft, validation: Validation, toy_bundle: Path) -> None:
    followed = follow_validation(draft.bundle(), FOLDER, validation)
    with load(toy_bundle) as tracker:
        expected = evaluate(tracker, validation.sequences).overall["success_auc"]
    assert followed.success_auc == expected
    assert expected is not None and 0.3 < expected < 1.0  # noqa: PT018 (a number, and one that can be missed)
    assert [len(boxes) for boxes in followed.boxes_xywh] == [6, 4]
    assert [len(scores) for scores in followed.scores] == [5, 3]


def test_a_variant_agrees_with_itself(draft: Draft, validation: Validation) -> None:
    accuracy = measure_accuracy(draft.bundle(), "onnx/same", FOLDER, validation)
    assert (accuracy.source, accuracy.rules, accuracy.sequences, accuracy.frames) == ("clips", "house", 2, 10)
    assert accuracy.success_auc == accuracy.reference_success_auc
    assert accuracy.mean_iou == pytest.approx(1.0, abs=ABS_METRIC)
    assert accuracy.mean_score_difference == 0.0


def test_scores_may_differ_where_boxes_do_not(draft: Draft, validation: Validation) -> None:
    reference = follow_validation(draft.bundle(), "onnx/square", validation)
    accuracy = measure_accuracy(draft.bundle(), "onnx/doubtful", reference, validation)
    logits = [np.log(scores / (1 - scores)) for scores in reference.scores]
    expected = [scores - 1 / (1 + np.exp(0.5 - logit)) for scores, logit in zip(reference.scores, logits, strict=True)]
    assert accuracy.mean_score_difference == pytest.approx(np.concatenate(expected).mean(), rel=REL_NETWORK_F32)
    assert accuracy.mean_iou == pytest.approx(1.0, abs=ABS_METRIC)


def test_a_variant_that_sees_nothing_loses_accuracy(draft: Draft, validation: Validation) -> None:
    accuracy = measure_accuracy(draft.bundle(), "onnx/blind", FOLDER, validation)
    assert accuracy.success_auc < accuracy.reference_success_auc
    assert accuracy.mean_iou < 0.9


def test_progress_names_each_sequence_of_each_variant(draft: Draft, validation: Validation) -> None:
    told: list[tuple[int, int, str]] = []
    measure_accuracy(draft.bundle(), "onnx/same", FOLDER, validation, lambda *what: told.append(what))
    assert told == 2 * [(0, 2, "right"), (1, 2, "down"), (2, 2, "")]


def test_a_data_set_is_opened_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        Validation.open(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="clips has no sequences"):
        Validation(source="clips", sequences=[])


def test_a_sequence_that_cannot_be_scored_is_refused_before_anything_runs() -> None:
    sequence = clip("absent", (1, 0))
    sequence.visible[1:] = False
    with pytest.raises(DatasetError, match="absent"):
        Validation(source="clips", sequences=[clip("right", (4, 0)), sequence])
