"""Scales, zero points and types of QuantizeLinear and DequantizeLinear, and that they come in pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx

from sdst_export.lint.facts.tensorrt import FIRST_STRONGLY_TYPED, OPERATORS_10_15, QDQ_IMPORTER, version_text
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import attribute, label, type_name
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []

_PAIR = ("QuantizeLinear", "DequantizeLinear")
_AGAIN = "quantise again: export with --precision int8 --target {}, which writes symmetric int8"
_INT32_BIAS = "microsoft/onnxruntime issue 14229, NVIDIA/TensorRT issue 3360: 'only activation types allowed as input'"


@ONNX_RULES.rule("quant-zero-point", "tensorrt")
def zero_points_are_zero(scope: OnnxScope) -> Iterator[Fault]:
    """TensorRT quantises symmetrically."""
    for node in _quantizers(scope):
        value = scope.graph.constant(_input(node, 2))
        if value is not None and np.any(value != 0):
            yield _fault(scope, node, "its zero point is not 0", QDQ_IMPORTER)
        elif value is None and _input(node, 2):
            yield _fault(scope, node, f"its zero point {node.input[2]} is no constant", QDQ_IMPORTER)


@ONNX_RULES.rule("quant-zero-point-missing", "tensorrt")
def zero_points_are_there(scope: OnnxScope) -> Iterator[Fault]:
    """Without one QuantizeLinear gives uint8, and 8.x asks for one in both."""
    for node in _quantizers(scope):
        if _input(node, 2):
            continue
        if node.op_type == "QuantizeLinear" and not attribute(node, "output_dtype", 0):
            yield _fault(scope, node, "it has no zero point, so that it gives uint8", "ONNX operators: QuantizeLinear")
        elif scope.version < FIRST_STRONGLY_TYPED[0]:
            version = version_text(scope.version)
            yield _fault(scope, node, f"it has no zero point, which TensorRT {version} asks for", QDQ_IMPORTER)


@ONNX_RULES.rule("quant-type", "tensorrt")
def quantized_is_int8(scope: OnnxScope) -> Iterator[Fault]:
    """Neither uint8 nor int32; what is 32 bits wide is a bias, of which another rule speaks."""
    for node in _quantizers(scope):
        kind = _quantized_type(scope, node)
        if kind not in (onnx.TensorProto.UNDEFINED, onnx.TensorProto.INT8, onnx.TensorProto.INT32):
            yield _fault(scope, node, f"it is of {type_name(kind)}, expected int8", OPERATORS_10_15)


@ONNX_RULES.rule("quant-bias", "tensorrt")
def biases_are_float(scope: OnnxScope) -> Iterator[Fault]:
    """ONNX Runtime's quantiser makes int32 biases by default, which the parser refuses."""
    for node in _quantizers(scope):
        biases = [user for user, index in scope.graph.consumers(node.output[0]) if index == 2 and _has_bias(user)]
        wide = _quantized_type(scope, node) == onnx.TensorProto.INT32
        if node.op_type == "DequantizeLinear" and (wide or biases):
            what = "it gives a bias" if biases else "it reads int32"
            fix = "leave biases in float32: QuantizeBias=False in ONNX Runtime's quantiser"
            yield Fault(severity="error", node=label(node), what=what, fix=fix, source=_INT32_BIAS)


@ONNX_RULES.rule("quant-scale", "tensorrt")
def scales_are_positive(scope: OnnxScope) -> Iterator[Fault]:
    """Constants, finite and above zero."""
    for node in _quantizers(scope):
        scale = scope.graph.constant(_input(node, 1))
        if scale is None:
            yield _fault(scope, node, f"its scale {_input(node, 1)} is no constant", QDQ_IMPORTER)
        elif not (np.isfinite(scale).all() and np.all(scale > 0)):
            worst = scale.flat[np.argmin(np.where(np.isfinite(scale), scale, -np.inf))]
            yield _fault(scope, node, f"a scale is {worst}, expected a finite number above 0", QDQ_IMPORTER)


@ONNX_RULES.rule("quant-scale-count", "tensorrt")
def scales_are_one_or_one_each(scope: OnnxScope) -> Iterator[Fault]:
    """As many scales as channels along the axis, and as many zero points."""
    for node in _quantizers(scope):
        scale, zero = scope.graph.constant(_input(node, 1)), scope.graph.constant(_input(node, 2))
        shape = scope.graph.shape(node.input[0])
        if scale is None or shape is None:
            continue
        axis = attribute(node, "axis", 1)
        side = shape[axis] if -len(shape) <= axis < len(shape) else None
        if scale.size > 1 and side != scale.size:
            yield _fault(scope, node, f"it has {scale.size} scales for {side} channels of axis {axis}", QDQ_IMPORTER)
        elif zero is not None and zero.size != scale.size:
            yield _fault(scope, node, f"it has {scale.size} scales and {zero.size} zero points", QDQ_IMPORTER)


@ONNX_RULES.rule("quant-activation-per-channel", "tensorrt")
def activations_have_one_scale(scope: OnnxScope) -> Iterator[Fault]:
    """Scales per channel are for weights."""
    for node in _quantizers(scope):
        scale = scope.graph.constant(_input(node, 1))
        if scale is not None and scale.size > 1 and scope.graph.floating(node.output[0]) is None:
            yield _fault(scope, node, f"it has {scale.size} scales, and what it quantises is no weight", QDQ_IMPORTER)


@ONNX_RULES.rule("quant-pair", "tensorrt")
def quantizers_come_in_pairs(scope: OnnxScope) -> Iterator[Fault]:
    """Every QuantizeLinear is read by DequantizeLinear alone, and every DequantizeLinear reads one, or a constant."""
    for node in _quantizers(scope):
        if node.op_type == "QuantizeLinear":
            others = [user for user, _ in scope.graph.consumers(node.output[0]) if user.op_type != "DequantizeLinear"]
            if others:
                yield _fault(
                    scope, node, f"{label(others[0])} reads its int8, expected a DequantizeLinear", QDQ_IMPORTER
                )
            elif node.output[0] in scope.graph.outputs or not scope.graph.consumers(node.output[0]):
                yield _fault(scope, node, "no DequantizeLinear follows it", QDQ_IMPORTER)
        elif scope.graph.behind(node.input[0], "QuantizeLinear") is None and not scope.graph.is_constant(node.input[0]):
            yield _fault(scope, node, "no QuantizeLinear goes before it", QDQ_IMPORTER)


@ONNX_RULES.rule("quant-pair-scale", "tensorrt")
def pairs_agree(scope: OnnxScope) -> Iterator[Fault]:
    """A pair that scales up otherwise than it scaled down changes the numbers."""
    for node in _quantizers(scope):
        before = scope.graph.behind(node.input[0], "QuantizeLinear") if node.op_type == "DequantizeLinear" else None
        if before is None:
            continue
        ours, theirs = scope.graph.constant(_input(node, 1)), scope.graph.constant(_input(before, 1))
        if ours is not None and theirs is not None and not np.array_equal(ours.ravel(), theirs.ravel()):
            yield _fault(scope, node, f"its scale is not that of {label(before)}", "ONNX operators: DequantizeLinear")


def _quantizers(scope: OnnxScope) -> list[onnx.NodeProto]:
    return [node for node in scope.graph.nodes if node.op_type in _PAIR]


def _input(node: onnx.NodeProto, index: int) -> str:
    """Name of an input; empty where there is none."""
    return node.input[index] if index < len(node.input) else ""


def _quantized_type(scope: OnnxScope, node: onnx.NodeProto) -> int:
    """Type of the integers, by the zero point or by the tensor itself; 0 where it is not known."""
    integers = node.output[0] if node.op_type == "QuantizeLinear" else node.input[0]
    zero = _input(node, 2)
    return (scope.graph.type(zero) if zero else 0) or scope.graph.type(integers)


def _has_bias(node: onnx.NodeProto) -> bool:
    return node.op_type in ("Conv", "ConvTranspose", "Gemm")


def _fault(scope: OnnxScope, node: onnx.NodeProto, what: str, source: str) -> Fault:
    fix = _AGAIN.format(scope.target.name)
    return Fault(severity="error", node=label(node), what=what, fix=fix, source=source)
