"""Operators that the parser of TensorRT takes, and what it asks of some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import onnx

from sdst_export.lint.facts.tensorrt import CHANGELOG, OPERATORS_8_5, OPERATORS_10_15, Version, version_text
from sdst_export.lint.facts.tensorrt_operators import operator_support
from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import GraphView, attribute, label, type_name
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []

_DOMAINS: Final = ("", "ai.onnx")
_INSTEAD: Final = {
    "QLinearConv": "export with --precision int8 --target {target}, which writes QuantizeLinear and DequantizeLinear",
    "QLinearMatMul": "export with --precision int8 --target {target}, which writes QuantizeLinear and DequantizeLinear",
    "ConvInteger": "export with --precision int8 --target {target}, which writes QuantizeLinear and DequantizeLinear",
}
_LETTERS: Final[dict[int, str]] = {
    onnx.TensorProto.FLOAT: "F",
    onnx.TensorProto.FLOAT16: "F",
    onnx.TensorProto.BFLOAT16: "F",
    onnx.TensorProto.DOUBLE: "F",  # cast to float32; another rule tells
    onnx.TensorProto.INT32: "I",
    onnx.TensorProto.INT64: "I",
    onnx.TensorProto.BOOL: "B",
}
#: Input whose type the table is about, where it is not the first.
_DATA_INPUT: Final = {"Where": 1, "OneHot": 2}
#: Inputs that must be constants, the version that lifts that or None, and the source.
_CONSTANTS: Final[dict[str, tuple[int, Version | None, str]]] = {
    "Slice": (3, (10, 3), f"{OPERATORS_8_5}; {CHANGELOG}"),
    "Squeeze": (1, (10, 7), f"{OPERATORS_8_5}; {CHANGELOG}"),
    "Unsqueeze": (1, (10, 7), f"{OPERATORS_8_5}; {CHANGELOG}"),
    "CumSum": (1, (10, 8), f"{OPERATORS_8_5}; {CHANGELOG}"),
    "TopK": (1, (8, 6), f"{OPERATORS_8_5}; {CHANGELOG}"),
}
_RESIZE_MODES: Final = ("nearest", "linear")


@ONNX_RULES.rule("operator-domain", "tensorrt")
def operators_are_of_onnx(scope: OnnxScope) -> Iterator[Fault]:
    """Operators of other domains need a plugin, which this project has none of."""
    for node in scope.graph.nodes:
        if node.domain not in _DOMAINS:
            yield Fault(
                severity="error",
                node=label(node),
                what=f"{node.op_type} is of the domain {node.domain}, not of ONNX",
                fix="do not optimise the graph with ONNX Runtime before TensorRT gets it; export it again",
            )


@ONNX_RULES.rule("operator", "tensorrt")
def operators_are_known_to_parser(scope: OnnxScope) -> Iterator[Fault]:
    """The parser lists the operators that it takes."""
    for node in scope.graph.nodes:
        if node.domain not in _DOMAINS:
            continue
        support = operator_support(node.op_type, scope.version)
        if support.status == "yes":
            continue
        text = f"TensorRT {version_text(scope.version)} does not parse {node.op_type}"
        if support.status == "unknown":
            text = f"it is not known whether TensorRT {version_text(scope.version)} parses {node.op_type}"
        since = f"; {version_text(support.since)} does" if support.since is not None else ""
        instead = "spell the layer with other operators in the network and export again"
        yield Fault(
            severity="error" if support.status == "no" else "warning",
            node=label(node),
            what=text + since,
            fix=_INSTEAD.get(node.op_type, instead).format(target=scope.target.name),
            source=support.source,
        )


@ONNX_RULES.rule("operator-type", "tensorrt")
def operators_take_the_type(scope: OnnxScope) -> Iterator[Fault]:
    """The parser lists the types that an operator takes."""
    for node in scope.graph.nodes:
        support = operator_support(node.op_type, scope.version)
        index = _DATA_INPUT.get(node.op_type, 0)
        if node.domain not in _DOMAINS or support.status != "yes" or not support.types or len(node.input) <= index:
            continue
        kind = scope.graph.type(node.input[index])
        letter = _LETTERS.get(kind)
        if letter is not None and letter not in support.types:
            yield Fault(
                severity="error",
                node=label(node),
                what=f"TensorRT {version_text(scope.version)} takes no {type_name(kind)} in {node.op_type}",
                fix="cast its input to float32, or spell the layer with other operators",
                source=support.source,
            )


@ONNX_RULES.rule("operator-restriction", "tensorrt")
def restrictions_are_kept(scope: OnnxScope) -> Iterator[Fault]:
    """Some operators are taken in part."""
    for node in scope.graph.nodes:
        index, lifted, source = _CONSTANTS.get(node.op_type, (len(node.input), None, ""))
        name = node.input[index] if index < len(node.input) else ""
        if name and not scope.graph.is_constant(name) and (lifted is None or scope.version < lifted):
            yield _restricted(node, f"its input {name} must be a constant", source)
        for broken in _PARTS.get(node.op_type, _whole)(node, scope.graph):
            yield _restricted(node, broken, OPERATORS_10_15)


def _restricted(node: onnx.NodeProto, what: str, source: str) -> Fault:
    fix = "spell the layer otherwise in the network and export again"
    return Fault(severity="error", node=label(node), what=f"{node.op_type}: {what}", fix=fix, source=source)


def _whole(_node: onnx.NodeProto, _graph: GraphView) -> Iterator[str]:
    yield from ()


def _pool(node: onnx.NodeProto, graph: GraphView) -> Iterator[str]:
    if len([name for name in node.output if name]) > 1:
        yield "its second output, the indices, is not supported"
    if any(step != 1 for step in attribute(node, "dilations", ())):
        yield "its dilations must be 1"
    shape = graph.shape(node.input[0])
    if shape is not None and len(shape) not in (4, 5):
        yield f"its input has {len(shape)} axes, expected 4 or 5"


def _resize(node: onnx.NodeProto, _graph: GraphView) -> Iterator[str]:
    mode = attribute(node, "mode", "nearest")
    if mode not in _RESIZE_MODES:
        yield f"its mode is {mode}, expected one of {', '.join(_RESIZE_MODES)}"
    if attribute(node, "coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize":
        yield "its coordinate_transformation_mode is tf_crop_and_resize, which is not supported"
    if attribute(node, "antialias", 0):
        yield "antialias is not supported"


def _scatter(node: onnx.NodeProto, _graph: GraphView) -> Iterator[str]:
    if attribute(node, "reduction", "none") != "none":
        yield "its reduction must be none"


_PARTS: Final[dict[str, Callable[[onnx.NodeProto, GraphView], Iterator[str]]]] = {
    "MaxPool": _pool,
    "AveragePool": _pool,
    "Resize": _resize,
    "ScatterND": _scatter,
}
