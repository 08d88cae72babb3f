"""What ONNX Runtime is slow at on a processor."""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from sdst_export.lint.facts.onnxruntime import DYNAMIC_KERNEL, SYMMETRIC_INT8
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import label
from sdst_export.lint.rules.convolutions import dynamic_convolutions
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []


@ONNX_RULES.rule("ort-dynamic-kernel", "onnxruntime")
def kernels_are_constants(scope: OnnxScope) -> Iterator[Fault]:
    """Blocked convolutions are for kernels that are there when the session is made."""
    for node in dynamic_convolutions(scope.graph):
        yield Fault(
            severity="warning",
            node=label(node),
            what=f"its kernel {node.input[1]} is an input, which takes 8 to 13 times as long on x86 as a constant",
            fix="run it baked or split (`--session`), whose graphs have no such convolution",
            source=DYNAMIC_KERNEL,
        )


@ONNX_RULES.rule("ort-symmetric-int8", "onnxruntime")
def activations_are_unsigned(scope: OnnxScope) -> Iterator[Fault]:
    """Symmetric int8 activations are for TensorRT."""
    signed = [
        node
        for node in scope.graph.nodes
        if node.op_type == "QuantizeLinear"
        and not scope.graph.is_constant(node.input[0])
        and scope.graph.type(node.output[0]) == onnx.TensorProto.INT8
    ]
    if signed:
        yield Fault(
            severity="warning",
            node=label(signed[0]),
            what=f"it is one of {len(signed)} with int8 activations, which brought ONNX Runtime no speed on x86",
            fix="take the variant onnx/int8-ort, whose activations are uint8",
            source=SYMMETRIC_INT8,
        )
