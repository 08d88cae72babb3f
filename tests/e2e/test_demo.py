"""The demo from end to end, with a training that is much too short: all its files, and figures that agree."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from sdst_edge.datasets import read_got10k
from sdst_edge.evaluation import evaluate, follow
from sdst_edge.workflows.demo import CLIP_SEED, DemoReport, run_demo
from sdst_runtime import load
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import to_plain
from tests.e2e.cli_process import succeed
from tests.tolerances import ABS_BOX_TEXT_PX

SECONDS = 2.0


@pytest.fixture(scope="module")
def told() -> list[tuple[str, float]]:
    """What the demo said about its progress."""
    return []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, float]]) -> DemoReport:
    """Of a demo that ran in a folder of its own."""
    out = tmp_path_factory.mktemp("demo") / "my demo"
    return run_demo(out, seconds=SECONDS, on_progress=lambda stage, share: told.append((stage, share)))


def test_run_demo_leaves_all_files_and_no_others(report: DemoReport) -> None:
    paths = report.paths
    named = (paths.report, paths.video, paths.picture, paths.clip, paths.clip_video)
    made = {*named, paths.checkpoint, paths.bundle, paths.figures}
    assert set(paths.folder.iterdir()) == made
    assert list(paths.folder.parent.iterdir()) == [paths.folder]  # nothing temporary beside it


def test_run_demo_tells_its_stages_in_order(report: DemoReport, told: list[tuple[str, float]]) -> None:
    names = list(dict.fromkeys(name for name, _ in told))
    assert names == ["clip", "train", "export", "measure", "track"] == list(report.stage_seconds)
    for name in names:
        shares = [share for stage, share in told if stage == name]
        assert shares[0] == 0.0
        assert shares[-1] == 1.0
        assert all(0.0 <= share <= 1.0 for share in shares)


def test_run_demo_draws_every_frame_of_the_clip(report: DemoReport) -> None:
    plain, drawn = (cv2.VideoCapture(str(path)) for path in (report.paths.clip_video, report.paths.video))
    frames = 0
    while True:
        (more, frame), (more_drawn, picture) = plain.read(), drawn.read()
        assert more == more_drawn
        if not more:
            break
        frames += 1
        assert np.abs(frame.astype(int) - picture).max() > 100  # a box, a score and a number
    assert frames == report.clip.frames == 120
    sheet = cv2.imread(str(report.paths.picture))
    assert sheet is not None
    assert sheet.shape[1] > 1000


def test_run_demo_reports_figures_that_the_files_give_again(report: DemoReport) -> None:
    (clip,) = read_got10k(report.paths.clip)
    assert tuple(clip.boxes_xywh[0].tolist()) == report.clip.box_xywh
    with load(report.paths.bundle) as tracker:
        assert evaluate(tracker, [clip]).overall == report.scores


def test_run_demo_writes_the_same_figures_for_people_and_programs(report: DemoReport) -> None:
    text = report.paths.report.read_text(encoding="utf-8")
    figures = json.loads(report.paths.figures.read_text(encoding="utf-8"))
    assert figures["scores"]["success_auc"] == report.scores["success_auc"]
    assert f"| {report.scores['success_auc']:.3f} |" in text
    assert f"| {report.loop.total.p50:.3f} |" in text
    assert f"]({report.paths.picture.name})" in text
    assert figures["clip"]["seed"] == CLIP_SEED


def test_run_demo_prints_commands_that_give_its_figures_again(report: DemoReport, tmp_path: Path) -> None:
    lines = report.paths.report.read_text(encoding="utf-8").splitlines()
    printed = [shlex.split(line)[1:] for line in lines if line.startswith("sdst-edge ")]
    commands = {words[0]: words[1:] for words in printed}
    assert list(commands) == ["eval", "bench", "track", "export", "info"]
    overall = json.loads(succeed("eval", *commands["eval"], "--json"))["overall"]
    assert overall == json.loads(report.paths.figures.read_text(encoding="utf-8"))["scores"]
    setup = json.loads(succeed("bench", *commands["bench"], "--json"))["bundles"][0]["setup"]
    assert setup == to_plain(report.latency.setup)
    info = json.loads(succeed("info", *commands["info"], "--json"))
    assert info["parameters"] == report.parameters
    source, options = commands["track"][:-2], ["--csv", tmp_path / "boxes.csv"]  # boxes in the place of a video
    succeed("track", *source, *options)
    succeed("export", *commands["export"][:-1], tmp_path / "again")
    for graph in report.paths.bundle.rglob("*.onnx"):
        assert (tmp_path / "again" / graph.relative_to(report.paths.bundle)).read_bytes() == graph.read_bytes()
    rows = (tmp_path / "boxes.csv").read_text(encoding="utf-8").splitlines()[1:]
    boxes = [[float(value) for value in row.split(",")[1:5]] for row in rows]
    (clip,) = read_got10k(report.paths.clip)
    with load(report.paths.bundle) as tracker:
        followed = follow(tracker, clip)
    assert np.abs(np.array(boxes) - followed.boxes_xywh).max() <= ABS_BOX_TEXT_PX


def test_run_demo_replaces_an_earlier_demo_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run_demo(out, seconds=0.1, seed=1)
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    second = run_demo(out, seconds=0.1, seed=2)
    assert json.loads(second.paths.figures.read_text(encoding="utf-8"))["clip"]["seed"] == 2
    assert len(list(second.paths.clip.iterdir())) == first.clip.frames + 2  # groundtruth.txt and absence.label
    assert (out / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_run_demo_refuses_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="no earlier demo"):
        run_demo(tmp_path, seconds=0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("seconds", "seed", "message"),
    [(0.0, 1, "0.0 seconds"), (math.inf, 1, "inf seconds"), (1.0, 1_000_003, "one of those")],
)
def test_run_demo_refuses_options_that_cannot_be(tmp_path: Path, seconds: float, seed: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run_demo(tmp_path / "out", seconds=seconds, seed=seed)
    assert not list(tmp_path.iterdir())
