"""How far two variants are apart on single pairs of crops, by networks whose difference is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_export.accuracy import measure_drift
from sdst_export.draft import Draft
from sdst_runtime.errors import DatasetError, SdstError
from tests.tolerances import REL_NETWORK_F32
from tests.toy_bundle import FOLDER, build_toy_bundle
from tests.toy_variants import CropPair, crop_pairs, toy_draft, toy_variant
from tests.toys import ANCHORS, POINTS, RESPONSE, SMALL, Toy, expected_maps

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")

SCORE_WEIGHT, SCORE_BIAS = POINTS.weights["score"]
LTRB_WEIGHT, LTRB_BIAS = POINTS.weights["ltrb"]
SQUARE = np.zeros_like(LTRB_WEIGHT), LTRB_BIAS  # 10 network px to each side of the chosen cell, whatever is seen
LEFT = SQUARE[0], LTRB_BIAS + np.array([4, 0, -4, 0], np.float32)  # the same box 4 px further left


@pytest.fixture
def draft(toy_bundle: Path) -> Draft:
    """With the variants ``square`` and ``left``."""
    made = toy_draft(toy_bundle)
    made.add(toy_variant(made, "onnx/square", {"ltrb": SQUARE}))
    made.add(toy_variant(made, "onnx/left", {"ltrb": LEFT}))
    return made


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def test_a_variant_does_not_drift_from_itself_whatever_its_session(draft: Draft) -> None:
    draft.add(toy_variant(draft, "onnx/split", {}, session="split"))
    drift = measure_drift(draft.bundle(), "onnx/split", FOLDER, crop_pairs(), "toys")
    assert (drift.source, drift.pairs) == ("toys", 3)
    assert drift.max_score_difference <= REL_NETWORK_F32
    assert drift.min_iou >= 1 - REL_NETWORK_F32


def test_boxes_are_compared_by_iou(draft: Draft) -> None:
    drift = measure_drift(draft.bundle(), "onnx/left", "onnx/square", crop_pairs(), "toys")
    assert drift.mean_iou == pytest.approx(16 / 24, rel=REL_NETWORK_F32)  # sides of 20 px, 4 px apart
    assert drift.min_iou == pytest.approx(16 / 24, rel=REL_NETWORK_F32)
    assert drift.max_score_difference == 0.0


def test_scores_are_compared_at_the_cells_that_each_variant_chose(draft: Draft) -> None:
    draft.add(toy_variant(draft, "onnx/doubtful", {"score": (SCORE_WEIGHT, SCORE_BIAS - np.float32(0.5))}))
    pairs = crop_pairs()
    drift = measure_drift(draft.bundle(), "onnx/doubtful", FOLDER, pairs, "toys")
    peaks = np.array([expected_maps(pair.z, pair.x)[0].max() for pair in pairs])
    differences = sigmoid(peaks) - sigmoid(peaks - 0.5)
    assert drift.mean_score_difference == pytest.approx(differences.mean(), rel=REL_NETWORK_F32)
    assert drift.max_score_difference == pytest.approx(differences.max(), rel=REL_NETWORK_F32)


def test_boxes_of_pairs_that_both_have_lost_are_not_compared(draft: Draft) -> None:
    bundle, pairs = draft.bundle(), crop_pairs(2)
    empty = CropPair(pairs[0].z, np.full_like(pairs[0].x, 20))
    found = measure_drift(bundle, FOLDER, "onnx/square", pairs, "toys")
    mixed = measure_drift(bundle, FOLDER, "onnx/square", [*pairs, empty], "toys")
    lost = measure_drift(bundle, FOLDER, "onnx/square", [empty], "toys")
    assert (mixed.pairs, mixed.mean_iou, mixed.min_iou) == (3, found.mean_iou, found.min_iou)
    assert lost.mean_iou not in (found.mean_iou, found.min_iou)  # alone they are, as there is nothing else


def test_a_variant_that_alone_loses_the_target_is_compared(draft: Draft) -> None:
    blind = {"score": (np.zeros_like(SCORE_WEIGHT), np.full_like(SCORE_BIAS, -9)), "ltrb": SQUARE}
    draft.add(toy_variant(draft, "onnx/blind", blind))
    drift = measure_drift(draft.bundle(), "onnx/blind", "onnx/square", crop_pairs(), "toys")
    assert drift.min_iou < 0.5
    assert drift.max_score_difference > 0.5


@pytest.mark.parametrize("toy", [ANCHORS, RESPONSE], ids=["anchors", "response"])
def test_every_kind_of_output_is_decoded(tmp_path: Path, toy: Toy) -> None:
    draft = toy_draft(build_toy_bundle(tmp_path / "bundle", toy))
    drift = measure_drift(draft.bundle(), FOLDER, FOLDER, crop_pairs(toy=toy), "toys")
    assert drift.max_score_difference == 0.0
    assert drift.min_iou == pytest.approx(1.0, rel=REL_NETWORK_F32)


def test_crops_of_both_search_sizes_are_taken(tmp_path: Path) -> None:
    bundle = toy_draft(build_toy_bundle(tmp_path / "bundle", SMALL)).bundle()
    small = SMALL.config.for_small_target()
    assert small is not None
    pairs = [*crop_pairs(2), *crop_pairs(2, toy=replace(SMALL, config=small))]
    assert {pair.x.shape[-1] for pair in pairs} == {72, 88}
    assert measure_drift(bundle, FOLDER, FOLDER, pairs, "toys").pairs == 4


def test_tensorrts_variants_are_run_by_onnx_runtime(draft: Draft) -> None:
    square = replace(draft.manifest.variants["onnx/square"], session="split", engine="tensorrt")
    manifest = replace(draft.manifest, variants={**draft.manifest.variants, "onnx/square": square})
    drift = measure_drift(Draft(manifest, draft.files).bundle(), "onnx/left", "onnx/square", crop_pairs(1), "toys")
    assert drift.mean_iou == pytest.approx(16 / 24, rel=REL_NETWORK_F32)


def test_no_pairs_and_crops_of_another_tracker_are_errors(draft: Draft) -> None:
    bundle = draft.bundle()
    with pytest.raises(DatasetError, match="no pairs of crops"):
        measure_drift(bundle, "onnx/left", "onnx/square", [], "toys")
    pair = crop_pairs(1)[0]
    cut = CropPair(pair.z, np.ascontiguousarray(pair.x[..., :64, :64]))
    with pytest.raises(SdstError, match=r"\(1, 3, 64, 64\).*\(1, 3, 72, 72\)"):
        measure_drift(bundle, "onnx/left", "onnx/square", [cut], "toys")
