"""The demo with a bundle that is there: all its files, figures that agree, and what it needs to be installed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from sdst_edge.datasets import read_got10k
from sdst_edge.evaluation import evaluate
from sdst_edge.workflows.demo import CLIP_SEED, STUDENT, DemoReport, run_demo
from sdst_edge.workflows.demo.report_text import report_text
from sdst_runtime import load, shipped_students
from sdst_runtime.errors import ConfigError, ManifestError
from sdst_runtime.manifest import MANIFEST_NAME
from sdst_runtime.shipped import STUDENTS
from sdst_runtime.strict import to_plain
from tests.conftest import PROJECT
from tests.e2e.cli_process import COMMAND, fail, succeed
from tests.toy_bundle import FOLDER
from tests.toy_variants import toy_draft, toy_variant
from tests.toys import POINTS

INT8 = "onnx/int8-ort"
#: What a bare install does not have.
ABSENT = ("torch", "onnx", "onnxsim", "onnxscript", "safetensors", "lightning_fabric", "tensorboardX", "matplotlib")


@pytest.fixture(scope="module")
def bundle(toy_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two variants; the default one has the name of the INT8 one, and draws larger boxes."""
    draft = toy_draft(toy_bundle)
    weight, bias = POINTS.weights["ltrb"]
    draft.add(toy_variant(draft, INT8, {"ltrb": (weight, bias + np.float32(4))}))
    folder = tmp_path_factory.mktemp("bundle") / "two variants"
    for name, data in draft.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / MANIFEST_NAME).write_text(draft.with_default(INT8, None).dumps(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told() -> list[tuple[str, float]]:
    """What the demo said about its progress."""
    return []


@pytest.fixture(scope="module")
def report(bundle: Path, tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, float]]) -> DemoReport:
    """Of a demo that ran in a folder of its own."""
    out = tmp_path_factory.mktemp("demo") / "my demo"
    return run_demo(out, bundle=str(bundle), on_progress=lambda stage, share: told.append((stage, share)))


def commands(report: DemoReport) -> list[list[str]]:
    """Those of the written report, without the program's name, the one on a video of the user's first."""
    lines = report.paths.report.read_text(encoding="utf-8").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("sdst-edge ")]


def test_run_demo_leaves_all_files_and_no_others(report: DemoReport) -> None:
    paths = report.paths
    made = {paths.report, paths.video, paths.picture, paths.clip, paths.clip_video, paths.figures}
    assert set(paths.folder.iterdir()) == made
    assert list(paths.folder.parent.iterdir()) == [paths.folder]  # nothing temporary beside it


def test_run_demo_tells_its_stages_in_order(report: DemoReport, told: list[tuple[str, float]]) -> None:
    names = list(dict.fromkeys(name for name, _ in told))
    assert names == ["clip", "measure", "track"] == list(report.stage_seconds)
    for name in names:
        shares = [share for stage, share in told if stage == name]
        assert shares[0] == 0.0
        assert shares[-1] == 1.0
        assert shares == sorted(shares)


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


def test_run_demo_runs_the_default_variant_and_the_one_to_compare_with(report: DemoReport) -> None:
    (clip,) = read_got10k(report.paths.clip)
    assert tuple(clip.boxes_xywh[0].tolist()) == report.clip.box_xywh
    assert [run.variant for run in report.runs] == [INT8, FOLDER]
    for run in report.runs:
        with load(report.tracker.bundle, variant=run.variant) as tracker:
            assert evaluate(tracker, [clip]).overall == run.scores
        assert run.latency.start is not None
        assert run.loop.frames == 200
    assert report.runs[0].scores != report.runs[1].scores


def test_run_demo_writes_the_same_figures_for_people_and_programs(report: DemoReport) -> None:
    text = report.paths.report.read_text(encoding="utf-8")
    figures = json.loads(report.paths.figures.read_text(encoding="utf-8"))
    assert figures == json.loads(json.dumps(report.to_plain()))
    assert figures["clip"]["seed"] == CLIP_SEED
    assert figures["training"] is None
    assert set(figures["paths"]) == {"report", "video", "picture", "clip", "clip_video", "figures"}
    for run in report.runs:
        assert f"| {run.variant} | {run.scores['success_auc']:.3f} |" in text
        assert f"| {run.variant} | {run.loop.total.p50:.3f} |" in text
    assert f"]({report.paths.picture.name})" in text
    assert f"as `{INT8}` does it" in text
    assert f"`{report.tracker.bundle}`; nothing was trained here" in text


def test_run_demo_prints_commands_that_give_its_figures_again(report: DemoReport, tmp_path: Path) -> None:
    _, *again = commands(report)
    assert [words[0] for words in again] == ["eval", "eval", "bench", "track", "info"]
    for run, words in zip(report.runs, again[:2], strict=True):
        assert json.loads(succeed(*words, "--json"))["overall"] == run.scores
    measured = json.loads(succeed(*again[2], "--targets", 0, "--power", 0, "--json"))["bundles"]
    assert [item["setup"] for item in measured] == [to_plain(run.latency.setup) for run in report.runs]
    tracked = json.loads(succeed(*again[3][:-1], tmp_path / "again.mp4", "--json"))
    assert tracked["found"] == report.shown.found + 1  # the first frame, whose box is given
    assert json.loads(succeed(*again[4], "--json"))["parameters"] == report.tracker.parameters


def test_run_demo_names_the_command_for_a_video_of_ones_own(report: DemoReport, tmp_path: Path) -> None:
    own, *_ = commands(report)
    assert own == shlex.split(report.next_command)[1:]
    filled = {"VIDEO": str(report.paths.clip_video), "X,Y,W,H": "414,183,80,54", "out.mp4": str(tmp_path / "out.mp4")}
    assert set(filled) < set(own)
    succeed(*(filled.get(word, word) for word in own))
    assert (tmp_path / "out.mp4").stat().st_size > 0


def test_report_of_the_shipped_student_says_what_the_clip_does_not_show(report: DemoReport) -> None:
    text = report_text(replace(report, tracker=replace(report.tracker, bundle=STUDENT, shipped=True)))
    assert f"`{STUDENT}`, the student that comes with sdst-edge" in text
    assert "The clip is rendered, and the student was trained on real footage" in text
    assert "docs/model-card.md" in text
    assert (PROJECT / "docs" / "model-card.md").is_file()
    assert f"sdst-edge track {STUDENT} VIDEO --box X,Y,W,H" in text


def test_run_demo_replaces_an_earlier_demo_and_nothing_else(toy_bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run_demo(out, bundle=str(toy_bundle), seed=1)
    (out / "mine.txt").write_text("mine", encoding="utf-8")
    second = run_demo(out, bundle=str(toy_bundle), seed=2)
    assert json.loads(second.paths.figures.read_text(encoding="utf-8"))["clip"]["seed"] == 2
    assert len(list(second.paths.clip.iterdir())) == first.clip.frames + 2  # groundtruth.txt and absence.label
    assert (out / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_run_demo_refuses_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="no earlier demo"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_run_demo_writes_nothing_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="nothing does not exist"):
        run_demo(tmp_path / "out", bundle=str(tmp_path / "nothing"))
    assert not list(tmp_path.iterdir())


def bare(here: Path, blocks: Path, *arguments: str, modules: Sequence[str] = ABSENT) -> str:
    """Stdout of the command in a folder, where it and the processes that it starts find none of the modules."""
    blocks.mkdir()
    (blocks / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n")
    environment = {**os.environ, "PYTHONPATH": str(blocks)}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=here, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_demo_runs_on_a_bare_install(bundle: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    shutil.copytree(bundle, here / STUDENT)  # what has that name in the current folder is what is opened
    printed = bare(here, tmp_path / "blocks", "demo", "-o", "out")
    lines = dict(line.split(maxsplit=1) for line in printed.splitlines())
    assert list(lines) == ["tracker", "accuracy", "speed", "video", "picture", "report", "next"]
    assert lines["tracker"] == f"{STUDENT}, {INT8}"
    assert lines["next"] == f"sdst-edge track {STUDENT} VIDEO --box X,Y,W,H -o out.mp4"
    for name in ("video", "picture", "report"):
        assert (here / lines[name]).stat().st_size > 0
    assert (here / "out" / "demo.json").is_file()


def test_demo_shows_the_shipped_student_on_a_bare_install(tmp_path: Path) -> None:
    if STUDENT not in shipped_students():
        pytest.fail(f"{STUDENT} is not shipped: {STUDENTS} holds no such bundle")
    here = tmp_path / "here"
    here.mkdir()
    figures = json.loads(bare(here, tmp_path / "blocks", "demo", "--json"))
    assert figures["tracker"]["bundle"] == STUDENT
    assert figures["tracker"]["shipped"]
    assert figures["runs"][0]["scores"]["success_auc"] > 0.5, (
        "it loses the target of the clip that is shown to everybody"
    )
    assert {run["latency"]["setup"]["variant"] for run in figures["runs"]} >= {"onnx/fp32", INT8}
    assert [path.name for path in here.iterdir()] == ["demo"]


def test_demo_refuses_a_training_time_without_training(tmp_path: Path) -> None:
    told = fail("demo", "-o", tmp_path / "out", "--seconds", 5, status=2)
    assert "'--seconds'" in told
    assert "add --train" in told
    assert not list(tmp_path.iterdir())
