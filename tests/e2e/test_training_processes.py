"""Training that is killed, and training in several processes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.models import load_checkpoint
from sdst_edge.training.run.files import RunFiles
from sdst_edge.training.run.fit import fit
from tests.e2e.training_process import EACH_STEP, KILLED, TWO_RANKS
from tests.stand_in_training import one_process, recipe_with, run_files, setting_of
from tests.tolerances import ABS_RANKS_LOSS, ABS_RANKS_WEIGHTS

MODULE = "tests.e2e.training_process"
PATIENCE_S = 60.0


def start(folder: Path, kind: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-W", "error", "-m", MODULE, str(folder), kind], stderr=subprocess.PIPE)


def in_this_process(folder: Path, optimization: dict[str, object]) -> RunFiles:
    recipe = recipe_with(**optimization)
    return fit(one_process(recipe), setting_of(recipe), RunFiles(run_files(folder)), EACH_STEP).files


def wait_for(process: subprocess.Popen[bytes], path: Path, lines: int) -> None:
    """Until a file has so many lines."""
    end = time.monotonic() + PATIENCE_S
    while not path.is_file() or path.read_bytes().count(b"\n") < lines:
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < end
        time.sleep(0.002)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_run_that_is_killed_twice_ends_with_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    """Once anywhere, once in the middle of writing its state."""
    unbroken = in_this_process(tmp_path / "unbroken", KILLED)
    files = RunFiles(run_files(tmp_path / "killed"))

    process = start(files.folder, "killed")
    wait_for(process, files.log, lines=1 + 4)
    kill(process)
    assert files.state.exists()

    partial = files.folder / ".state.pt.partial"
    partial.unlink(missing_ok=True)
    os.mkfifo(partial)
    process = start(files.folder, "killed")
    with partial.open("rb") as reader:  # waits for the writer
        begun = reader.read(1000)
        kill(process)
    assert len(begun) == 1000
    partial.unlink()
    partial.write_bytes(begun)

    process = start(files.folder, "killed")
    assert process.communicate(timeout=PATIENCE_S)[1] == b""
    assert process.returncode == 0
    assert files.model.read_bytes() == unbroken.model.read_bytes()


def torchrun(module: str, *arguments: object) -> str:
    """Stdout of two processes that must succeed."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--module"]
    command = [*launcher, module, *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)  # the launcher ends its processes
            raise
    assert process.returncode == 0, err
    return out


def losses(files: RunFiles) -> NDArray[np.float64]:
    with files.log.open(newline="") as file:
        return np.array([float(row["loss"]) for row in csv.DictReader(file)])


@pytest.mark.slow
def test_two_processes_learn_as_one_with_the_whole_batch(tmp_path: Path) -> None:
    one, two = in_this_process(tmp_path / "one", TWO_RANKS), RunFiles(tmp_path / "two")
    torchrun(MODULE, two.folder, "two-ranks")
    assert len(losses(one)) == len(losses(two)) == 20
    assert np.abs(losses(one) - losses(two)).max() <= ABS_RANKS_LOSS
    models = [load_checkpoint(files.model).model for files in (one, two)]
    for first, second in zip(*(model.parameters() for model in models), strict=True):
        assert (first - second).abs().max() <= ABS_RANKS_WEIGHTS


RECIPE_TEXT = """
[model]
family = "sdst-nano-s"
options = { width = 0.25, depth = 0.5 }
search_cells = 6
[[data.sources]]
rendered = { clips = 3, frames = 2, frame_step = 10, size_wh = [160, 120] }
[loading]
workers = 0
[optimization]
steps = 2
batch_size = 4
"""


@pytest.mark.slow
def test_the_command_trains_under_torchrun(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(RECIPE_TEXT)
    out = torchrun("sdst_edge.cli", "train", tmp_path / "tiny.toml", "-o", tmp_path / "run", "--json")
    (stage,) = json.loads(out)["stages"]  # printed once
    assert stage["steps"] == 2
    assert load_checkpoint(tmp_path / "run" / "model.safetensors").family == "sdst-nano-s"
