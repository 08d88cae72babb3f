"""Where quantisers stand around layers with weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import onnx

from sdst_export.lint.facts.tensorrt import (
    EXPLICIT_QUANTIZATION,
    FIRST_INT8_WEIGHTS,
    INT8_GROUP_MULTIPLE,
    INT8_WEIGHTS,
    LIKELY_INT8_WEIGHTS,
    NARROW_STEM,
    version_text,
)
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import attribute, label
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []

_WEIGHTED: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_AGAIN: Final = "quantise again: export with --precision int8 --target {}"


@ONNX_RULES.rule("quant-weight-axis", "tensorrt")
def weights_scale_per_output(scope: OnnxScope) -> Iterator[Fault]:
    """Scales per channel go along the output channels: axis 0 of Conv, 1 of ConvTranspose, the last of MatMul."""
    for node, dequantize in _quantized_weights(scope):
        scale, shape = scope.graph.constant(dequantize.input[1]), scope.graph.shape(node.input[1])
        if scale is None or scale.size == 1 or shape is None:
            continue
        transposed = attribute(node, "transB", 0)
        wanted = {"Conv": 0, "ConvTranspose": 1, "Gemm": 0 if transposed else 1}.get(node.op_type, len(shape) - 1)
        axis = attribute(dequantize, "axis", 1) % len(shape)
        if axis != wanted:
            yield Fault(
                severity="error",
                node=label(dequantize),
                what=f"its scales go along axis {axis} of the weights of {label(node)}, expected {wanted}",
                fix=_AGAIN.format(scope.target.name),
                source=EXPLICIT_QUANTIZATION,
            )


@ONNX_RULES.rule("quant-one-sided", "tensorrt")
def both_sides_are_quantized(scope: OnnxScope) -> Iterator[Fault]:
    """A layer runs in int8 if its input and its weights are quantised, and in float if one is not."""
    for node in scope.graph.nodes:
        if node.op_type not in _WEIGHTED:
            continue
        sides = [scope.graph.behind(name, "DequantizeLinear") is not None for name in node.input[:2]]
        if sides[0] != sides[1]:
            yield Fault(
                severity="warning",
                node=label(node),
                what=f"only its {'input is' if sides[0] else 'weights are'} quantised, so that it runs in float",
                fix=f"quantise both or neither: {_AGAIN.format(scope.target.name)}",
                source=EXPLICIT_QUANTIZATION,
            )


@ONNX_RULES.rule("quant-int8-weights", "tensorrt")
def weights_are_float_for_old_parsers(scope: OnnxScope) -> Iterator[Fault]:
    """TensorRT 8 is known to refuse int8 constants; 10.16 to take them."""
    stored = [
        dequantize
        for _, dequantize in _quantized_weights(scope)
        if scope.graph.is_constant(dequantize.input[0])
        and scope.graph.type(dequantize.input[0]) == onnx.TensorProto.INT8
    ]
    if stored and scope.version < FIRST_INT8_WEIGHTS:
        likely = scope.version >= LIKELY_INT8_WEIGHTS
        yield Fault(
            severity="note" if likely else "warning",
            node=label(stored[0]),
            what=f"weights of {len(stored)} layers, this one first, are int8 in the file; nobody says whether TensorRT "
            f"{version_text(scope.version)} takes them{', as it probably does' if likely else ''}",
            fix="build it on the board before you rely on it, or take the fp16 variant; float weights with a "
            "QuantizeLinear before the DequantizeLinear are what every version takes (AddQDQPairToWeight)",
            source=INT8_WEIGHTS,
        )


@ONNX_RULES.rule("quant-group", "tensorrt")
def groups_are_wide_enough(scope: OnnxScope) -> Iterator[Fault]:
    """Grouped convolutions in int8 want groups of 4 channels or a multiple; depthwise ones are a case of their own."""
    multiple, source = INT8_GROUP_MULTIPLE
    for node, _ in _quantized_weights(scope):
        weights, groups = scope.graph.floating(node.input[1]), attribute(node, "group", 1)
        if node.op_type not in ("Conv", "ConvTranspose") or groups == 1 or weights is None:
            continue
        width = weights.shape[1] if node.op_type == "Conv" else weights.shape[0] // groups
        depthwise = width == 1 and weights.shape[0] == groups and node.op_type == "Conv"
        if width % multiple and not depthwise:
            yield Fault(
                severity="warning",
                node=label(node),
                what=f"it has groups of {width} channels in int8, expected a multiple of {multiple}",
                fix="leave the layer in float, or choose another number of groups",
                source=source,
            )


@ONNX_RULES.rule("quant-stem", "tensorrt")
def stem_is_buildable(scope: OnnxScope) -> Iterator[Fault]:
    """A 7 x 7 convolution of the picture's 3 channels was reported to have no int8 implementation."""
    for node, _ in _quantized_weights(scope):
        weights = scope.graph.floating(node.input[1])
        shape = () if weights is None or node.op_type != "Conv" else weights.shape
        if len(shape) == 4 and shape[1] < 4 and min(shape[2:]) >= 7 and attribute(node, "group", 1) == 1:
            yield Fault(
                severity="note",
                node=label(node),
                what="a first convolution like this one was reported not to build in int8",
                fix="leave it in float if the build ends in 'Could not find any implementation'",
                source=NARROW_STEM,
            )


def _quantized_weights(scope: OnnxScope) -> Iterator[tuple[onnx.NodeProto, Any]]:
    """Layers whose weights are constants behind a DequantizeLinear, with that."""
    for node in scope.graph.nodes:
        if node.op_type in _WEIGHTED and scope.graph.floating(node.input[1]) is not None:
            dequantize = scope.graph.behind(node.input[1], "DequantizeLinear")
            if dequantize is not None:
                yield node, dequantize
