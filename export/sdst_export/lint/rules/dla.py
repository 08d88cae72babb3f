"""What runs on the deep learning accelerator of a Jetson; everything else goes back to the GPU, if that is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Final

import onnx

from sdst_export.lint.facts.dla import (
    CHANNELS_MAX,
    CONSTANT_SECOND_INPUT,
    KERNEL_MAX,
    NATIVE,
    OPERATORS,
    QUANTIZED,
    RESTRICTIONS,
    SIDE_MAX,
    STRIDE_MAX,
)
from sdst_export.lint.facts.tensorrt import DLA_SUPPORT, Version, version_text
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import attribute, label
from sdst_export.lint.scopes import ONNX_RULES, VARIANT_RULES, OnnxScope, VariantScope
from sdst_export.targets import parse_version

__all__: list[str] = []

_GPU: Final = "leave it to the GPU (GPU fallback), which costs two transfers a frame, or lint without --dla"


@VARIANT_RULES.rule("dla-absent", "tensorrt", "onnxruntime", "ncnn", "openvino", dla=True)
def device_has_one(scope: VariantScope) -> Iterator[Fault]:
    """Xavier, Orin NX and AGX Orin have DLAs; Orin Nano and Thor have none."""
    if not scope.target.dla:
        what, fix = f"{scope.target.title} has no DLA", "lint without --dla"
        yield Fault(severity="error", node="", what=what, fix=fix)


@VARIANT_RULES.rule("dla-version", "tensorrt", dla=True)
def version_drives_it(scope: VariantScope) -> Iterator[Fault]:
    """TensorRT 10.7 was the last before 11.4.1 that drives a DLA."""
    versions = scope.target.tensorrt
    assert versions is not None
    for text in dict.fromkeys((versions.lowest, versions.highest)):
        version = parse_version(text)
        if scope.target.dla and not any(first <= version <= last for first, last, _ in DLA_SUPPORT):
            yield Fault(
                severity="error",
                node="",
                what=f"TensorRT {text} drives no DLA; {_spans()} do",
                fix="lint without --dla: the GPU runs the network",
                source=DLA_SUPPORT[0][2],
            )


@VARIANT_RULES.rule("dla-precision", "tensorrt", dla=True)
def precision_is_half_or_int8(scope: VariantScope) -> Iterator[Fault]:
    """There is no float32 on a DLA."""
    if scope.variant.precision == "fp32":
        what, fix = "is float32; a DLA computes in float16 and int8", "export with --precision fp16"
        yield Fault(severity="error", node="", what=what, fix=fix, source=RESTRICTIONS)


@ONNX_RULES.rule("dla-quantized", "tensorrt", dla=True)
def no_explicit_quantization(scope: OnnxScope) -> Iterator[Fault]:
    """QuantizeLinear is not what a DLA's int8 is told by."""
    nodes = [node for node in scope.graph.nodes if node.op_type in QUANTIZED]
    if nodes:
        yield Fault(
            severity="error",
            node=label(nodes[0]),
            what=f"it is one of {len(nodes)} quantisers, which a DLA does not take",
            fix="take the fp16 variant for the DLA",
            source=OPERATORS,
        )


@ONNX_RULES.rule("dla-operator", "tensorrt", dla=True)
def operators_are_native(scope: OnnxScope) -> Iterator[Fault]:
    """Operators that TensorRT gives to the DLA."""
    for node in scope.graph.nodes:
        if node.op_type not in NATIVE and node.op_type not in QUANTIZED:
            what = f"a DLA does not run {node.op_type}"
            yield Fault(severity="warning", node=label(node), what=what, fix=_GPU, source=OPERATORS)


@ONNX_RULES.rule("dla-restriction", "tensorrt", dla=True)
def layers_are_small_enough(scope: OnnxScope) -> Iterator[Fault]:
    """Kernels, strides and channels of convolutions; constants where a DLA wants them."""
    for node in scope.graph.nodes:
        for what in (*_second_input(scope, node), *_convolution(scope, node)):
            yield Fault(severity="warning", node=label(node), what=what, fix=_GPU, source=RESTRICTIONS)


@ONNX_RULES.rule("dla-size", "tensorrt", dla=True)
def sides_are_small_enough(scope: OnnxScope) -> Iterator[Fault]:
    """No side but the batch is above 8192."""
    for name in (*scope.graph.inputs, *scope.graph.outputs):
        sides = [side for side in (scope.graph.shape(name) or ())[1:] if side is not None]
        if max(sides, default=0) > SIDE_MAX:
            what = f"a side is {max(sides)}, a DLA takes up to {SIDE_MAX}"
            yield Fault(severity="error", node=name, what=what, fix="lint without --dla", source=RESTRICTIONS)


def _second_input(scope: OnnxScope, node: onnx.NodeProto) -> Iterator[str]:
    if node.op_type in CONSTANT_SECOND_INPUT and scope.graph.floating(node.input[1]) is None:
        yield "its second input is no constant"


def _convolution(scope: OnnxScope, node: onnx.NodeProto) -> Iterator[str]:
    if node.op_type not in ("Conv", "ConvTranspose"):
        return
    shape = scope.graph.shape(node.input[1]) or ()
    sides = [side for side in shape[2:] if side is not None]
    if len(shape) not in (0, 4):
        yield f"it has {len(shape) - 2} spatial axes, a DLA takes 2"
    if max(sides, default=0) > KERNEL_MAX:
        yield f"its kernel is {' x '.join(map(str, sides))}, a DLA takes up to {KERNEL_MAX}"
    if max(attribute(node, "strides", (1,))) > STRIDE_MAX:
        yield f"its stride is {max(attribute(node, 'strides'))}, a DLA takes up to {STRIDE_MAX}"
    if max((side for side in shape[:2] if side is not None), default=0) > CHANNELS_MAX:
        yield f"it has more than {CHANNELS_MAX} channels"
    if node.op_type == "ConvTranspose":
        widened = prod(attribute(node, "dilations", (1,))) > 1 or any(attribute(node, "pads", (0,)))
        if widened or attribute(node, "group", 1) > 1:
            yield "it has groups, dilations or padding, which a DLA does not take in a transposed convolution"


def _spans() -> str:
    def span(first: Version, last: Version) -> str:
        return f"{version_text(first)} to {version_text(last)}" if last[1] < 99 else f"{version_text(first)} and later"

    return ", ".join(span(first, last) for first, last, _ in DLA_SUPPORT)
