"""Students that come with the package, by their names alone, from a folder that holds nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sdst_runtime import Bundle, shipped_students
from sdst_runtime.shipped import STUDENTS
from tests.e2e.cli_process import fail, succeed
from tests.e2e.conftest import Clip


@pytest.fixture(params=shipped_students() or [None])
def name(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a shipped student."""
    if request.param is None:
        pytest.fail(f"no student is shipped: {STUDENTS} holds no bundle; docs/training.md says how they are made")
    monkeypatch.chdir(tmp_path)
    return str(request.param)


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_variant_follows_the_target_of_a_clip(name: str, clip: Clip) -> None:
    for variant in Bundle.open(name).manifest.variants:
        chosen = ("--variant", variant, "--engine", "onnxruntime")  # which runs TensorRT's INT8 graphs, too
        told = lines(succeed("track", name, clip.video, "--box", clip.box, *chosen, "--jsonl"))
        assert [line["frame"] for line in told] == list(range(1, clip.frames + 1)), variant
        assert all(line["found"] for line in told), f"{variant} loses a target that nothing hides"
    assert os.listdir() == []


def test_eval_and_info_take_it_by_name(name: str, clip: Clip) -> None:
    scored = json.loads(succeed("eval", name, clip.got10k, "--json"))
    assert scored["tracker"] == name
    assert scored["overall"]["success_auc"] > 0.5, "it follows a clip without any difficulty"
    assert json.loads(succeed("info", name, "--json"))["family"] == name
    assert json.loads(succeed("info", f"{name}.safetensors", "--json"))["family"] == name


def test_bench_takes_it_by_name(name: str) -> None:
    short = ("--frames", "3", "--targets", "0", "--power", "0", "--size", "320x240")
    (bundle,) = json.loads(succeed("bench", name, *short, "--json"))["bundles"]
    assert bundle["name"].startswith(f"{name} ")
    assert bundle["setup"]["bundle"] == name


def test_export_takes_it_by_name(name: str) -> None:
    succeed("export", name, "-o", "again")
    again, shipped = Bundle.open("again").manifest, Bundle.open(name).manifest
    assert (again.family, again.provenance) == (shipped.family, shipped.provenance)
    for role, graph in again.variants["onnx/fp32"].graphs.items():
        assert graph.inputs == shipped.variants["onnx/fp32"].graphs[role].inputs


def test_a_program_loads_it_by_name(name: str) -> None:
    code = (
        "import sys, numpy as np, sdst_edge\n"
        "frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)\n"
        "with sdst_edge.load(sys.argv[1]) as tracker:\n"
        "    tracker.init(frame, (100, 80, 60, 50))\n"
        "    print(len(tracker.update(frame).box_xywh))\n"
        "assert not {'torch', 'onnx', 'safetensors', 'typer', 'rich'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=False)
    assert done.stdout == "4\n", done.stderr


def test_a_name_of_nothing_is_told_with_those_that_there_are(name: str, clip: Clip) -> None:
    for arguments in (("track", "sdst-nano-x", clip.video, "--box", clip.box), ("export", "sdst-nano-x", "-o", "x")):
        told = fail(*arguments)
        assert "sdst-nano-x does not exist" in told
        assert name in told
