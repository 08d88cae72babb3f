"""``sdst-edge tune`` from the outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer.testing

from sdst_edge.cli.app import app
from sdst_edge.datasets import render_clip, write_got10k_sequence
from sdst_runtime import Bundle

pytest.importorskip("optuna", reason="needs the extra tune")
pytest.importorskip("scipy", reason="needs the extra tune")


@pytest.fixture
def workplace(toy_bundle: Path, tmp_path: Path) -> Path:
    """A folder with a bundle and a data set of two short clips."""
    shutil.copytree(toy_bundle, tmp_path / "toy")
    for seed in (3, 4):
        write_got10k_sequence(tmp_path / "data" / f"clip{seed}", render_clip(seed, frames=8, size_wh=(128, 96)))
    return tmp_path


def run(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, ["tune", *map(str, arguments)])


def test_tune_writes_what_it_found_and_goes_on(workplace: Path) -> None:
    bundle, data = workplace / "toy", workplace / "data"
    first = run(bundle, data, "--trials", 2, "--json")
    assert first.exit_code == 0, first.output
    figures = json.loads(first.stdout)
    manifest = Bundle.open(bundle).manifest
    assert {name: getattr(manifest.tracker, name) for name in figures["best"]} == figures["best"]
    assert manifest.accuracy["data, tuned on it, house rule"]["success_auc"] == figures["score"]
    assert (workplace / "toy.tune.log").is_file()
    second = run(bundle, data, "--trials", 3)
    assert second.exit_code == 0, second.output
    assert "before" in second.stdout
    assert "on 2 sequences" in second.stdout


def test_a_dry_run_leaves_the_bundle_as_it_is(workplace: Path) -> None:
    before = (workplace / "toy" / "manifest.json").read_bytes()
    done = run(workplace / "toy", workplace / "data", "--trials", 1, "--dry-run", "--study", workplace / "study.log")
    assert done.exit_code == 0, done.output
    assert (workplace / "toy" / "manifest.json").read_bytes() == before
    assert "left as it is" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("toy", "missing"), "missing"),
        (("missing", "data"), "missing"),
        (("toy", "data", "--rules", "nonsense"), "nonsense"),
        (("toy", "data", "--metric", "nonsense"), "no metric 'nonsense'"),
        (("toy", "data", "--sequences", "clip9"), "clip9"),
    ],
)
def test_what_cannot_be_is_told(workplace: Path, arguments: tuple[str, ...], message: str) -> None:
    paths = [workplace / item if item in ("toy", "data", "missing") else item for item in arguments]
    done = run(*paths)
    assert done.exit_code == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_tune_needs_only_its_sequences_to_be_whole(workplace: Path) -> None:
    (workplace / "data" / "clip4" / "groundtruth.txt").write_text("torn", encoding="utf-8")
    done = run(workplace / "toy", workplace / "data", "--trials", 1, "--sequences", "clip3")
    assert done.exit_code == 0, done.output
    assert "on 1 sequences" in done.stdout
