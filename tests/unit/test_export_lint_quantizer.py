"""What ONNX Runtime's quantiser writes: by default not for TensorRT, and with the options for it without a fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="graphs are read with the onnx package")
quantization = pytest.importorskip("onnxruntime.quantization", reason="graphs are quantised with ONNX Runtime")

from sdst_export.lint import lint  # noqa: E402
from sdst_export.targets import load_target  # noqa: E402
from tests.linted_graphs import bundle_of, good_models, plain_search  # noqa: E402

ORIN, XAVIER = "jetson-orin-jp6", "jetson-xavier-nx-jp5"
FOR_TENSORRT = {"ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False, "AddQDQPairToWeight": True}


@pytest.fixture
def quantize(tmp_path: Path) -> Callable[..., Any]:
    """The search graph, quantised with the types of activations and the options given."""

    def run(activation: Any, options: dict[str, bool]) -> Any:
        source, target = tmp_path / "float.onnx", tmp_path / "int8.onnx"
        onnx.save(plain_search(), source)
        quantization.quantize_static(
            source,
            target,
            _Frames(),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=activation,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            extra_options=options,
        )
        return onnx.load(target)

    return run


class _Frames(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Two frames of noise, of mean one: so that asymmetric ranges have zero points elsewhere."""

    def __init__(self) -> None:
        numbers = np.random.default_rng(0)
        self.frames = [{"x": numbers.normal(1.0, 1.0, (1, 4, 16, 16)).astype(np.float32)} for _ in range(2)]

    def get_next(self) -> dict[str, Any] | None:
        return self.frames.pop() if self.frames else None


def rules(search: Any, target: str) -> dict[str, set[str]]:
    """Names of rules that find something in the search graph, by severity."""
    report = lint(bundle_of({**good_models(), "search": search}), load_target(target), variant="onnx/int8-qdq")
    found: dict[str, set[str]] = {"error": set(), "warning": set(), "note": set()}
    for item in report.findings:
        if item.graph == "search":
            found[item.severity].add(item.rule)
    return found


@pytest.mark.parametrize("target", [ORIN, XAVIER])
def test_options_for_tensorrt_give_a_graph_without_a_fault(target: str, quantize: Callable[..., Any]) -> None:
    model = quantize(quantization.QuantType.QInt8, FOR_TENSORRT)
    assert {node.op_type for node in model.graph.node} >= {"QuantizeLinear", "DequantizeLinear", "Conv"}
    assert rules(model, target) == {"error": set(), "warning": set(), "note": set()}


def test_defaults_are_refused(quantize: Callable[..., Any]) -> None:
    found = rules(quantize(quantization.QuantType.QUInt8, {}), ORIN)
    assert found["error"] == {"quant-type", "quant-zero-point", "quant-bias"}


def test_quantized_biases_are_refused(quantize: Callable[..., Any]) -> None:
    options = {**FOR_TENSORRT, "QuantizeBias": True}
    assert rules(quantize(quantization.QuantType.QInt8, options), ORIN)["error"] == {"quant-bias"}


def test_int8_weights_are_doubtful_before_tensorrt_10(quantize: Callable[..., Any]) -> None:
    options = {**FOR_TENSORRT, "AddQDQPairToWeight": False}
    model = quantize(quantization.QuantType.QInt8, options)
    assert rules(model, XAVIER)["warning"] == {"quant-int8-weights"}
    assert rules(model, ORIN) == {"error": set(), "warning": set(), "note": {"quant-int8-weights"}}
    assert rules(model, "jetson-orin-jp7") == {"error": set(), "warning": set(), "note": set()}
