"""Static shapes, and graphs inside graphs."""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from sdst_export.lint.finding import Fault
from sdst_export.lint.graph_view import label
from sdst_export.lint.scopes import ONNX_RULES, OnnxScope

__all__: list[str] = []


@ONNX_RULES.rule("dynamic-shape", "tensorrt")
def shapes_are_static(scope: OnnxScope) -> Iterator[Fault]:
    """Engines are built for the shapes that the manifest names, without optimisation profiles."""
    for name in (*scope.graph.inputs, *scope.graph.outputs):
        shape = scope.graph.shape(name)
        if shape is None or any(side is None or side < 1 for side in shape):
            sides = "unknown" if shape is None else f"({', '.join('?' if s is None else str(s) for s in shape)})"
            yield Fault(
                severity="error",
                node=name,
                what=f"its shape is {sides}, expected numbers: the engine is built for one shape",
                fix=f"export with --target {scope.target.name}, whose graphs are static",
            )


@ONNX_RULES.rule("control-flow", "tensorrt", "onnxruntime")
def subgraphs_are_named(scope: OnnxScope) -> Iterator[Fault]:
    """The rules do not look into the bodies of If, Loop and Scan."""
    for node in scope.graph.nodes:
        if any(item.type == onnx.AttributeProto.GRAPH for item in node.attribute):
            yield Fault(
                severity="warning",
                node=label(node),
                what=f"{node.op_type} holds a graph of its own, which is not looked into",
                fix="take the branch out of the network; nothing of a tracker depends on values at run time",
            )
