"""What `sdst-edge doctor` prints, and its exit status."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from sdst_edge.cli.doctor import doctor
from tests.fake_orin import fake_orin, write_command


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(doctor)
    return CliRunner().invoke(app, arguments)


@pytest.fixture(autouse=True)
def _few_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime alone, so that no test hangs on what else is installed."""
    for package in ("tensorrt", "openvino", "ncnn", "cv2"):
        monkeypatch.setitem(sys.modules, package, None)


def test_doctor_tells_this_host_and_what_runs() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "not measured" in result.stdout
    assert "pip install 'sdst-edge[ncnn]'" in result.stdout


def test_doctor_tells_an_orin_nano(tmp_path: Path) -> None:
    write_command(tmp_path, "jetson_clocks", "SOC family:tegra234")
    result = run("--sysroot", str(fake_orin(tmp_path)))
    assert result.exit_code == 0, result.output
    for text in (
        "Orin Nano Developer Kit",
        "6.2 (L4T 36.4.3)",
        "SM 8.7",
        "15W",
        "INA3221",
        "50.0 °C",
        "family:tegra234",
    ):
        assert text in result.stdout
    assert f"the host is read from {tmp_path}" in result.stderr


def test_doctor_prints_json(tmp_path: Path) -> None:
    told = json.loads(run("--sysroot", str(fake_orin(tmp_path)), "--json").stdout)
    assert told["sysroot"] == str(tmp_path)
    assert told["can_run"] is True
    assert told["host"]["jetson"]["power_mode"] == "15W"
    assert {"name": "ncnn", "role": "engine", "ok": False, "detail": "not installed"}.items() <= told["sessions"][
        -2
    ].items()


def test_doctor_fails_when_nothing_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    result = run()
    assert result.exit_code == 1
    assert "pip install onnxruntime" in result.stdout


def test_doctor_refuses_a_root_that_is_no_folder(tmp_path: Path) -> None:
    assert run("--sysroot", str(tmp_path / "missing")).exit_code == 2
