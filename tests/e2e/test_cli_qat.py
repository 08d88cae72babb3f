"""Quantisation-aware fine-tuning by command: from a checkpoint to one that exports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.cli_process import fail, succeed
from tests.e2e.conftest import Clip

SHORT = ("--steps", "2", "--set", "optimization.batch_size=2", "--set", "loading.workers=0")


@pytest.fixture(scope="module")
def tuned(student: Path, clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of a short run."""
    output = tmp_path_factory.mktemp("qat") / "int8.safetensors"
    told = succeed(
        "qat", student, "--data", clip.got10k, "-o", output, "--validate", clip.got10k / "one", *SHORT, "--json"
    )
    out = json.loads(told)
    assert (out["checkpoint"], out["run"], out["variant"]) == (str(output), str(output.with_suffix(".qat")), "int8-ort")
    assert out["steps"] == 2
    for network in (out["before"], out["after"]):
        assert set(network["drift"]) == {"score", "ltrb"}
        assert all(0 < value < 1 for value in network["drift"].values())
        assert 0 <= network["auc_rounded"] <= 1
        assert 0 <= network["auc_float"] <= 1
    return output


def test_the_result_is_an_ordinary_checkpoint_that_says_what_was_done(tuned: Path, student: Path) -> None:
    facts = json.loads(succeed("info", tuned, "--json"))
    assert (facts["family"], facts["options"]) == ("sdst-nano-s", {"width": 0.25})
    notes = facts["provenance"]["notes"]
    assert "2 steps of 2 pairs" in notes
    assert f"started from {student.name}; quantisation-aware, rounded as int8-ort; teachers: {student.name}" in notes


def test_a_finished_run_is_told_again_and_its_checkpoint_written_again(tuned: Path, student: Path, clip: Clip) -> None:
    before = tuned.read_bytes()
    tuned.unlink()
    validate = ("--validate", clip.got10k / "one")
    told = succeed("qat", student, "--data", clip.got10k, "-o", tuned, *validate, *SHORT)
    assert tuned.read_bytes() == before
    assert told.split()[:2] == ["checkpoint", str(tuned)]
    assert [line.split()[0] for line in told.splitlines() if "%" in line] == ["before", "after"]


def test_another_run_is_refused_where_one_is_kept(tuned: Path, student: Path, clip: Clip) -> None:
    before = tuned.read_bytes()
    message = fail("qat", student, "--data", clip.got10k, "-o", tuned, *SHORT, "--variant", "int8-qdq")
    assert "holds the run of another recipe" in message
    assert "quantization.variant" in message
    assert tuned.read_bytes() == before


def test_a_run_of_another_checkpoint_of_that_name_is_refused(tuned: Path, clip: Clip, tmp_path: Path) -> None:
    changed, output = tmp_path / "student.safetensors", tmp_path / tuned.name
    shutil.copytree(tuned.with_suffix(".qat"), output.with_suffix(".qat"))
    succeed("new", "sdst-nano-s", "--width", "0.25", "--seed", "7", "-o", changed)
    message = fail("qat", changed, "--data", clip.got10k, "-o", output, *SHORT)
    assert f"{changed} has changed since the run in {output.with_suffix('.qat')} was begun with it" in message
    assert not output.exists()
