"""From options to variants: which are made, for which engine, and what is refused because nothing would come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="exports need torch")
pytest.importorskip("onnx", reason="graphs are read with the onnx package")

from sdst_export import RANDOM, ExportOptions, targets
from sdst_export.plan import make_plan
from sdst_runtime.errors import ConfigError

ONNX = {"onnx/fp32": "onnxruntime", "onnx/fp16": "onnxruntime", "onnx/int8-ort": "onnxruntime"}
DATA = Path("data")


@pytest.mark.parametrize(
    ("given", "engines", "default"),
    [
        ({}, {"onnx/fp32": "onnxruntime"}, "onnx/fp32"),
        (
            {"precisions": ("fp32", "fp16", "int8"), "calibrate": RANDOM},
            {**ONNX, "onnx/int8-qdq": "tensorrt"},
            "onnx/fp32",
        ),
        (
            {"precisions": ("int8",), "engines": ("onnxruntime",), "calibrate": RANDOM},
            {"onnx/fp32": "onnxruntime", "onnx/int8-ort": "onnxruntime"},
            "onnx/int8-ort",
        ),
        (
            {"precisions": ("fp16",), "engines": ("openvino", "ncnn")},
            {"onnx/fp32": "onnxruntime", "openvino/fp16": "openvino", "ncnn/fp16": "ncnn"},
            "openvino/fp16",
        ),
        ({"target": "raspberry-pi-5"}, {"onnx/fp32": "onnxruntime"}, "onnx/fp32"),
        ({"target": "jetson-orin-jp6"}, {"onnx/fp32": "tensorrt", "onnx/fp16": "tensorrt"}, "onnx/fp16"),
    ],
)
def test_options_name_variants(given: dict[str, Any], engines: dict[str, str], default: str) -> None:
    plan = make_plan(ExportOptions(**given))
    assert plan.engines == engines
    assert plan.default == default


@pytest.mark.parametrize("engines", [("onnxruntime", "tensorrt"), ("tensorrt", "onnxruntime")])
def test_a_variant_for_both_engines_has_the_files_that_both_run(engines: Any) -> None:
    plan = make_plan(ExportOptions(precisions=("fp32", "fp16", "int8"), engines=engines, calibrate=RANDOM))
    assert plan.engines == {
        "onnx/fp32": "tensorrt",
        "onnx/fp16": "tensorrt",
        "onnx/int8-ort": "onnxruntime",
        "onnx/int8-qdq": "tensorrt",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"precisions": ("int8",)}, "int8-ort needs frames to calibrate on; name a data set with --calibrate"),
        ({"validate": DATA}, "there are none; ask for more with --precision"),
        ({"validate": DATA, "target": "raspberry-pi-5"}, "int8 too, which needs frames"),
        (
            {"validate": DATA, "max_drop": 0.01, "precisions": ("fp16",)},
            "is to hold onnx/fp32, onnx/fp16; ask for int8",
        ),
        (
            {
                "validate": DATA,
                "max_drop": 0.01,
                "precisions": ("int8",),
                "engines": ("openvino",),
                "calibrate": DATA,
            },
            "max_drop is for int8 variants of ONNX Runtime or TensorRT",
        ),
        (
            {"validate": DATA, "max_drop": 0.01, "precisions": ("int8",), "calibrate": RANDOM},
            "max_drop needs frames to calibrate on",
        ),
    ],
)
def test_what_nothing_would_come_of_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as told:
        make_plan(ExportOptions(**given))
    assert message in str(told.value)


def test_a_recipe_whose_default_is_not_made_is_refused(tmp_path: Path) -> None:
    board = tmp_path / "board.toml"
    packaged = Path(targets.__file__).parent / "recipes" / "raspberry-pi-5.toml"
    board.write_text(packaged.read_text(encoding="utf-8").replace('"onnx/fp32"', '"onnx/fp16"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"default_variant is 'onnx/fp16', expected .*: onnx/fp32, onnx/int8-ort$"):
        make_plan(ExportOptions(target=str(board)))


@pytest.mark.parametrize("name", targets.list_targets())
def test_packaged_targets_have_a_plan(name: str) -> None:
    target = targets.load_target(name)
    plan = make_plan(ExportOptions(target=name, calibrate=RANDOM))
    assert plan.default == target.default_variant
    assert set(plan.engines.values()) <= {target.engine, "onnxruntime"}
    assert plan.left_out == ""
