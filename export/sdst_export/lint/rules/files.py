"""Opsets, and data that lies outside the file."""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from sdst_export.lint.facts.onnxruntime import IR_MAX, OPSET_MAX, OPSET_SOURCE
from sdst_export.lint.facts.tensorrt import OPSET_MIN, OPSETS, version_text
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import label
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []

_PER_CHANNEL = 13  # the first opset whose QuantizeLinear has an axis


@ONNX_RULES.rule("external-data", "tensorrt", "onnxruntime")
def no_external_data(scope: OnnxScope) -> Iterator[Fault]:
    """A bundle's graph is one file; the bytes of another one are not covered by its hash."""
    for name, tensor in scope.graph.constants():
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            yield Fault(
                severity="error",
                node=name,
                what="its data lies in another file, which the bundle does not have",
                fix="export the bundle again; onnx.save without save_as_external_data writes one file",
            )


@ONNX_RULES.rule("opset-new", "tensorrt")
def opset_is_known_to_parser(scope: OnnxScope) -> Iterator[Fault]:
    """The parser documents the newest opset that it takes."""
    opset, version = scope.graph.opset, scope.version
    known, source = max((limit for since, limit in OPSETS.items() if since <= version), default=OPSETS[8, 4])
    later = [limit for since, limit in OPSETS.items() if since > version]
    if opset > known:
        unknown = bool(later) and opset <= min(later)[0]
        yield Fault(
            severity="warning" if unknown else "error",
            node="",
            what=f"is of opset {opset}; TensorRT {version_text(version)} is known to parse up to {known}"
            + (", and not known to refuse it" if unknown else ""),
            fix=f"export with --target {scope.target.name}, which writes opset {scope.target.opset}",
            source=source,
        )


@ONNX_RULES.rule("opset-old", "tensorrt")
def opset_is_not_too_old(scope: OnnxScope) -> Iterator[Fault]:
    """The parser goes back to opset 9, and scales per channel to 13."""
    opset = scope.graph.opset
    if opset < OPSET_MIN:
        yield Fault(
            severity="error",
            node="",
            what=f"is of opset {opset}, TensorRT parses from {OPSET_MIN} on",
            fix=f"export with --target {scope.target.name}, which writes opset {scope.target.opset}",
            source=OPSETS[10, 15][1],
        )
    quantizers = [node for node in scope.graph.nodes if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    if quantizers and OPSET_MIN <= opset < _PER_CHANNEL:
        yield Fault(
            severity="error",
            node=label(quantizers[0]),
            what=f"is of opset {opset}, in which there are no scales per channel",
            fix=f"export with --target {scope.target.name}, which writes opset {scope.target.opset}",
            source="ONNX operators: QuantizeLinear has an axis from opset 13 on",
        )


@ONNX_RULES.rule("ort-opset", "onnxruntime")
def opset_is_known_to_oldest_runtime(scope: OnnxScope) -> Iterator[Fault]:
    """A board may have the oldest ONNX Runtime that this project allows."""
    opset, ir_version = scope.graph.opset, scope.graph.model.ir_version
    if opset > OPSET_MAX or ir_version > IR_MAX:
        yield Fault(
            severity="error",
            node="",
            what=f"is of opset {opset} and IR version {ir_version}; onnxruntime 1.17, the oldest allowed, takes "
            f"opset {OPSET_MAX} and IR version {IR_MAX}",
            fix=f"export with --target {scope.target.name}, which writes opset {scope.target.opset}",
            source=OPSET_SOURCE,
        )
