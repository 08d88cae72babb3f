"""The command line as a whole: help, version, wrong usage, and what a bare install can do."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.datasets import LAYOUTS

COMMANDS = (
    *("families", "import", "new", "export", "track", "eval", "compare", "attributes", "simulate", "tune", "bench"),
    *("train", "distill", "qat", "shrink", "targets", "lint", "engine", "doctor", "info", "demo"),
)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")  # typer's own, for its help
    return CliRunner()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_an_example_of_it(command: str, runner: CliRunner) -> None:
    result = runner.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: sdst-edge {command} " in result.stdout
    assert "--json" in result.stdout


def test_help_lists_all_commands(runner: CliRunner) -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(command in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", ["eval", "attributes", "tune"])
def test_help_names_all_layouts(command: str, runner: CliRunner) -> None:
    shown = " ".join(runner.invoke(app, [command, "--help"]).stdout.replace("│", " ").split())
    assert all(name in shown for name in LAYOUTS)


def test_version_names_the_program(runner: CliRunner) -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith("sdst-edge ")


@pytest.mark.parametrize("arguments", [["fly"], ["--fly"], ["info"], ["bench", "x", "--size", "big"], []])
def test_wrong_usage_is_status_2(arguments: list[str], runner: CliRunner) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


def test_error_is_told_on_stderr_with_status_1(runner: CliRunner) -> None:
    result = runner.invoke(app, ["info", "no-such-bundle"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: no-such-bundle does not exist")


def python_without(packages: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    code = (
        f"import sys\nfor name in {packages!r}: sys.modules[name] = None\n"
        "from sdst_edge.cli.app import main\nsys.argv = ['sdst-edge', *sys.argv[1:]]\nmain()"
    )
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_command_imports_no_other_command() -> None:
    code = (
        "import sys\nfrom sdst_edge.cli.app import main\nsys.argv = ['sdst-edge', 'track', '--help']\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "print(*sorted(name for name in sys.modules if name in ('sdst_edge.cli.track', 'sdst_edge.cli.bench')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "sdst_edge.cli.track"


def test_help_needs_no_engine_and_no_training_packages() -> None:
    done = python_without(("torch", "onnx", "onnxruntime", "cv2", "safetensors"), "--help")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (("import", "nanotrack-v3", "weights.pth", "-o", "out.safetensors"), "torch"),
        (("info", "some.safetensors"), "torch"),
        (("info", "some.safetensors"), "safetensors"),
    ],
)
def test_missing_package_names_the_extra(arguments: tuple[str, ...], missing: str) -> None:
    done = python_without((missing,), *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    (message,) = done.stderr.splitlines()
    assert message.startswith("error: ")
    assert missing in message
    assert message.endswith("pip install 'sdst-edge[train]'")
