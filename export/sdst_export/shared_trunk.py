"""The backbone that template and search have in common, kept in one file.

Both branches begin with the same layers on inputs of different sizes. The search graph's file is given symbolic sides
and hands out what the template branch goes on from; what is left of the template graph reads that::

    search.onnx     x (side, side) -> search_*, trunk_*     loaded twice: side = search_size, and side = template_size
    template.onnx   trunk_*        -> kernel_*

The runtime fixes the sides when it loads the file, before ONNX Runtime optimises it, so that a frame is as fast as with
static sides but for one more output. The common layers are found by comparing the two graphs, node by node.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import onnx
from onnx import helper

__all__ = ["SIDE", "SharedTrunk", "share_trunk"]

SIDE = "side"  # of the square input, px
BATCH = "batch"
_MIN_SHARE = 0.5  # of the template graph's bytes; below, two files are no larger

# What makes two nodes the same: domain, kind, attributes, inputs, and how many outputs.
_NodeKey = tuple[str, str, tuple[bytes, ...], tuple[str, ...], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTrunk:
    """Two graphs in place of template and search.

    Attributes:
        search: with symbolic sides, and ``trunk`` among its outputs.
        template: from ``trunk`` to the kernels, static.
        trunk: names of outputs of ``search`` that ``template`` reads.
    """

    search: onnx.ModelProto
    template: onnx.ModelProto
    trunk: tuple[str, ...]


def share_trunk(template: onnx.ModelProto, search: onnx.ModelProto) -> SharedTrunk | None:
    """Takes out of a template graph what it has in common with a search graph; None where that is too little.

    Args:
        template: from z to the kernels, simplified, with static shapes. Not modified.
        search: from x to the search features, likewise. Not modified.
    """
    same = _common(template, search)
    nodes = [node for node in template.graph.node if node.output[0] not in same]
    read = {name for node in nodes for name in node.input} | {item.name for item in template.graph.output}
    border = [name for name in same if name in read]
    if not border or template.graph.input[0].name in border or _share(template, nodes) < _MIN_SHARE:
        return None
    given = {item.name for item in search.graph.output}
    twins = dict.fromkeys(same[name] for name in border)  # fewer, where the template graph computes something twice
    trunk = {twin: twin if twin in given else f"trunk_{i}" for i, twin in enumerate(twins)}
    return SharedTrunk(
        search=_with_sides(_with_outputs(search, trunk)),
        template=_remainder(template, nodes, {name: trunk[same[name]] for name in border}),
        trunk=tuple(trunk.values()),
    )


def _common(template: onnx.ModelProto, search: onnx.ModelProto) -> dict[str, str]:
    """Tensors of the template graph that the search graph computes too, in order, and their names there."""
    there = {tensor.name: tensor.name for tensor in search.graph.input}
    digests = _digests(search)
    nodes: dict[_NodeKey, onnx.NodeProto] = {}
    for node in search.graph.node:
        there |= {name: name for name in node.output}
        nodes[_key(node, there, digests)] = node
    same = {template.graph.input[0].name: search.graph.input[0].name}
    digests = _digests(template)
    for node in template.graph.node:
        twin = nodes.get(_key(node, same, digests))
        if twin is not None:
            same |= dict(zip(node.output, twin.output, strict=True))
    return same


def _key(node: onnx.NodeProto, tensors: Mapping[str, str], digests: Mapping[str, str]) -> _NodeKey:
    attributes = sorted(item.SerializeToString(deterministic=True) for item in node.attribute)
    # A tensor without a twin keeps a name that no tensor of the other graph has.
    inputs = (digests.get(name) or tensors.get(name, f"no twin of {name}") for name in node.input)
    return node.domain, node.op_type, tuple(attributes), tuple(inputs), len(node.output)


def _digests(model: onnx.ModelProto) -> dict[str, str]:
    """Of the constants, so that equal ones are known whatever they are called."""
    found = {}
    for item in model.graph.initializer:
        values = onnx.numpy_helper.to_array(item)
        digest = hashlib.sha256(values.tobytes()).hexdigest()
        found[item.name] = f"constant {values.dtype} {values.shape} {digest}"
    return found


def _share(template: onnx.ModelProto, rest: Collection[onnx.NodeProto]) -> float:
    """The share of the constants' bytes that need not be kept a second time."""
    sizes = {item.name: onnx.numpy_helper.to_array(item).nbytes for item in template.graph.initializer}
    kept = {name for node in rest for name in node.input} & sizes.keys()
    return 1.0 - sum(sizes[name] for name in kept) / max(sum(sizes.values()), 1)


def _with_outputs(model: onnx.ModelProto, names: Mapping[str, str]) -> onnx.ModelProto:
    """The graph with tensors under new names, as outputs where they were none."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    shapes = _shapes(model)
    given = {item.name for item in model.graph.output}
    for node in result.graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [names.get(name, name) for name in tensors]
    for old, new in names.items():
        if old not in given:
            result.graph.output.append(helper.make_tensor_value_info(new, onnx.TensorProto.FLOAT, shapes[old]))
    return result


def _with_sides(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with a symbolic batch and sides, in place."""
    image = model.graph.input[0].type.tensor_type.shape.dim
    for dim, name in zip((image[0], image[2], image[3]), (BATCH, SIDE, SIDE), strict=True):
        dim.dim_param = name
    for item in model.graph.output:
        dims = item.type.tensor_type.shape.dim
        dims[0].dim_param = BATCH
        for axis in range(2, len(dims)):
            dims[axis].dim_param = f"{item.name}_{axis}"
    onnx.checker.check_model(model, full_check=True)
    return model


def _remainder(
    template: onnx.ModelProto, nodes: Collection[onnx.NodeProto], names: Mapping[str, str]
) -> onnx.ModelProto:
    """What of the template graph is not shared; names of what it reads are those that the search graph gives."""
    shapes = _shapes(template)
    result = onnx.ModelProto()
    result.CopyFrom(template)
    graph = result.graph
    del graph.node[:], graph.input[:], graph.initializer[:]
    for node in nodes:
        node_here = graph.node.add()
        node_here.CopyFrom(node)
        node_here.input[:] = [names.get(name, name) for name in node.input]
    for item in graph.output:  # nothing of the template branch's own is left
        if item.name in names:
            graph.node.append(helper.make_node("Identity", [names[item.name]], [item.name]))
    read = {name for node in graph.node for name in node.input}
    graph.initializer.extend(item for item in template.graph.initializer if item.name in read)
    for new, old in {new: old for old, new in names.items()}.items():
        graph.input.append(helper.make_tensor_value_info(new, onnx.TensorProto.FLOAT, shapes[old]))
    onnx.checker.check_model(result, full_check=True)
    return result


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    tensors = (*graph.input, *graph.output, *graph.value_info)
    return {item.name: [dim.dim_value for dim in item.type.tensor_type.shape.dim] for item in tensors}
