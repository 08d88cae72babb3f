"""An ablation and a width search as users run them: trained for two steps, exported, evaluated and timed."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from sdst_edge.training.recipe import load_recipe
from sdst_edge.workflows.ablation import run_ablation
from sdst_edge.workflows.ablation.ablation import AblationSettings
from sdst_edge.workflows.ablation.table import AblationTable
from sdst_edge.workflows.trials import Timing, TrialSettings
from sdst_edge.workflows.width_search import SearchRequest, run_width_search
from tests.e2e.cli_process import COMMAND, fail
from tests.e2e.conftest import Clip

pytestmark = pytest.mark.slow

RECIPE = """
[model]
family = "sdst-nano-s"
search_cells = 8

[model.options]
width = 0.1
depth = 0.5

[data]
root = "{root}"
attributes = ["FM"]
attribute_share = 0.5

[[data.sources]]
rendered = {{ clips = 3, frames = 2, size_wh = [160, 120], distractors = 1 }}

[loading]
workers = 0

[optimization]
steps = 2
batch_size = 2

[evaluation]
path = "data"

[distillation]
general = [{{ checkpoint = "{teacher}" }}]

[distillation.specialised]
FM = {{ checkpoint = "{teacher}" }}
"""
ARMS = ("general", "both-adaptive")
QUICK = Timing(rounds=1, frames=2)


@pytest.fixture
def recipe(tmp_path: Path, clip: Clip, student: Path) -> Path:
    """A student's recipe whose general teacher is a ready checkpoint."""
    path = tmp_path / "student.toml"
    path.write_text(RECIPE.format(root=clip.got10k.parent, teacher=student), encoding="utf-8")
    return path


def _ablate(recipe: Path, out: Path, seeds: tuple[int, ...]) -> AblationTable:
    settings = AblationSettings(trials=TrialSettings(workers=1), timing=QUICK)
    return run_ablation(recipe, out, (), seeds, ARMS, settings=settings)


def test_an_ablation_that_was_killed_goes_on_and_comes_to_the_same(recipe: Path, tmp_path: Path) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    arguments = ["distill", str(recipe), "-o", str(broken), "--ablate", "--arms", ",".join(ARMS), "--seeds", "1,0"]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _wait_for(broken / "ablation" / "general" / "seed-1" / "trial.json", process)
    process.kill()
    process.wait()
    page = (broken / "ablation" / "ablation.md").read_text(encoding="utf-8")
    assert "of 4 runs are missing" in page

    resumed = _ablate(recipe, broken, (1, 0))
    assert resumed.missing == ()
    assert [[point.seed for point in arm.points] for arm in resumed.arms] == [[1, 0], [1, 0]]
    assert (resumed.sequences, resumed.general[0].name, resumed.specialised[0].name) == (2, "general", "FM")
    assert resumed.frame_times is not None
    assert set(resumed.frame_times.by_name) == {"student", "general"}
    assert (broken / "ablation" / "ablation.png").stat().st_size > 0

    unbroken = _ablate(recipe, whole, (1,))
    assert [arm.points for arm in unbroken.arms] == [arm.points[:1] for arm in resumed.arms]
    for arm in ARMS:
        weights = Path("ablation", arm, "seed-1", "model.safetensors")
        assert (whole / weights).read_bytes() == (broken / weights).read_bytes()


def test_a_width_search_leaves_a_recipe_that_fits(recipe: Path, tmp_path: Path) -> None:
    request = SearchRequest(
        recipe=recipe,
        budget_ms=1000.0,
        widths=(0.1, 0.15),
        depths=(1.0,),
        steps=1,
        overrides=("distillation.specialised=",),
        trials=TrialSettings(workers=1),
        timing=QUICK,
    )
    table = run_width_search(request, tmp_path / "out")
    assert [row.fits for row in table.rows] in ([True, True], [True])  # 0.1 and 0.15 may round to the same channels
    assert table.best in {row.name for row in table.rows}
    assert load_recipe(tmp_path / "out" / "best.toml").model.options["depth"] == 1.0
    kept = json.loads((tmp_path / "out" / "search.json").read_text(encoding="utf-8"))
    assert kept["best"] == table.best


def test_mistakes_are_told_before_anything_is_trained(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "unknown arm 'sdst'" in fail("distill", recipe, "-o", out, "--ablate", "--arms", "general,sdst")
    assert "no table [evaluation]" in fail("shrink", recipe, "--budget-ms", 3, "-o", out, "--set", "evaluation=")
    fail("shrink", recipe, "--budget-ms", 3, "-o", out, "--widths", "wide", status=2)
    assert not out.exists()


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < limit, f"{os.fspath(path)} never came"
        time.sleep(0.02)
