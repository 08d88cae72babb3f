"""The commands as a user runs them: real processes, real exit statuses, stdout and stderr apart."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.e2e.cli_process import COMMAND, fail, run, succeed
from tests.e2e.conftest import Clip
from tests.tolerances import ABS_ENGINES_AO, ABS_METRIC

SCORES = {"success_auc", "precision_20", "ao", "sr_50"}


def test_nanotrack_from_the_authors_checkpoint_to_boxes_and_figures(shared: Path, clip: Clip, tmp_path: Path) -> None:
    checkpoint, bundle = tmp_path / "n3.safetensors", tmp_path / "n3"
    imported = json.loads(
        succeed("import", "nanotrack-v3", shared / "weights" / "nanotrack_v3.pth", "-o", checkpoint, "--json")
    )
    assert imported["family"] == "nanotrack-v3"
    assert imported["provenance"]["source"] == "nanotrack_v3.pth"

    exported = json.loads(succeed("export", checkpoint, "-o", bundle, "--json"))
    assert exported == json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    assert exported == json.loads(succeed("info", bundle, "--json"))
    assert exported["parameters"] == imported["parameters"]

    text = succeed("info", bundle)
    for expected in ("nanotrack-v3", "127 x 127", "255 x 255", "MACs", "fp32", "nanotrack_v3.pth", "against torch"):
        assert expected in text

    scores = json.loads(succeed("eval", bundle, clip.got10k, "--json"))
    assert set(scores["overall"]) == SCORES
    assert scores["overall"]["ao"] > 0.5, "the published tracker follows a rendered object"


def test_student_is_exported_and_runs(student: Path, clip: Clip, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    assert "onnx/fp32" in succeed("export", student, "-o", bundle)
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    assert "holds a bundle already" in fail("export", student, "-o", bundle)
    assert before == {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    succeed("export", student, "-o", bundle, "--overwrite")
    assert json.loads(succeed("track", bundle, clip.video, "--box", clip.box, "--json"))["frames"] == clip.frames


def test_info_shows_what_tune_changes(toy_bundle: Path) -> None:
    assert "penalty_k 0.05, window_influence 0.1, size_lr 0.3" in succeed("info", toy_bundle)


def test_info_shows_a_checkpoint(student: Path) -> None:
    text = succeed("info", student)
    assert "sdst-nano-s" in text
    assert "width 0.25" in text


def test_track_writes_video_table_and_lines(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    video, table = tmp_path / "out.mp4", tmp_path / "boxes.csv"
    done = run("track", toy_bundle, clip.video, "--box", clip.box, "-o", video, "--csv", table, "--jsonl")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["frame"] for line in lines] == list(range(1, clip.frames + 1))
    assert lines[0]["box_xywh"] == [float(value) for value in clip.box.split(",")]
    assert all(set(line) == {"frame", "box_xywh", "score", "found"} for line in lines)
    assert f"{clip.frames} frames" in done.stderr, "with --jsonl the summary goes to stderr"

    rows = table.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "frame,x,y,w,h,score,found"
    assert len(rows) == 1 + clip.frames
    assert rows[-1].split(",")[1:5] == [f"{value:.4f}" for value in lines[-1]["box_xywh"]]

    capture = cv2.VideoCapture(str(video))
    size_wh = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    assert (*size_wh, capture.get(cv2.CAP_PROP_FRAME_COUNT)) == (*clip.size_wh, clip.frames)


def test_track_accepts_a_box_that_sticks_out(toy_bundle: Path, clip: Clip) -> None:
    summary = json.loads(succeed("track", toy_bundle, clip.got10k / "one", "--box=-20,-10,60,50", "--json"))
    assert summary["frames"] == clip.frames


def test_track_ends_quietly_when_its_reader_goes_away(toy_bundle: Path, clip: Clip) -> None:
    command = [*COMMAND, "track", str(toy_bundle), str(clip.video), "--box", clip.box, "--jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert errors == ""


def test_eval_prints_a_table_with_the_rule_and_writes_boxes(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    done = run("eval", toy_bundle, clip.got10k, "--out", tmp_path / "out", "--attributes")
    assert done.returncode == 0, done.stderr
    assert "house rule" in done.stdout
    for expected in ("one", "two", "overall", "success", "precision", "@20", "AO", "SR", "0.5", "FPS", "attribute"):
        assert expected in done.stdout
    assert "eval: success AUC 0." in done.stderr, "progress goes to stderr"
    boxes = np.loadtxt(tmp_path / "out" / "boxes" / toy_bundle.name / "one" / "one_001.txt", delimiter=",")
    truth = np.loadtxt(clip.got10k / "one" / "groundtruth.txt", delimiter=",")
    assert boxes.shape == truth.shape
    np.testing.assert_array_equal(boxes[0], truth[0])  # 1-based, as the ground truth is


def test_eval_json_has_every_sequence_and_the_whole(toy_bundle: Path, clip: Clip) -> None:
    scored = json.loads(succeed("eval", toy_bundle, clip.got10k, "--json"))
    assert [item["name"] for item in scored["sequences"]] == ["one", "two"]
    assert scored["sequences"][0]["scores"] == scored["sequences"][1]["scores"] == scored["overall"]
    assert scored["speed"]["fps"] > 0


def test_eval_runs_a_checkpoint_through_the_same_tracker(student: Path, clip: Clip, tmp_path: Path) -> None:
    bundle = tmp_path / "student"
    succeed("export", student, "-o", bundle)
    both = [json.loads(succeed("eval", model, clip.got10k, "--json")) for model in (student, bundle)]
    assert both[0]["tracker"] == both[1]["tracker"] == "student"
    assert both[0]["overall"]["ao"] == pytest.approx(both[1]["overall"]["ao"], abs=ABS_ENGINES_AO)


def test_eval_is_interrupted_and_goes_on_with_what_is_not_finished(
    toy_bundle: Path, clip: Clip, tmp_path: Path
) -> None:
    data, out = Path(shutil.copytree(clip.got10k, tmp_path / "data")), tmp_path / "out"
    pipe = data / "two" / "00000009.jpg"  # a picture that never comes
    picture = pipe.read_bytes()
    pipe.unlink()
    os.mkfifo(pipe)
    command = [*COMMAND, "eval", str(toy_bundle), str(data), "--out", str(out), "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = out / "boxes" / toy_bundle.name / "one" / "one_001.txt"
    for _ in range(600):
        if first.exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr
    before = first.stat().st_mtime_ns
    pipe.unlink()
    pipe.write_bytes(picture)
    succeed("eval", toy_bundle, data, "--out", out)
    assert first.stat().st_mtime_ns == before
    assert len(json.loads((out / "result.json").read_text(encoding="utf-8"))["sequences"]) == 2


def test_eval_of_recorded_boxes_loads_no_engine_and_no_plots(clip: Clip, tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copy(clip.got10k / name / "groundtruth.txt", tmp_path / f"{name}.txt")
    code = """
import sys
from sdst_edge.cli.app import app
try:
    app(["eval", *sys.argv[1:]], prog_name="sdst-edge")
except SystemExit as end:
    assert not end.code
print(sorted({"torch", "onnxruntime", "onnx", "matplotlib", "cv2", "optuna"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(tmp_path), str(clip.got10k), "--attributes"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_compare_prints_differences_with_intervals(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    succeed("eval", toy_bundle, clip.got10k, "--out", tmp_path / "toy")
    for name in ("one", "two"):
        (tmp_path / "perfect").mkdir(exist_ok=True)
        shutil.copy(clip.got10k / name / "groundtruth.txt", tmp_path / "perfect" / f"{name}.txt")
    succeed("eval", tmp_path / "perfect", clip.got10k, "--out", tmp_path / "best")
    results = [tmp_path / name / "result.json" for name in ("toy", "best")]
    text = succeed("compare", *results, "--out", tmp_path / "plots")
    assert (tmp_path / "plots" / "success.png").stat().st_size > 0
    for expected in ("perfect against", "success AUC", "95 % interval", "10000 resamples, seed 0", "house rule"):
        assert expected in text
    plain = json.loads(succeed("compare", *results, "--json", "--metric", "ao", "--resamples", 100, "--seed", 3))
    (contrast,) = plain["contrasts"]
    assert contrast["overall"]["ao"]["value"] == pytest.approx(1.0, abs=ABS_METRIC)
    assert contrast["overall"]["ao"]["clear"] is False, "two sequences tell nothing"
    assert plain["bootstrap"] == {"resamples": 100, "seed": 3}
    assert "gives no 'eao'" in fail("compare", *results, "--metric", "eao")
    assert "whose plots would be lost" in fail("compare", *results, "--out", tmp_path / "toy")


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_command_works_with_a_closed_stream(closed: str, toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    number = {"stdout": 1, "stderr": 2}[closed]
    table = tmp_path / "boxes.csv"
    command = [*COMMAND, "track", str(toy_bundle), str(clip.video), "--box", clip.box, "--csv", str(table)]
    code = f"import os, sys; os.close({number}); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert getattr(done, closed) == ""
    assert len(table.read_text(encoding="utf-8").splitlines()) == 1 + clip.frames
