"""Training by command: a run, a student with its teachers, going on, and refusing what is another one's."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.e2e.cli_process import COMMAND, fail, run, succeed

#: What makes a packaged recipe for rendered clips one of seconds.
SHORT = {
    "optimization.steps": 2,
    "optimization.batch_size": 4,
    "data.sources.0.rendered.clips": 3,
    "data.sources.0.rendered.size_wh": [160, 120],
}
TEACHER, SPECIALISTS, STUDENT = (f"rendered-{name}.toml" for name in ("teacher", "specialists", "student-sdst"))


def short(prefix: str = "", changes: Mapping[str, object] = MappingProxyType({})) -> list[str]:
    """Options that shorten a recipe, or all of a student's stages where ``prefix`` is ``all:``."""
    settings = [f"{prefix}{key}={value}" for key, value in {**SHORT, **changes}.items()]
    return [part for text in (*settings, "loading.workers=0") for part in ("--set", text)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a short run of the teacher."""
    out = tmp_path_factory.mktemp("run") / "teacher"
    (stage,) = json.loads(succeed("train", TEACHER, "-o", out, *short(), "--profile", "--json"))["stages"]
    assert (stage["steps"], stage["was_finished"], stage["folder"]) == (2, False, str(out))
    assert Path(stage["checkpoint"]) == out / "model.safetensors"
    assert stage["losses"]["loss"] > 0
    assert stage["profile"]["steps"] == 2
    assert stage["profile"]["seconds"]["forward"] > 0
    return out


def test_train_leaves_a_checkpoint_that_other_commands_take(trained: Path) -> None:
    assert json.loads(succeed("info", trained / "model.safetensors", "--json"))["family"] == "sdst-nano-s"
    recipe = json.loads((trained / "recipe.json").read_text(encoding="utf-8"))
    assert recipe["optimization"]["steps"] == 2
    assert recipe["data"]["sources"][0]["rendered"]["size_wh"] == [160, 120]


def test_train_does_not_run_a_finished_recipe_again(trained: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in trained.iterdir()}
    done = run("train", TEACHER, "-o", trained, *short())
    assert done.returncode == 0, done.stderr
    assert "was finished before" in done.stderr
    assert "model.safetensors" in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in trained.iterdir()}


def test_train_refuses_the_folder_of_another_recipe(trained: Path) -> None:
    message = fail("train", TEACHER, "-o", trained, *short(changes={"optimization.lr": "1e-4"}))
    assert "optimization.lr" in message
    assert "0.0001" in message


def test_train_runs_a_recipe_for_each_attribute(trained: Path, tmp_path: Path) -> None:
    start = ["--set", f"model.start={trained / 'model.safetensors'}"]
    out = json.loads(succeed("train", SPECIALISTS, "-o", tmp_path / "s", *short(), *start, "--json"))
    assert [stage["name"] for stage in out["stages"]] == ["FM", "POC"]
    assert (tmp_path / "s" / "POC" / "model.safetensors").is_file()


def test_train_prints_in_the_first_process_alone(trained: Path) -> None:
    done = run("train", TEACHER, "-o", trained, *short(), env={"LOCAL_RANK": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_distill_runs_stages_once_and_refuses_changed_ones(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["distill", STUDENT, "-o", out, *short("all:"), "--set", "distillation.specialised.POC="]
    stages = json.loads(succeed(*command, "--json"))["stages"]
    assert [stage["name"] for stage in stages] == ["general", "specialised-FM", "student"]
    assert all(stage["steps"] == 2 and not stage["was_finished"] for stage in stages)
    assert stages[2]["losses"]["loss"] > 0
    before = (out / "student" / "model.safetensors").stat().st_mtime_ns

    for name in ("result.json", "model.safetensors"):  # as if it had not come to its end
        (out / "specialised-FM" / name).unlink()
    again = json.loads(succeed(*command, "--json"))["stages"]
    assert [stage["was_finished"] for stage in again] == [True, False, True]
    assert (out / "specialised-FM" / "model.safetensors").is_file()
    assert (out / "student" / "model.safetensors").stat().st_mtime_ns == before

    assert "optimization.lr" in fail(*command, "--set", "optimization.lr=1e-4")
    assert "general" in fail(*command, "--set", "general:optimization.lr=1e-4")


def test_train_is_interrupted_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["train", TEACHER, "-o", str(out), *short(changes={"optimization.steps": 10_000})]
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log = out / "log.csv"
    for _ in range(3000):  # of a tenth of a second; a busy machine takes long
        if log.exists() and log.read_text(encoding="utf-8").count("\n") > 1:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.endswith("stopped; the same command goes on from the last saved state\n")
    assert "Traceback" not in stderr
    assert (out / "recipe.json").is_file()
    assert not (out / "result.json").exists()
