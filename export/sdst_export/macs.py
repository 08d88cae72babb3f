"""Multiply-accumulates: of an ONNX graph, counted from its nodes and inferred shapes, and of a correlation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import onnx

__all__ = ["correlation_macs", "count_macs"]

Shapes = Mapping[str, tuple[int, ...]]


def count_macs(model: onnx.ModelProto) -> int:
    """Multiply-accumulates of all Conv, Gemm and MatMul nodes, correlations among them; biases are not counted.

    Args:
        model: with static shapes. Not modified.

    Raises:
        ValueError: the shape of a tensor that is needed cannot be inferred.
    """
    shapes = _shapes(model)
    return sum(_node_macs(node, shapes) for node in model.graph.node)


def correlation_macs(kernel: Sequence[int], response: Sequence[int]) -> int:
    """Multiply-accumulates of one correlation of any kind, however a graph spells it.

    Args:
        kernel: shape, as ``sdst_runtime.manifest.Correlation`` has it.
        response: shape, (N, K, H', W').
    """
    return prod(response) * prod(kernel[1:])


def _node_macs(node: onnx.NodeProto, shapes: Shapes) -> int:
    if node.op_type == "Conv":
        weight = _shape(shapes, node.input[1])  # (O, I / groups, h, w)
        return prod(_shape(shapes, node.output[0])) * prod(weight[1:])
    if node.op_type in ("Gemm", "MatMul"):
        transposed = any(item.name == "transA" and item.i for item in node.attribute)
        inner = _shape(shapes, node.input[0])[-2 if transposed else -1]
        return prod(_shape(shapes, node.output[0])) * inner
    return 0


def _shape(shapes: Shapes, name: str) -> tuple[int, ...]:
    if name not in shapes:
        raise ValueError(f"the shape of {name} cannot be inferred; MACs are counted on static graphs")
    return shapes[name]


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    shapes = {item.name: tuple(item.dims) for item in graph.initializer}
    for item in (*graph.input, *graph.output, *graph.value_info):
        dims = item.type.tensor_type.shape.dim
        if all(dim.HasField("dim_value") for dim in dims):
            shapes[item.name] = tuple(dim.dim_value for dim in dims)
    return shapes
