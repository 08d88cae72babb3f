"""A bundle in several precisions, by the command line: made, measured, shown, and tracked with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from sdst_edge.cli.app import app
from sdst_edge.datasets import render_clip, write_got10k_sequence
from sdst_runtime import Bundle

pytestmark = pytest.mark.slow
SEQUENCES, FRAMES = 2, 12
SMALL_BENCH = ("--frames", 3, "--size", "320x240", "--targets", 0, "--power", 0, "--json")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(item) for item in arguments])


def content(folder: Path) -> dict[str, bytes]:
    return {str(item.relative_to(folder)): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered sequences in GOT-10k's layout."""
    root = tmp_path_factory.mktemp("data") / "rendered"
    for number in range(SEQUENCES):
        write_got10k_sequence(root / str(number), render_clip(number, frames=FRAMES, size_wh=(320, 240)))
    (root / "list.txt").write_text("".join(f"{number}\n" for number in range(SEQUENCES)), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "s.safetensors"
    assert run("new", "sdst-nano-s", "--width", "0.5", "-o", path).exit_code == 0
    return path


@pytest.fixture(scope="module")
def bundle(checkpoint: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bundle") / "s"
    given = ("--precision", "fp32,fp16,int8", "--calibrate", data, "--validate", data)
    result = run("export", checkpoint, "-o", out, *given)
    assert result.exit_code == 0, result.output
    return out


def test_every_precision_is_measured(bundle: Path) -> None:
    manifest = Bundle.open(bundle).manifest
    assert manifest.default_variant == "onnx/fp32"
    assert set(manifest.variants) == {"onnx/fp32", "onnx/fp16", "onnx/int8-ort", "onnx/int8-qdq"}
    for name, variant in manifest.variants.items():
        if name != "onnx/fp32":
            assert variant.parity.inputs > 0
            assert variant.drift is not None
            assert variant.drift.source == "rendered"
            assert 0 < variant.drift.mean_iou <= 1
            assert variant.accuracy is not None
            assert (variant.accuracy.sequences, variant.accuracy.frames) == (SEQUENCES, SEQUENCES * FRAMES)
    for name, activations in (("onnx/int8-ort", "uint8"), ("onnx/int8-qdq", "int8")):
        quantization = manifest.variants[name].quantization
        assert quantization is not None
        assert quantization.activations == activations
        assert (quantization.calibration.source, quantization.calibration.sequences) == ("rendered", SEQUENCES)
        errors = [item.error for item in quantization.sensitivity]
        assert len(errors) > 10
        assert errors == sorted(errors, reverse=True)


def test_int8_files_are_a_third_of_fp32s(bundle: Path) -> None:
    sizes = {
        name: sum(item.stat().st_size for item in (bundle / name).iterdir()) for name in ("onnx/fp32", "onnx/int8-ort")
    }
    assert (
        sizes["onnx/int8-ort"] <= 0.4 * sizes["onnx/fp32"]
    )  # the rest is structure, which counts in so small a network


def test_info_shows_what_int8_costs(bundle: Path) -> None:
    text = run("info", bundle).stdout
    assert "rendered, min-max" in text
    assert "worst layers" in text
    plain: dict[str, Any] = json.loads(run("info", bundle, "--json").stdout)
    assert plain["variants"]["onnx/int8-ort"]["quantization"]["calibration"]["method"] == "min-max"


@pytest.mark.parametrize("variant", ["onnx/fp16", "onnx/int8-ort", "onnx/int8-qdq"])
def test_track_and_bench_take_the_variant(bundle: Path, data: Path, variant: str) -> None:
    clip = data / "0"
    engine = ("--engine", "onnxruntime") if variant == "onnx/int8-qdq" else ()
    result = run("track", bundle, clip, "--box", "100,80,60,60", "--variant", variant, *engine, "--json")
    assert result.exit_code == 0, result.output
    timed = run("bench", bundle, "--variant", variant, *engine, *SMALL_BENCH)
    assert timed.exit_code == 0, timed.output
    assert json.loads(timed.stdout)["bundles"][0]["setup"]["variant"] == variant


def test_the_same_input_gives_the_same_bytes(bundle: Path, checkpoint: Path, data: Path, tmp_path: Path) -> None:
    given = ("--precision", "fp32,fp16,int8", "--calibrate", data)
    assert run("export", checkpoint, "-o", tmp_path / "again", *given).exit_code == 0
    again, first = content(tmp_path / "again"), content(bundle)
    graphs = [name for name in first if name.endswith(".onnx")]
    assert len(graphs) > 12
    assert {name: again[name] for name in graphs} == {name: first[name] for name in graphs}


def test_max_drop_keeps_layers_in_float_until_it_is_met(checkpoint: Path, data: Path, tmp_path: Path) -> None:
    given = ("--precision", "int8", "--engine", "onnxruntime", "--calibrate", data, "--validate", data)
    assert run("export", checkpoint, "-o", tmp_path / "b", *given, "--max-drop", "0.5").exit_code == 0
    variant = Bundle.open(tmp_path / "b").manifest.variants["onnx/int8-ort"]
    assert variant.accuracy is not None
    assert variant.accuracy.reference_success_auc - variant.accuracy.success_auc <= 0.5
    assert variant.quantization is not None
    assert len(variant.quantization.float_layers) < len(variant.quantization.sensitivity)


def test_a_target_is_kept_and_what_it_lacks_is_told(checkpoint: Path, tmp_path: Path) -> None:
    result = run("export", checkpoint, "-o", tmp_path / "b", "--target", "jetson-orin-jp6")
    assert result.exit_code == 0, result.output
    assert "int8 too, which needs frames to calibrate on" in result.stderr
    manifest = Bundle.open(tmp_path / "b").manifest
    assert (manifest.target, manifest.default_variant) == ("jetson-orin-jp6", "onnx/fp16")
    assert all(variant.engine == "tensorrt" for variant in manifest.variants.values())
    assert "trunk" not in manifest.variants["onnx/fp16"].graphs


def test_a_target_says_how_templates_are_kept(checkpoint: Path, tmp_path: Path) -> None:
    given = ("--target", "raspberry-pi-5", "--calibrate", "random")
    assert run("export", checkpoint, "-o", tmp_path / "b", *given).exit_code == 0
    variants = Bundle.open(tmp_path / "b").manifest.variants
    assert {name: variant.session for name, variant in variants.items()} == {
        "onnx/fp32": "split",
        "onnx/int8-ort": "split",
    }


@pytest.mark.parametrize("engine", ["openvino", "ncnn"])
def test_other_engines_are_exported_for_and_track(checkpoint: Path, data: Path, tmp_path: Path, engine: str) -> None:
    pytest.importorskip(engine, reason=f"needs {engine}: pip install 'sdst-edge[{engine}]'")
    if engine == "ncnn":
        pytest.importorskip("pnnx", reason="needs pnnx: pip install 'sdst-edge[ncnn]'")
    assert run("export", checkpoint, "-o", tmp_path / "b", "--precision", "fp16", "--engine", engine).exit_code == 0
    assert Bundle.open(tmp_path / "b").manifest.default_variant == f"{engine}/fp16"
    result = run("track", tmp_path / "b", data / "0", "--box", "100,80,60,60", "--json")
    assert result.exit_code == 0, result.output
    timed = run("bench", tmp_path / "b", *SMALL_BENCH)
    assert timed.exit_code == 0, timed.output
    (measured,) = json.loads(timed.stdout)["bundles"]
    assert measured["closed_loop"]["stages"].keys() == {"crop", "network", "decode", "glue"}
    refused = run("track", tmp_path / "b", data / "0", "--box", "100,80,60,60", "--accelerator", "tpu")
    assert refused.exit_code == 1
    assert "tpu" in refused.stderr


BAD = {
    "nothing to calibrate on": (("--precision", "int8"), "name a data set with --calibrate"),
    "data that are not there": (("--precision", "int8", "--calibrate", "nowhere"), "nowhere"),
    "no such precision": (("--precision", "int4"), "'int4' is none of fp32, fp16, int8"),
    "no such engine": (("--engine", "tflite"), "'tflite' is none of onnxruntime"),
    "no such target": (("--target", "jetson-orin-jp5"), "did you mean"),
    "int8 for ncnn": (("--engine", "ncnn", "--precision", "int8", "--calibrate", "random"), "ncnn2int8"),
    "a drop of nothing": (("--max-drop", "0.01"), "validate"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_leaves_the_old_bundle(bundle: Path, checkpoint: Path, name: str) -> None:
    arguments, message = BAD[name]
    before = content(bundle)
    result = run("export", checkpoint, "-o", bundle, "--overwrite", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert content(bundle) == before


def test_pictures_of_one_colour_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gray" / "one"
    folder.mkdir(parents=True)
    for index in range(1, 12):
        cv2.imwrite(str(folder / f"{index:08d}.png"), np.full((120, 160, 3), 128, np.uint8))
    np.savetxt(folder / "groundtruth.txt", [[50, 40, 30, 30]] * 11, delimiter=",", fmt="%d")
    result = run("export", checkpoint, "-o", tmp_path / "b", "--precision", "int8", "--calibrate", tmp_path / "gray")
    assert result.exit_code == 1
    assert "gray" in result.stderr
    assert not (tmp_path / "b").exists()
