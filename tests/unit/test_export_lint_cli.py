"""The commands ``targets`` and ``lint``, in this process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_export.targets import list_targets

pytest.importorskip("onnx", reason="graphs are read with the onnx package")

RECIPES = Path(__file__).parents[2] / "export" / "sdst_export" / "recipes"


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs ``sdst-edge lint`` with some arguments."""
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, ["lint", *map(str, arguments)])


def test_targets_are_listed_with_what_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    listed = {item["name"]: item for item in json.loads(CliRunner().invoke(app, ["targets", "--json"]).stdout)}
    assert tuple(listed) == list_targets()
    assert listed["jetson-orin-jp6"]["tensorrt"] == {"lowest": "10.3", "highest": "10.3"}
    assert all(note["source"] for item in listed.values() for note in item["notes"])

    rows = {row.split()[0]: row for row in CliRunner().invoke(app, ["targets"]).stdout.splitlines() if row.split()}
    assert set(listed) < set(rows)
    assert "conv, matmul, taps" in rows["jetson-thor-jp7"]
    assert "not verified" in rows["jetson-thor-jp7"]


def test_faults_are_listed_with_their_fix_and_status_1(lint: Any, toy_bundle: Path) -> None:
    given = (toy_bundle, "--target", "jetson-orin-jp6", "--variant", "onnx/fp32")
    report = lint(*given, "--json")
    assert report.exit_code == 1
    [error] = [item for item in json.loads(report.stdout)["findings"] if item["severity"] == "error"]
    assert (error["rule"], error["node"]) == ("correlation-missing", "correlate_conv")
    shown = lint(*given)
    assert (shown.exit_code, shown.stderr) == (1, "")
    words = " ".join(shown.stdout.split())
    assert "export with --target jetson-orin-jp6" in words
    assert "jetson-orin-jp6: 1 error, 0 warnings, 0 notes (looked at onnx/fp32: template, search, tail)" in words


def test_bundle_passes_for_the_target_it_was_made_for(lint: Any, toy_bundle: Path) -> None:
    done = lint(toy_bundle, "--target", "cpu-x86")
    assert done.exit_code == 0
    assert "cpu-x86: 0 errors, 0 warnings, 0 notes (looked at onnx/fp32: template, search, head)" in done.stdout


def test_recipe_of_ones_own_is_a_target(lint: Any, toy_bundle: Path, tmp_path: Path) -> None:
    recipe = Path(shutil.copy(RECIPES / "cpu-x86.toml", tmp_path / "robot.toml"))
    assert json.loads(lint(toy_bundle, "--target", recipe, "--json").stdout)["target"] == "robot"
    with recipe.open("a", encoding="utf-8") as file:
        file.write("\n[more]\n")
    done = lint(toy_bundle, "--target", recipe)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "unknown key 'more'" in done.stderr


def test_unknown_target_is_told_the_nearest(lint: Any, toy_bundle: Path) -> None:
    done = lint(toy_bundle, "--target", "jetson-orin-jp5")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "target 'jetson-orin-jp5' does not exist; did you mean 'jetson-orin-jp" in done.stderr
    assert "raspberry-pi-5" in done.stderr


def test_bundle_that_cannot_be_is_told(lint: Any, toy_bundle: Path, tmp_path: Path) -> None:
    missing = lint(tmp_path / "none", "--target", "cpu-x86")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "none does not exist" in missing.stderr
    assert "no variant 'onnx/fp8'" in lint(toy_bundle, "--target", "cpu-x86", "--variant", "onnx/fp8").stderr
    newer = Path(shutil.copytree(toy_bundle, tmp_path / "newer"))
    manifest = json.loads((newer / "manifest.json").read_text(encoding="utf-8"))
    (newer / "manifest.json").write_text(json.dumps({**manifest, "format_version": 2}), encoding="utf-8")
    refused = lint(newer, "--target", "cpu-x86")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "format_version 2" in refused.stderr


def test_lint_without_a_target_is_wrong_usage(lint: Any, toy_bundle: Path) -> None:
    assert lint(toy_bundle).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(("targets",), "jetson-orin-jp6"), (("lint", "BUNDLE", "--target", "cpu-x86"), "pip install 'sdst-edge[export]'")],
)
def test_targets_need_no_extra_and_lint_names_its_own(
    arguments: tuple[str, ...], expected: str, toy_bundle: Path
) -> None:
    code = (
        "import sys\nfor name in ('torch', 'onnx', 'onnxsim'): sys.modules[name] = None\n"
        "from sdst_edge.cli.app import main\nsys.argv = ['sdst-edge', *sys.argv[1:]]\nmain()"
    )
    given = [str(toy_bundle) if item == "BUNDLE" else item for item in arguments]
    done = subprocess.run([sys.executable, "-c", code, *given], capture_output=True, text=True, check=False)
    assert expected in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if arguments[0] == "lint" else 0)
