"""Layers that two graphs have in common, where the graphs are not as our exporter writes them today."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the graphs are made with the onnx package")
helper = pytest.importorskip("onnx.helper", reason="graphs are made with the onnx package")
share_trunk = pytest.importorskip("sdst_export.shared_trunk", reason="needs torch").share_trunk


def model(names: tuple[str, str], side: int, *more: tuple[str, list[str], list[str]]) -> Any:
    """A 3 x 3 convolution ``a`` of the input, and more nodes: kind, inputs, outputs."""
    given, made = names
    nodes = [helper.make_node("Conv", [given, "weight"], ["a"])]
    for kind, inputs, outputs in more:
        nodes.append(helper.make_node(kind, inputs, outputs, **({"axis": 1} if kind in ("Split", "Concat") else {})))
    weight = onnx.numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "weight")
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(given, 1, [1, 3, side, side])],
        [helper.make_tensor_value_info(made, 1, [1, 4, side - 2, side - 2])],
        [weight],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_what_the_template_graph_computes_twice_is_given_once() -> None:
    twice = [("Conv", ["z", "weight"], ["b"]), ("Add", ["a", "b"], ["kernel"])]
    shared = share_trunk(model(("z", "kernel"), 5, *twice), model(("x", "search_0"), 9, ("Relu", ["a"], ["search_0"])))
    assert shared.trunk == ("trunk_0",)
    assert [item.name for item in shared.search.graph.output] == ["search_0", "trunk_0"]
    assert [item.name for item in shared.template.graph.input] == ["trunk_0"]
    assert [list(node.input) for node in shared.template.graph.node] == [["trunk_0", "trunk_0"]]


def test_nodes_that_give_other_numbers_of_tensors_are_not_the_same() -> None:
    halves = [("Split", ["a"], ["p", "q"]), ("Concat", ["p", "q"], ["kernel"])]
    quarters = [("Split", ["a"], ["p", "q", "r", "s"]), ("Concat", ["p", "q", "r", "s"], ["search_0"])]
    shared = share_trunk(model(("z", "kernel"), 5, *halves), model(("x", "search_0"), 9, *quarters))
    assert shared.trunk == ("trunk_0",)
    assert [node.op_type for node in shared.template.graph.node] == ["Split", "Concat"]
