"""The demo that trains its own tracker, for much too short a time: all its files, and figures that agree."""

from __future__ import annotations

import json
import math
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import read_got10k
from sdst_edge.evaluation import evaluate, follow
from sdst_edge.workflows.demo import STUDENT, DemoReport, run_training_demo
from sdst_runtime import load
from sdst_runtime.errors import BackendUnavailable, ConfigError
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
    return run_training_demo(out, seconds=SECONDS, on_progress=lambda stage, share: told.append((stage, share)))


def test_run_training_demo_leaves_all_files_and_no_others(report: DemoReport) -> None:
    made = set(report.paths.by_name(trained=True).values())
    assert {report.paths.checkpoint, report.paths.bundle, report.paths.video} < made
    assert set(report.paths.folder.iterdir()) == made
    assert list(report.paths.folder.parent.iterdir()) == [report.paths.folder]  # nothing temporary beside it


def test_run_training_demo_tells_its_stages_in_order(report: DemoReport, told: list[tuple[str, float]]) -> None:
    names = list(dict.fromkeys(name for name, _ in told))
    assert names == ["clip", "train", "export", "measure", "track"] == list(report.stage_seconds)
    for name in names:
        shares = [share for stage, share in told if stage == name]
        assert shares[0] == 0.0
        assert shares[-1] == 1.0
        assert all(0.0 <= share <= 1.0 for share in shares)


def test_run_training_demo_reports_figures_that_the_files_give_again(report: DemoReport) -> None:
    (clip,) = read_got10k(report.paths.clip)
    assert report.tracker.bundle == str(report.paths.bundle)
    assert not report.tracker.shipped
    with load(report.paths.bundle) as tracker:
        assert evaluate(tracker, [clip]).overall == report.shown.scores


def test_run_training_demo_says_what_it_trained_on_and_what_for(report: DemoReport) -> None:
    text = report.paths.report.read_text(encoding="utf-8")
    figures = json.loads(report.paths.figures.read_text(encoding="utf-8"))
    assert report.training is not None
    assert figures["training"]["steps"] == report.training.steps
    assert figures["paths"]["bundle"] == str(report.paths.bundle)
    assert f"for {report.training.steps} steps" in text
    assert f"{report.training.clips} rendered clips" in text
    assert "for nothing else" in text
    assert report.next_command.startswith(f"sdst-edge track {STUDENT} ")


def test_run_training_demo_prints_commands_that_give_its_figures_again(report: DemoReport, tmp_path: Path) -> None:
    lines = report.paths.report.read_text(encoding="utf-8").splitlines()
    _, *printed = [shlex.split(line)[1:] for line in lines if line.startswith("sdst-edge ")]
    again = {words[0]: words[1:] for words in printed}
    assert list(again) == ["eval", "bench", "track", "info", "export"]
    assert json.loads(succeed("eval", *again["eval"], "--json"))["overall"] == report.shown.scores
    measured = json.loads(succeed("bench", *again["bench"], "--targets", 0, "--power", 0, "--json"))
    assert measured["bundles"][0]["setup"] == to_plain(report.shown.latency.setup)
    assert json.loads(succeed("info", *again["info"], "--json"))["parameters"] == report.tracker.parameters
    succeed("track", *again["track"][:-2], "--csv", tmp_path / "boxes.csv")  # boxes in the place of a video
    succeed("export", *again["export"][:-1], tmp_path / "again")
    for graph in report.paths.bundle.rglob("*.onnx"):
        assert (tmp_path / "again" / graph.relative_to(report.paths.bundle)).read_bytes() == graph.read_bytes()
    rows = (tmp_path / "boxes.csv").read_text(encoding="utf-8").splitlines()[1:]
    boxes = [[float(value) for value in row.split(",")[1:5]] for row in rows]
    (clip,) = read_got10k(report.paths.clip)
    with load(report.paths.bundle) as tracker:
        followed = follow(tracker, clip)
    assert np.abs(np.array(boxes) - followed.boxes_xywh).max() <= ABS_BOX_TEXT_PX


def test_demo_trains_when_it_is_told_to(tmp_path: Path) -> None:
    figures = json.loads(succeed("demo", "--train", "--seconds", 0.1, "-o", tmp_path / "demo", "--json"))
    assert figures["training"]["clips"] == 20  # fewer for less time, and no fewer than these
    assert (tmp_path / "demo" / "sdst-nano.safetensors").is_file()


@pytest.mark.parametrize(
    ("seconds", "seed", "message"),
    [(0.0, 1, "0.0 seconds"), (math.inf, 1, "inf seconds"), (1.0, 1_000_003, "one of those")],
)
def test_run_training_demo_refuses_options_that_cannot_be(
    tmp_path: Path, seconds: float, seed: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        run_training_demo(tmp_path / "out", seconds=seconds, seed=seed)
    assert not list(tmp_path.iterdir())


def test_run_training_demo_names_the_extra_and_the_way_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxsim", None)
    with pytest.raises(BackendUnavailable, match=r"onnxsim.*pip install 'sdst-edge\[export\]'.*without --train"):
        run_training_demo(tmp_path / "out")
    assert not list(tmp_path.iterdir())
