"""Which operators of a graph are quantised: those with weights, and what lies between them."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet

import onnx

from sdst_export.quantization.scheme import WEIGHTED, Scheme

__all__ = ["find_layers", "find_quantized", "find_twins"]

_PASSING = ("Relu", "Clip")  # change a tensor's range, not whether it is quantised
_SHAPES = 4  # sides of a feature map


def find_layers(model: onnx.ModelProto, kernels: Collection[str], *, maps: bool) -> tuple[str, ...]:
    """Names of the nodes with weights that may be quantised, in the graph's order.

    Left out are those on maps of 1 x 1 cells, which take no time (squeeze and excite), and in a graph that gives a
    tracker's maps the last ones before them, which decide on scores and boxes and are small.

    Args:
        model: with static shapes, or symbolic ones.
        kernels: names of correlation kernels, which count as weights.
        maps: whether the outputs are the tracker's maps.
    """
    constants = _constants(model) | set(kernels)
    shapes = _shapes(model)
    weighted = [
        node
        for node in model.graph.node
        if node.op_type in WEIGHTED and node.input[1] in constants and not _is_cell(shapes.get(node.output[0], []))
    ]
    last = _last(model, weighted) if maps else set()
    return tuple(node.name for node in weighted if node.name not in last or node.input[1] in kernels)


def find_quantized(model: onnx.ModelProto, layers: Collection[str], scheme: Scheme) -> list[str]:
    """Names of all nodes that are quantised: the layers, and operators all of whose inputs are quantised by then.

    Args:
        model: that the layers are in.
        layers: names of nodes that are to be quantised.
        scheme: says which operators follow.
    """
    constants = _constants(model)
    given: set[str] = set()  # tensors that are quantised
    names = []
    for node in model.graph.node:
        reads = [name for name in node.input if name and name not in constants]
        follows = node.op_type in scheme.followers and bool(reads) and all(name in given for name in reads)
        if node.op_type in ("Add", "Mul", "Concat"):
            follows &= len(reads) == len(node.input)  # a constant operand: the last steps before a map, mostly
        if node.name in layers or follows:
            names.append(node.name)
        if node.name in layers or follows or (node.op_type in _PASSING and all(name in given for name in reads)):
            given.update(node.output)
    return names


def find_twins(head: onnx.ModelProto, tail: onnx.ModelProto, kernels: AbstractSet[str]) -> dict[str, str]:
    """Names of the tail's nodes and of those of the head that do the same.

    Args:
        head: with its correlations in the form ``conv``.
        tail: of the same network.
        kernels: names of the correlation kernels in the head.
    """
    ours, theirs = (
        [node for node in model.graph.node if node.op_type not in ("Identity", "Constant")] for model in (tail, head)
    )
    theirs = [node for node in theirs if not kernels & set(node.input)]
    assert [node.op_type for node in ours] == [node.op_type for node in theirs], "head and tail differ in more"
    return {one.name: other.name for one, other in zip(ours, theirs, strict=True)}


def _constants(model: onnx.ModelProto) -> set[str]:
    graph = model.graph
    return {item.name for item in graph.initializer} | {
        node.output[0] for node in graph.node if node.op_type == "Constant"
    }


def _last(model: onnx.ModelProto, weighted: Collection[onnx.NodeProto]) -> set[str]:
    """Names of those behind which there is no other one."""
    names = {node.name for node in weighted}
    reaches: set[str] = set()  # tensors from which a node with weights is reached
    last = set()
    for node in reversed(model.graph.node):
        reached = any(name in reaches for name in node.output)
        if node.name in names and not reached:
            last.add(node.name)
        if node.name in names or reached:
            reaches.update(node.input)
    return last


def _is_cell(shape: list[int]) -> bool:
    return len(shape) == _SHAPES and shape[2:] == [1, 1]


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    graph = onnx.shape_inference.infer_shapes(model).graph
    tensors = (*graph.value_info, *graph.output)
    return {item.name: [dim.dim_value for dim in item.type.tensor_type.shape.dim] for item in tensors}
