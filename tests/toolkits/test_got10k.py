"""Our tracker in the GOT-10k toolkit: it runs, and its report says what `sdst-edge eval` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sdst_edge.datasets import Sequence, write_got10k_sequence
from tests.tolerances import ABS_BOX_TEXT_3_PX, ABS_BOX_TEXT_PX, ABS_METRIC
from tests.toolkits.conftest import SIZE_WH, sdst_edge_json

pytest.importorskip("got10k", reason="the GOT-10k toolkit is not in this environment: make test-toolkits")
pytestmark = pytest.mark.filterwarnings("default")  # the toolkit's own warnings


@pytest.fixture(scope="module")
def root(made_up_clips: list[Sequence], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GOT-10k as the toolkit wants it: `val` with a list, labels and meta information."""
    root = tmp_path_factory.mktemp("GOT-10k")
    for clip in made_up_clips:
        folder = root / "val" / clip.name
        write_got10k_sequence(folder, clip)
        (folder / "cover.label").write_text("8\n" * len(clip), encoding="utf-8")
        (folder / "cut_by_image.label").write_text("0\n" * len(clip), encoding="utf-8")
        (folder / "meta_info.ini").write_text(f"[METAINFO]\nresolution: {SIZE_WH}\n", encoding="utf-8")
    names = "\n".join(clip.name for clip in made_up_clips)
    (root / "val" / "list.txt").write_text(names + "\n", encoding="utf-8")
    return root


def reported(root: Path, tracker: Any, tmp_path: Path) -> Any:
    """What the toolkit's experiment reports of a tracker."""
    from got10k.experiments import ExperimentGOT10k

    folders = {"result_dir": str(tmp_path / "results"), "report_dir": str(tmp_path / "reports")}
    experiment = ExperimentGOT10k(str(root), subset="val", **folders)
    experiment.run(tracker)
    experiment.report([tracker.name])
    path = tmp_path / "reports" / "GOT-10k" / tracker.name / "performance.json"
    return json.loads(path.read_text(encoding="utf-8"))[tracker.name]


def check_equal(ours: Any, theirs: Any) -> None:
    """Figures of `sdst-edge eval` against those of the toolkit."""
    assert 0.1 < theirs["overall"]["ao"] < 1.0  # it follows, and not by repeating the truth
    assert ours["overall"]["ao"] == pytest.approx(theirs["overall"]["ao"], abs=ABS_METRIC)
    assert ours["overall"]["sr_50"] == pytest.approx(theirs["overall"]["sr"], abs=ABS_METRIC)
    assert ours["curves"]["success"]["values"] == pytest.approx(theirs["overall"]["succ_curve"], abs=ABS_METRIC)
    for item in ours["sequences"]:
        assert item["scores"]["ao"] == pytest.approx(theirs["seq_wise"][item["name"]]["ao"], abs=ABS_METRIC)


def test_report_equals_eval_with_the_toolkits_rule(root: Path, toy_bundle: Path, tmp_path: Path) -> None:
    from sdst_edge.toolkits.got10k import Got10kTracker

    with Got10kTracker(toy_bundle, name="toy") as tracker:
        theirs = reported(root, tracker, tmp_path)
    ours = sdst_edge_json("eval", tmp_path / "results" / "GOT-10k" / "toy", root / "val", "--rules", "got10k")
    check_equal(ours, theirs)


def test_report_equals_eval_over_three_runs_of_a_tracker_that_is_not_deterministic(
    root: Path, toy_bundle: Path, tmp_path: Path
) -> None:
    from sdst_edge.toolkits.got10k import Got10kTracker

    class Unsteady(Got10kTracker):
        rng = np.random.default_rng(1)

        def track(self, img_files: Any, box: Any, visualize: bool = False) -> Any:
            boxes, seconds = super().track(img_files, box, visualize)
            return boxes + self.rng.normal(0.0, 2.0, boxes.shape) * (np.arange(len(boxes)) > 0)[:, None], seconds

    with Unsteady(toy_bundle, name="unsteady") as tracker:
        tracker.is_deterministic = False
        theirs = reported(root, tracker, tmp_path)
    results = tmp_path / "results" / "GOT-10k" / "unsteady"
    assert len(list(results.glob("*/*_003.txt"))) == 3
    check_equal(sdst_edge_json("eval", results, root / "val", "--rules", "got10k"), theirs)


def test_boxes_equal_those_of_eval(root: Path, toy_bundle: Path, tmp_path: Path) -> None:
    from got10k.experiments import ExperimentGOT10k

    from sdst_edge.toolkits.got10k import Got10kTracker

    with Got10kTracker(toy_bundle, name="toy") as tracker:
        ExperimentGOT10k(str(root), subset="val", result_dir=str(tmp_path), report_dir=str(tmp_path)).run(tracker)
    sdst_edge_json("eval", toy_bundle, root / "val", "--out", tmp_path / "ours")
    theirs = sorted((tmp_path / "GOT-10k" / "toy").glob("*/*_001.txt"))
    assert len(theirs) == 3
    for path in theirs:
        (ours,) = (tmp_path / "ours").rglob(path.name)
        boxes = [np.loadtxt(file, delimiter=",") for file in (path, ours)]
        assert boxes[0] == pytest.approx(boxes[1], abs=ABS_BOX_TEXT_3_PX + ABS_BOX_TEXT_PX)


def test_update_takes_images_of_pillow(made_up_clips: list[Sequence], toy_bundle: Path) -> None:
    from PIL import Image

    from sdst_edge.toolkits.got10k import Got10kTracker
    from sdst_runtime import load

    clip = made_up_clips[0]
    x, y, w, h = clip.boxes_xywh[0].tolist()
    with Got10kTracker(toy_bundle) as theirs, load(toy_bundle) as ours:
        images = [Image.fromarray(cv2.cvtColor(clip.frames[index], cv2.COLOR_BGR2RGB)) for index in range(2)]
        theirs.init(images[0], np.array((x + 1, y + 1, w, h)))
        ours.init(clip.frames[0], (x, y, w, h))
        expected = np.array(ours.update(clip.frames[1]).box_xywh) + np.array((1.0, 1.0, 0.0, 0.0))
        assert theirs.update(images[1]).tolist() == expected.tolist()
        assert theirs.name == toy_bundle.name
        assert theirs.is_deterministic
