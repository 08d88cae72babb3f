"""The ONNX files of a variant, before its precision: one for each graph, or fewer where graphs share layers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import onnx
from onnx import helper

from sdst_export.float_graphs import FloatGraphs
from sdst_export.shared_trunk import BATCH, SIDE, SharedTrunk, share_trunk
from sdst_runtime.config import TrackerConfig
from sdst_runtime.manifest import Graph, GraphRole, Placeholder, Tensor

__all__ = ["GraphFile", "Use", "describe", "graph_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What one graph of a variant takes from a file and gives; ``dims`` fix the file's symbolic dimensions."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    dims: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFile:
    """One file to be.

    Attributes:
        name: without its ending.
        model: float32, kernels as inputs. Not to be modified.
        uses: by role.
        kernels: names of inputs that are to be placeholders.
    """

    name: str
    model: onnx.ModelProto
    uses: Mapping[GraphRole, Use]
    kernels: tuple[str, ...] = ()


def graph_files(graphs: FloatGraphs, roles: Sequence[GraphRole], *, shared: bool) -> tuple[GraphFile, ...]:
    """The files of a variant.

    Args:
        graphs: of the network.
        roles: of the graphs, in the order in which a bundle lists them.
        shared: whether layers that template and search have in common are kept once, in a file with symbolic sides,
            as ONNX Runtime takes it. Where they have too little in common, they have a file each anyway.
    """
    trunk = share_trunk(graphs.model("template"), graphs.model("search")) if shared else None
    if trunk is None:
        return tuple(_file(graphs, role) for role in roles)
    template = _tensors(trunk.template.graph.input), _tensors(graphs.model("template").graph.output)
    first = GraphFile(name="search", model=trunk.search, uses=_shared_uses(graphs, trunk, roles))
    second = GraphFile(
        name="template", model=trunk.template, uses={"template": Use(inputs=template[0], outputs=template[1])}
    )
    return (first, second, *(_file(graphs, role) for role in roles if role != "template" and role not in first.uses))


def describe(
    file: GraphFile, data: bytes, folder: str, placeholders: tuple[Placeholder, ...]
) -> dict[GraphRole, Graph]:
    """The manifest's entries of a file, by role.

    Args:
        file: as it was before its precision.
        data: as it is written.
        folder: of the variant, with forward slashes.
        placeholders: in ``data``.
    """
    return {
        role: Graph(
            file=f"{folder}/{file.name}.onnx",
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            inputs=use.inputs,
            outputs=use.outputs,
            placeholders=placeholders,
            dims=use.dims,
        )
        for role, use in file.uses.items()
    }


def _file(graphs: FloatGraphs, role: GraphRole) -> GraphFile:
    model = graphs.model(role)
    kernels = graphs.kernels(role) if role in ("head", "head_small", "mask") else ()
    inputs = tuple(item for item in _tensors(model.graph.input) if item.name not in kernels)
    return GraphFile(
        name=role, model=model, uses={role: Use(inputs=inputs, outputs=_tensors(model.graph.output))}, kernels=kernels
    )


def _shared_uses(graphs: FloatGraphs, trunk: SharedTrunk, roles: Sequence[GraphRole]) -> dict[GraphRole, Use]:
    config, small = graphs.config, graphs.config.for_small_target()
    x = graphs.model("search").graph.input[0].name
    crop = Tensor(name=x, shape=config.template_shape, dtype="float32")
    given = _tensors(trunk.template.graph.input)
    uses: dict[GraphRole, Use] = {"trunk": Use(inputs=(crop,), outputs=given, dims=_dims(config.template_shape))}
    sizes: tuple[tuple[GraphRole, TrackerConfig | None], ...] = (("search", config), ("search_small", small))
    for role, each in sizes:
        if each is not None and role in roles and _same_layers(graphs, role):
            graph = graphs.model(role).graph
            uses[role] = Use(
                inputs=_tensors(graph.input), outputs=_tensors(graph.output), dims=_dims(each.search_shape)
            )
    return uses


def _same_layers(graphs: FloatGraphs, role: GraphRole) -> bool:
    """Whether the graph does what the search graph does, on another size."""
    one, other = graphs.model("search"), graphs.model(role)
    return list(one.graph.node) == list(other.graph.node) and list(one.graph.initializer) == list(
        other.graph.initializer
    )


def _dims(shape: tuple[int, ...]) -> dict[str, int]:
    return {BATCH: shape[0], SIDE: shape[2]}


def _tensors(items: Iterable[onnx.ValueInfoProto]) -> tuple[Tensor, ...]:
    return tuple(_tensor(item.name, item.type.tensor_type) for item in items)


def _tensor(name: str, kind: onnx.TypeProto.Tensor) -> Tensor:
    dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type).name
    return Tensor(name=name, shape=tuple(dim.dim_value for dim in kind.shape.dim), dtype=dtype)
