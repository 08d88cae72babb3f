"""Types of tensors that TensorRT has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import onnx

from sdst_export.lint.facts.tensorrt import FIRST_INT64, OPERATORS_8_5, OPERATORS_10_15, version_text
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import type_name
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []

_KINDS = onnx.TensorProto
_KNOWN: Final = {_KINDS.FLOAT, _KINDS.FLOAT16, _KINDS.INT8, _KINDS.UINT8, _KINDS.INT32, _KINDS.INT64, _KINDS.BOOL}
_ELSEWHERE: Final = {_KINDS.UNDEFINED, _KINDS.DOUBLE}  # not known, or told by another rule
_INT32: Final = np.iinfo(np.int32)


@ONNX_RULES.rule("type-double", "tensorrt")
def no_doubles(scope: OnnxScope) -> Iterator[Fault]:
    """Doubles are cast to float32, and clamped."""
    for name in scope.graph.tensors():
        if scope.graph.type(name) == _KINDS.DOUBLE:
            yield Fault(
                severity="warning",
                node=name,
                what="is float64, which TensorRT casts to float32 and clamps",
                fix="make it float32 in the network and export again",
                source=OPERATORS_10_15,
            )


@ONNX_RULES.rule("type-unknown", "tensorrt")
def types_are_known(scope: OnnxScope) -> Iterator[Fault]:
    """Strings, complex numbers, 16-bit and unsigned integers are no types of TensorRT; bfloat16 is from 9.0 on."""
    known = _KNOWN | _ELSEWHERE | ({_KINDS.BFLOAT16} if scope.version >= FIRST_INT64[0] else set())
    for name in scope.graph.tensors():
        kind = scope.graph.type(name)
        if kind not in known:
            yield Fault(
                severity="error",
                node=name,
                what=f"is {type_name(kind)}, which TensorRT {version_text(scope.version)} does not have",
                fix="use float32, int32 or int8 in its place and export again",
                source=OPERATORS_8_5 if scope.version < FIRST_INT64[0] else OPERATORS_10_15,
            )


@ONNX_RULES.rule("type-uint8", "tensorrt")
def bytes_are_at_the_border(scope: OnnxScope) -> Iterator[Fault]:
    """uint8 is for inputs and outputs of the network alone."""
    border = {*scope.graph.inputs, *scope.graph.outputs}
    for name in scope.graph.tensors():
        if scope.graph.type(name) == _KINDS.UINT8 and name not in border and not _of_quantizer(scope, name):
            yield Fault(
                severity="error",
                node=name,
                what="is uint8 inside the network, which TensorRT has at inputs and outputs only",
                fix="cast it to float32 where it enters",
                source=OPERATORS_10_15,
            )


@ONNX_RULES.rule("type-int64", "tensorrt")
def integers_fit(scope: OnnxScope) -> Iterator[Fault]:
    """Before 9.0 the parser casts int64 to int32 and clamps."""
    first, source = FIRST_INT64
    if scope.version >= first:
        return
    for name, tensor in scope.graph.constants():
        value = scope.graph.constant(name) if tensor.data_type == _KINDS.INT64 else None
        if value is not None and value.size and (value.min() < _INT32.min or value.max() > _INT32.max):
            yield Fault(
                severity="note",
                node=name,
                what=f"holds {value.flat[np.abs(value.astype(np.float64)).argmax()]}, which TensorRT "
                f"{version_text(scope.version)} clamps to 32 bits; fine for the open end of a Slice",
                fix="nothing, if it is that",
                source=OPERATORS_8_5,
            )
    for name in (*scope.graph.inputs, *scope.graph.outputs):
        if scope.graph.type(name) == _KINDS.INT64:
            yield Fault(
                severity="warning",
                node=name,
                what=f"is int64, which TensorRT {version_text(scope.version)} binds as int32",
                fix="give int32 to the engine, or cast inside the network",
                source=source,
            )


def _of_quantizer(scope: OnnxScope, name: str) -> bool:
    """Whether rules of quantisation speak of it."""
    nodes = [node for node, _ in scope.graph.consumers(name)]
    producer = scope.graph.producer(name)
    nodes += [] if producer is None else [producer]
    return any(node.op_type in ("QuantizeLinear", "DequantizeLinear", "Constant") for node in nodes)
