"""Our measures on boxes against the scores that the original toolkits gave for the same made-up trackers.

The house rule is nobody else's, so what is compared are its parts, on the frames and with the repairs of each toolkit:
PySOT scores all frames as they are; got10k's OTB and UAV123 put the true box into frame 1 (UAV123 leaves absent frames
out); its GOT-10k leaves out frame 1 and absent frames, as the house rule does, and clips both boxes to the picture.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.datasets.boxfile import read_boxes
from sdst_edge.evaluation import (
    average_overlap,
    center_error_px,
    iou,
    precision_at,
    score_boxes,
    success_auc,
    success_curve,
    success_rate,
)
from tests.tolerances import ABS_METRIC

TRACKERS = ("drift", "noise", "freeze", "holes")
SEQUENCES = ("otb_Car4", "otb_Couple", "otb_Jumping", "otb_Skiing", "uav123_car10", "uav123_group2_1")

Boxes = NDArray[np.float64]

pytestmark = [pytest.mark.parametrize("tracker", TRACKERS), pytest.mark.parametrize("name", SEQUENCES)]


def expected(shared: Path, file: str) -> Any:
    return json.loads((shared / "reference" / "metrics" / file).read_text(encoding="utf-8"))


def boxes_of(shared: Path, tracker: str, name: str) -> tuple[Boxes, Boxes, NDArray[np.bool_]]:
    """Predicted and true boxes (N, 4), and where the target is visible (N,)."""
    folder = shared / "reference" / "metrics"
    absent = (folder / "absent" / f"{name}.txt").read_text(encoding="utf-8").replace(",", " ").split()
    predicted = read_boxes(folder / "results" / tracker / f"{name}.txt", origin=1.0)
    return predicted, read_boxes(folder / "gt" / f"{name}.txt", origin=1.0), np.array(absent) == "0"


def close(value: object) -> Any:
    return pytest.approx(value, abs=ABS_METRIC, rel=0)


def test_success_and_precision_follow_pysot_on_all_frames(shared: Path, tracker: str, name: str) -> None:
    predicted, true, _ = boxes_of(shared, tracker, name)
    original = expected(shared, "expected_pysot_ope.json")["plain"][tracker]["per_sequence"][name]
    assert success_auc(iou(predicted, true)) == close(original["success_auc"])
    assert precision_at(center_error_px(predicted, true)) == close(original["precision_20"])


@pytest.mark.parametrize(("file", "drops_absent"), [("otb", False), ("uav123", True)])
def test_curves_follow_got10k_with_the_true_box_in_frame_1(
    shared: Path, tracker: str, name: str, file: str, drops_absent: bool
) -> None:
    predicted, true, visible = boxes_of(shared, tracker, name)
    predicted[0] = true[0]
    if drops_absent:
        predicted, true = predicted[visible], true[visible]
    original = expected(shared, f"expected_got10k_{file}.json")["performance"][tracker]["seq_wise"][name]
    assert success_curve(iou(predicted, true)).tolist() == close(original["success_curve"])
    assert success_auc(iou(predicted, true)) == close(original["success_score"])
    assert precision_at(center_error_px(predicted, true)) == close(original["precision_score"])


def test_house_rule_follows_got10k_on_boxes_clipped_to_the_picture(shared: Path, tracker: str, name: str) -> None:
    predicted, true, visible = boxes_of(shared, tracker, name)
    width, height = expected(shared, "sequences.json")[name]["resolution_wh"]
    original = expected(shared, "expected_got10k_val.json")["performance"][tracker]["seq_wise"][name]

    def clipped(boxes: Boxes) -> Boxes:
        # The toolkit clips 1-based corners, and then sides: a box that sticks out on the left moves, and stays as wide.
        corner = np.clip(boxes[:, :2] + 1, 0, (width, height))
        return np.hstack([corner, np.clip(boxes[:, 2:], 0, (width, height) - corner)])

    scores = score_boxes(clipped(predicted), clipped(true), visible)
    assert scores.ao == close(original["ao"])
    assert scores.sr_50 == close(original["sr"])
    counted = visible.copy()
    counted[0] = False
    overlap = iou(clipped(predicted)[counted], clipped(true)[counted])
    assert (scores.ao, scores.sr_50) == (average_overlap(overlap), success_rate(overlap))
