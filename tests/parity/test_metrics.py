"""Our rules against the scores that the original toolkits gave for the same made-up trackers, all to the last digit.

The ground truth of absent frames repeats the last box; what a toolkit got in its place is said with each file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.evaluation.rules import RuleScores, rule_by_name
from tests.tolerances import ABS_METRIC, ABS_PERCENT_F32

TRACKERS = ("drift", "noise", "freeze", "holes")
SEQUENCES = ("otb_Car4", "otb_Couple", "otb_Jumping", "otb_Skiing", "uav123_car10", "uav123_group2_1")

Boxes = NDArray[np.float64]

pytestmark = pytest.mark.parametrize("tracker", TRACKERS)


def read(path: Path) -> Boxes:
    """(N, 4): the numbers of a file, counted from 1, with 1 subtracted from x and y."""
    return np.loadtxt(path, delimiter=",", ndmin=2) - (1, 1, 0, 0)


def expected(shared: Path, file: str) -> Any:
    return json.loads((shared / "reference" / "metrics" / f"expected_{file}.json").read_text(encoding="utf-8"))


def scores_of(shared: Path, rule_name: str, tracker: str, absent_box: tuple[float, ...] | None = None) -> Any:
    """Scores of a tracker by sequence, and together under ``""``."""
    folder = shared / "reference" / "metrics"
    sizes = json.loads((folder / "sequences.json").read_text(encoding="utf-8"))
    rule, scores = rule_by_name(rule_name), {}
    for name in SEQUENCES:
        true = read(folder / "gt" / f"{name}.txt")
        visible = np.loadtxt(folder / "absent" / f"{name}.txt", delimiter=",").ravel() == 0
        if absent_box is not None:
            true[~visible] = np.array(absent_box) - (1, 1, 0, 0)
        predicted = read(folder / "results" / tracker / f"{name}.txt")
        scores[name] = rule.score(predicted, true, visible, tuple(sizes[name]["resolution_wh"]))
    return {**scores, "": rule.mean(list(scores.values()))}


def assert_equal(ours: RuleScores, theirs: Any, keys: dict[str, str], tolerance: float = ABS_METRIC) -> None:
    """Compares what ``keys`` name, ours to theirs: scores, or whole curves."""
    for key, their_key in keys.items():
        value = ours.curves[key].tolist() if key in ours.curves else ours.scores[key]
        assert value == pytest.approx(theirs[their_key], abs=tolerance, rel=0), key


CURVES = {"success": "success_curve", "precision": "precision_curve"}
OTB_KEYS = {"success_auc": "success_score", "precision_20": "precision_score", "sr_50": "success_rate", **CURVES}
LASOT_KEYS = {
    "norm_precision_auc": "normalized_precision_score",
    "norm_precision": "normalized_precision_curve",
    **OTB_KEYS,
}


@pytest.mark.parametrize(
    ("rule", "file", "keys"),
    [("otb", "otb", OTB_KEYS), ("uav123", "uav123", OTB_KEYS), ("got10k-lasot", "lasot", LASOT_KEYS)],
)
def test_rules_of_got10k(shared: Path, tracker: str, rule: str, file: str, keys: dict[str, str]) -> None:
    original = expected(shared, f"got10k_{file}")["performance"][tracker]
    ours = scores_of(shared, rule, tracker)
    for name in SEQUENCES:
        assert_equal(ours[name], original["seq_wise"][name], keys)
    assert_equal(ours[""], original["overall"], keys)


def test_uav123_takes_rows_of_nan_for_absent_frames(shared: Path, tracker: str) -> None:
    original = expected(shared, "got10k_uav123")["performance"][tracker]
    assert_equal(scores_of(shared, "uav123", tracker, (np.nan,) * 4)[""], original["overall"], OTB_KEYS)


def test_got10k_on_its_own_set(shared: Path, tracker: str) -> None:
    original = expected(shared, "got10k_val")["performance"][tracker]
    ours = scores_of(shared, "got10k", tracker)
    for name in SEQUENCES:
        assert_equal(ours[name], original["seq_wise"][name], {"ao": "ao", "sr_50": "sr"})
    assert_equal(ours[""], original["overall"], {"ao": "ao", "sr_50": "sr", "success": "succ_curve"})


PLAIN_KEYS = {"success_auc": "success_auc", "precision_20": "precision_20", "norm_precision_20": "norm_precision_0p20"}


@pytest.mark.parametrize(
    ("rule", "variant", "absent_box"),
    [("pysot", "plain", None), ("pysot-lasot", "lasot_absent", None), ("pysot", "zero_gt", (0.0, 0.0, 0.0, 0.0))],
)
def test_pysot(shared: Path, tracker: str, rule: str, variant: str, absent_box: tuple[float, ...] | None) -> None:
    original = expected(shared, "pysot_ope")[variant][tracker]
    ours = scores_of(shared, rule, tracker, absent_box)
    for name in SEQUENCES:
        assert_equal(ours[name], original["per_sequence"][name], PLAIN_KEYS)
    assert_equal(ours[""], original, {**PLAIN_KEYS, **CURVES, "norm_precision": "norm_precision_curve"})


def test_lasot(shared: Path, tracker: str) -> None:
    original = expected(shared, "lasot_matlab")["trackers"][tracker]
    ours = scores_of(shared, "lasot", tracker)
    for name in SEQUENCES:
        assert_equal(ours[name], original["per_sequence"][name], PLAIN_KEYS)
    assert_equal(ours[""], original, PLAIN_KEYS)


@pytest.mark.parametrize(
    ("rule", "variant", "absent_box"),
    [
        ("pytracking", "otb", None),
        ("pytracking-lasot", "lasot", None),
        ("pytracking-uav", "uav", (np.nan,) * 4),
        ("pytracking-uav", "uav", None),
        ("pytracking-valid", "otb_exclude_invalid", (0.0,) * 4),
        ("pytracking-valid", "otb_exclude_invalid", None),
    ],
)
def test_pytracking(shared: Path, tracker: str, rule: str, variant: str, absent_box: tuple[float, ...] | None) -> None:
    original = expected(shared, "pytracking")[variant][tracker]
    ours = scores_of(shared, rule, tracker, absent_box)
    keys = {"success_auc": "auc", "precision_20": "precision_20", "norm_precision_20": "norm_precision_0p20"}
    for name in SEQUENCES:
        assert_equal(ours[name], original["per_sequence"][name], keys, ABS_PERCENT_F32)
    assert_equal(ours[""], original, {"op_50": "op50", "op_75": "op75", **keys}, ABS_PERCENT_F32)


def test_trackingnet(shared: Path, tracker: str) -> None:
    original = expected(shared, "trackingnet")
    theirs = dict(zip(original["order"], original["trackers"][tracker], strict=True))
    keys = {
        "coverage": "coverage",
        "success_auc": "success",
        "precision_auc": "precision",
        "norm_precision_auc": "normalised_precision",
    }
    assert_equal(scores_of(shared, "trackingnet", tracker)[""], theirs, keys)


def test_house_is_got10k_on_boxes_clipped_to_the_picture(shared: Path, tracker: str) -> None:
    folder = shared / "reference" / "metrics"
    original = expected(shared, "got10k_val")["performance"][tracker]["seq_wise"]
    for name, facts in json.loads((folder / "sequences.json").read_text(encoding="utf-8")).items():
        width_height = facts["resolution_wh"]

        def clipped(path: Path, width_height: Any = width_height) -> Boxes:
            boxes = read(path) + np.array((1, 1, 0, 0))
            corner = np.clip(boxes[:, :2], 0, width_height)
            return np.hstack([corner, np.clip(boxes[:, 2:], 0, width_height - corner)])

        visible = np.loadtxt(folder / "absent" / f"{name}.txt", delimiter=",").ravel() == 0
        true = clipped(folder / "gt" / f"{name}.txt")
        scores = rule_by_name("house").score(clipped(folder / "results" / tracker / f"{name}.txt"), true, visible)
        assert_equal(scores, original[name], {"ao": "ao", "sr_50": "sr"})
