"""``sdst-edge engine`` on stand-ins for TensorRT and CUDA."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_runtime.manifest import MANIFEST_NAME, Manifest
from tests.tensorrt_workplace import Workplace, toy_for_tensorrt


def test_builds_engines_and_tells_what_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Workplace.install(monkeypatch)
    work.fake.unbuildable = lambda model: "no kernel" if model.graph.name == "correlate_conv" else None
    bundle = toy_for_tensorrt(tmp_path)
    result = CliRunner().invoke(app, ["engine", str(bundle), "--workspace", "64"])
    assert result.exit_code == 0, result.stderr
    assert "Orin (compute capability 8.7) with TensorRT 10.3.0" in result.stdout
    assert "search: matmul" in result.stdout
    assert "correlate_conv was not taken: TensorRT 10.3.0 builds no engine from" in result.stderr
    again = CliRunner().invoke(app, ["engine", str(bundle), "--workspace", "64", "--json"])
    built = json.loads(again.stdout)
    assert built["set"]["options"]["workspace_mib"] == 64
    assert Path(built["folder"]).parent == bundle / "engines"
    assert len(work.fake.options) == 5  # the refused one among them: the second call built nothing


def test_takes_the_variant_for_tensorrt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workplace.install(monkeypatch)
    bundle = toy_for_tensorrt(tmp_path)
    manifest = Manifest.read(bundle / MANIFEST_NAME)
    (variant,) = manifest.variants.values()
    variants = {"onnx/fp32": replace(variant, engine="onnxruntime"), "onnx/fp16": replace(variant, precision="fp16")}
    text = replace(manifest, variants=variants).dumps()
    (bundle / MANIFEST_NAME).write_text(text, encoding="utf-8")
    for arguments, chosen in (([], "onnx/fp16"), (["--variant", "onnx/fp32"], "onnx/fp32")):
        result = CliRunner().invoke(app, ["engine", str(bundle), "--json", "--cache", str(tmp_path / "c"), *arguments])
        assert json.loads(result.stdout)["set"]["variant"] == chosen


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variant", "onnx/int4"], "has no variant 'onnx/int4'; it has onnx/fp32"),
        (["--cuda", "pycuda"], "pycuda cannot be imported"),
    ],
)
def test_errors_are_a_line(arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workplace.install(monkeypatch)
    result = CliRunner().invoke(app, ["engine", str(toy_for_tensorrt(tmp_path)), *arguments])
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
