"""Golden trajectories of the original NanoTrack, followed through the whole runtime: bundle, session, libsdst.

The original starts at centre ``x + (w - 1) / 2`` and returns ``cx - w / 2``; the bundle's ``init_center_offset_px``
carries that, so that its trajectories start where it did.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.bundle import Bundle
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, Result
from sdst_runtime.loading import open_session
from sdst_runtime.tracker import Tracker
from tests.tolerances import ABS_FREE_RUN_MEAN_IOU, ABS_ONE_STEP_PX, ABS_ONE_STEP_SCORE, MIN_FREE_RUN_IOU

cv2 = pytest.importorskip("cv2")

SEQUENCES = ("otb_Skiing", "otb_Couple", "otb_Car4", "uav123_car10")

runs = pytest.mark.parametrize(
    ("family", "sequence", "kind"),
    [
        (family, sequence, kind)
        for sequence in SEQUENCES
        for family in ("nanotrack-v3", "nanotrack-v2")
        for kind in ("baked", "split")
    ],
)


class Golden(NamedTuple):
    """A run of the original.

    Attributes:
        boxes_xywh: (N, 4), 0-based; the first is the initial box.
        scores: (N,), NaN in the first frame.
        best_indices: (N,), -1 in the first frame.
        margins: (N,), best minus second penalised score, NaN in the first frame.
        ground_truth_xywh: (N, 4), 0-based.
        mean_iou: of the boxes with the ground truth, frame 1 left out.
    """

    boxes_xywh: NDArray[np.float64]
    scores: NDArray[np.float64]
    best_indices: list[int]
    margins: NDArray[np.float64]
    ground_truth_xywh: NDArray[np.float64]
    mean_iou: float


class SpiedTracker(NativeTracker):
    """libsdst's tracker, remembering its last result."""

    last: Result

    def decode(self, *maps: NDArray[np.float32]) -> Result:
        self.last = super().decode(*maps)
        return self.last


@lru_cache(maxsize=1)  # consecutive tests run on one sequence at a time
def load_frames(folder: Path) -> tuple[list[Any], str]:
    """Frames as BGR arrays, and the hash of their files."""
    paths = sorted(folder.glob("*.jpg"))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return [cv2.imread(str(path)) for path in paths], digest.hexdigest()


def load_golden(shared: Path, family: str, sequence: str) -> tuple[list[Any], Golden]:
    """Frames of a sequence, and what the original made of them."""
    folder, name = shared / "reference" / "tracking" / "trajectories", family.replace("-", "_")
    with (folder / f"{name}_{sequence}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    summary = json.loads((folder / f"summary_{name}.json").read_text())["sequences"][sequence]
    frames, digest = load_frames(shared / "data" / "tracking" / "val" / sequence)
    assert digest == summary["frames_sha256"], "the pictures have changed, so the trajectory no longer applies"
    ground_truth = np.loadtxt(shared / "data" / "tracking" / "val" / sequence / "groundtruth.txt", delimiter=",")
    ground_truth[:, :2] -= 1  # the data are 1-based
    return frames, Golden(
        boxes_xywh=np.array([[float(row[key]) for key in "xywh"] for row in rows]),
        scores=np.array([float(row["score"] or "nan") for row in rows]),
        best_indices=[int(row["best_idx"] or -1) for row in rows],
        margins=np.array([float(row["margin"] or "nan") for row in rows]),
        ground_truth_xywh=ground_truth[: len(rows)],
        mean_iou=summary["mean_iou"],
    )


def open_tracker(bundle: Path, kind: Any) -> tuple[Tracker, list[SpiedTracker]]:
    """A tracker, and the list to which it adds a core with each target."""
    opened = Bundle.open(bundle)
    cores: list[SpiedTracker] = []

    def core(config: TrackerConfig) -> SpiedTracker:
        cores.append(SpiedTracker(config))
        return cores[-1]

    session = open_session(opened, kind)
    return Tracker(session, opened.manifest.tracker, core=core, owns_session=True), cores


def mean_iou(a_xywh: NDArray[np.float64], b_xywh: NDArray[np.float64]) -> float:
    """Mean IoU of boxes of the same frames, the first left out."""
    a_low, a_size, b_low, b_size = a_xywh[1:, :2], a_xywh[1:, 2:], b_xywh[1:, :2], b_xywh[1:, 2:]
    sides = np.minimum(a_low + a_size, b_low + b_size) - np.maximum(a_low, b_low)
    common = np.prod(np.maximum(sides, 0), axis=1)
    return float(np.mean(common / (np.prod(a_size, axis=1) + np.prod(b_size, axis=1) - common)))


@runs
def test_one_step_from_the_originals_state_lands_where_it_did(
    shared: Path, nanotrack_bundles: Callable[[str], Path], family: str, sequence: str, kind: str
) -> None:
    frames, golden = load_golden(shared, family, sequence)
    tracker, cores = open_tracker(nanotrack_bundles(family), kind)
    with tracker:
        tracker.init(frames[0], golden.boxes_xywh[0])
        core = cores[-1]
        for i in range(1, len(frames)):
            x, y, w, h = golden.boxes_xywh[i - 1]
            offset = 0.5 if i == 1 else 0.0  # the initial box becomes a centre otherwise than a returned one
            core.set_state(x + w / 2 - offset, y + h / 2 - offset, w, h)
            result = tracker.update(frames[i])
            assert np.abs(result.box_xywh - golden.boxes_xywh[i]).max() <= ABS_ONE_STEP_PX, f"frame {i + 1}"
            assert abs(result.score - golden.scores[i]) <= ABS_ONE_STEP_SCORE, f"frame {i + 1}"
            assert core.last.best_index == golden.best_indices[i] or golden.margins[i] <= ABS_ONE_STEP_SCORE


@runs
def test_free_run_follows_the_original(
    shared: Path, nanotrack_bundles: Callable[[str], Path], family: str, sequence: str, kind: str
) -> None:
    frames, golden = load_golden(shared, family, sequence)
    tracker, _ = open_tracker(nanotrack_bundles(family), kind)
    with tracker:
        tracker.init(frames[0], golden.boxes_xywh[0])
        boxes = np.array([golden.boxes_xywh[0], *(tracker.update(frame).box_xywh for frame in frames[1:])])
    assert mean_iou(golden.boxes_xywh, golden.ground_truth_xywh) == pytest.approx(golden.mean_iou)
    assert abs(mean_iou(boxes, golden.ground_truth_xywh) - golden.mean_iou) <= ABS_FREE_RUN_MEAN_IOU
    assert mean_iou(boxes, golden.boxes_xywh) >= MIN_FREE_RUN_IOU


def test_init_puts_the_centre_where_the_original_does(shared: Path, nanotrack_bundles: Callable[[str], Path]) -> None:
    frames, golden = load_golden(shared, "nanotrack-v3", "otb_Skiing")
    tracker, cores = open_tracker(nanotrack_bundles("nanotrack-v3"), "baked")
    with tracker:
        tracker.init(frames[0], golden.boxes_xywh[0])
        x, y, w, h = golden.boxes_xywh[0]
        assert cores[-1].state() == (x + (w - 1) / 2, y + (h - 1) / 2, w, h)
