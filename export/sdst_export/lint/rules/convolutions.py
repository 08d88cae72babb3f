"""Convolutions whose kernel is computed: correlations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import onnx

from sdst_export.lint.facts.tensorrt import FIRST_DYNAMIC_KERNEL, INT8_GROUP_MULTIPLE, version_text
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import GraphView, attribute, label
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__ = ["dynamic_convolutions"]

_MATMUL: Final = "export with --xcorr matmul (or taps)"
_IMPORTER: Final = "onnx/onnx-tensorrt 10.1, convMultiInput"


def dynamic_convolutions(graph: GraphView) -> Iterator[onnx.NodeProto]:
    """Convolutions whose kernel is no constant, behind quantisers or not."""
    for node in graph.nodes:
        if node.op_type in ("Conv", "ConvTranspose") and not graph.is_stored(node.input[1]):
            yield node


@ONNX_RULES.rule("conv-dynamic-kernel", "tensorrt")
def kernel_may_be_an_input(scope: OnnxScope) -> Iterator[Fault]:
    """From 8.5 on a float convolution takes its kernel from a tensor."""
    first, source = FIRST_DYNAMIC_KERNEL
    if scope.version >= first:
        return
    for node in dynamic_convolutions(scope.graph):
        yield Fault(
            severity="error",
            node=label(node),
            what=f"its kernel {node.input[1]} is no constant, which TensorRT takes from {version_text(first)} on",
            fix=_MATMUL,
            source=source,
        )


@ONNX_RULES.rule("conv-kernel-shape", "tensorrt")
def kernel_has_a_size(scope: OnnxScope) -> Iterator[Fault]:
    """The parser asks for a static height and width, and that ``kernel_shape`` says the same."""
    for node in dynamic_convolutions(scope.graph):
        shape, said = scope.graph.shape(node.input[1]), attribute(node, "kernel_shape")
        if shape is None or None in shape[2:]:
            what = f"height and width of its kernel {node.input[1]} are not known"
        elif said is not None and tuple(said) != shape[2:]:
            what = f"its kernel_shape is {tuple(said)}, and its kernel {node.input[1]} is {shape}"
        else:
            continue
        fix = "export the bundle again; its kernels are static"
        yield Fault(severity="error", node=label(node), what=what, fix=fix, source=_IMPORTER)


@ONNX_RULES.rule("conv-grouped-int8", "tensorrt")
def grouped_correlation_is_float(scope: OnnxScope) -> Iterator[Fault]:
    """A depthwise correlation has groups of 1 channel, and int8 wants 4: it stays in float."""
    multiple, source = INT8_GROUP_MULTIPLE
    for node in dynamic_convolutions(scope.graph):
        shape, groups = scope.graph.shape(node.input[1]), attribute(node, "group", 1)
        quantized = any(scope.graph.behind(name, "DequantizeLinear") is not None for name in node.input[:2])
        width = shape[1] if shape is not None and len(shape) > 1 else None
        if quantized and groups > 1 and (width is None or width % multiple):
            yield Fault(
                severity="error",
                node=label(node),
                what=f"it is in int8 with groups of {width} channels, expected a multiple of {multiple}",
                fix=f"leave the correlation in float: export with --precision int8 --target {scope.target.name}",
                source=source,
            )


@ONNX_RULES.rule("conv-dynamic-group", "tensorrt")
def grouped_correlation_may_not_build(scope: OnnxScope) -> Iterator[Fault]:
    """Nobody says whether TensorRT has kernels for grouped convolutions of a computed kernel."""
    for node in dynamic_convolutions(scope.graph):
        if attribute(node, "group", 1) == 1 or scope.version < FIRST_DYNAMIC_KERNEL[0]:
            continue
        alone = scope.role.startswith("correlate")
        yield Fault(
            severity="note" if alone else "warning",
            node=label(node),
            what=f"it has {attribute(node, 'group', 1)} groups and a kernel that is no constant: the parser takes it, "
            "whether the builder does is not known",
            fix="nothing: the form that builds first is taken" if alone else _MATMUL,
            source=f"{_IMPORTER}; no statement on the builder was found",
        )
