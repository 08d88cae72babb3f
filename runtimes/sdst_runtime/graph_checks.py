"""What a manifest must say of one graph, given what surrounds it; :mod:`sdst_runtime.consistency` knows what does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from sdst_runtime.byte_crops import byte_shape
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import EngineName, Graph, GraphRole, Placeholder, Tensor

__all__ = [
    "by_name",
    "check_crops_alike",
    "check_engine",
    "check_input",
    "check_known",
    "check_maps",
    "check_mask_output",
    "check_placeholders",
    "check_size",
    "check_tensors",
]

_MAX_GRAPH_BYTES = 2**31 - 1  # what protobuf, and so ONNX, allows
_MAX_TENSOR_VALUES = 1 << 26  # more than the largest input of a tracker, 3 x 4096 x 4096
_MAX_SIDE = 1 << 26  # of a symbolic dimension, so that engines can hold it
_KERNEL_DTYPES = ("float32", "float16", "int8")
_BAKED_ROLES: tuple[GraphRole, ...] = ("head", "head_small", "mask")
_CROP_ROLES: tuple[GraphRole, ...] = ("trunk", "template", "search", "search_small")


def by_name(tensors: Iterable[Tensor]) -> dict[str, Tensor]:
    """Tensors by their names, which :func:`check_tensors` has found to differ."""
    return {tensor.name: tensor for tensor in tensors}


def check_tensors(graph: Graph, role: GraphRole, where: str) -> None:
    """Checks what holds of any graph: its size, names, dtypes and sides, and that only heads have placeholders.

    Raises:
        ManifestError: one of these is not so. So do the other functions here.
    """
    if not 0 < graph.size_bytes <= _MAX_GRAPH_BYTES:
        raise ManifestError(f"{where}.size_bytes is {graph.size_bytes}, expected 1 to {_MAX_GRAPH_BYTES}")
    names = [tensor.name for tensor in (*graph.inputs, *graph.outputs)]
    if len(set(names)) != len(names):
        raise ManifestError(f"{where}: a name of an input or output occurs twice: {', '.join(sorted(names))}")
    for tensor in (*graph.inputs, *graph.outputs):
        dtype = "int64" if (role, tensor.name) == ("mask", "cell") else "float32"
        is_crop = tensor.dtype == "uint8" and role in _CROP_ROLES and tensor in graph.inputs
        if (tensor.dtype != dtype and not is_crop) or not tensor.shape or min(tensor.shape) < 1:
            raise ManifestError(
                f"{where}: {tensor.name} is {tensor.dtype} {tensor.shape}, this runtime takes {dtype} of positive sides"
            )
        check_size(tensor, where)
    if wrong := {name: size for name, size in graph.dims.items() if not (name.isascii() and 0 < size <= _MAX_SIDE)}:
        raise ManifestError(f"{where}.dims are {wrong}, expected ASCII names of numbers from 1 to {_MAX_SIDE}")
    if graph.placeholders and role not in _BAKED_ROLES:
        raise ManifestError(f"{where} has placeholders, only {', '.join(_BAKED_ROLES)} may")


def check_engine(graphs: Mapping[GraphRole, Graph], engine: EngineName, where: str) -> None:
    """Checks that there is nothing that the sessions of an engine would not run, or not run right."""
    if engine != "onnxruntime":
        _check_no_bytes(graphs, engine, where)
    if engine not in ("openvino", "ncnn"):
        return
    if extra := [role for role in ("trunk", "mask") if role in graphs]:
        raise ManifestError(f"{where} has the graph {extra[0]!r}, which {engine} does not run")
    if symbolic := [role for role, graph in graphs.items() if graph.dims]:
        raise ManifestError(f"{where}.{symbolic[0]} has dims, which are for ONNX graphs, and not {engine}'s")


def _check_no_bytes(graphs: Mapping[GraphRole, Graph], engine: EngineName, where: str) -> None:
    for role, graph in graphs.items():
        if any(tensor.dtype == "uint8" for tensor in graph.inputs):
            raise ManifestError(f"{where}.{role} begins with bytes, which is for onnxruntime, and not for {engine}")


def check_crops_alike(graphs: Mapping[GraphRole, Graph], where: str) -> None:
    """Checks that all graphs that begin with a crop take bytes, or all floats: a tracker hands over one kind."""
    first: GraphRole = "trunk" if "trunk" in graphs else "template"
    kinds = {role: graphs[role].inputs[0].dtype for role in (first, *_CROP_ROLES[2:]) if role in graphs}
    if len(set(kinds.values())) > 1:
        listed = ", ".join(f"{kind} in {role}" for role, kind in kinds.items())
        raise ManifestError(f"{where}: crops are {listed}; expected the same in all")


def check_size(tensor: Tensor, where: str) -> None:
    """Checks that a tensor can be allocated."""
    if math.prod(tensor.shape) > _MAX_TENSOR_VALUES:
        raise ManifestError(
            f"{where}: {tensor.name} is {tensor.shape}, this runtime takes tensors of at most {_MAX_TENSOR_VALUES} "
            "values"
        )


def check_input(graph: Graph, shape: tuple[int, int, int, int], where: str) -> None:
    """Checks that there is one input: a crop of that shape, or the bytes that go with it.

    Args:
        graph: that begins with a crop.
        shape: of floats, (B, 3, H, W).
        where: name of the graph in messages.
    """
    shapes = [tensor.shape for tensor in graph.inputs]
    as_bytes = any(tensor.dtype == "uint8" for tensor in graph.inputs)
    wanted = byte_shape(shape) if as_bytes else shape
    if shapes != [wanted]:
        kind = " as bytes" if as_bytes else ""
        raise ManifestError(f"{where}: inputs are {shapes}, the tracker gives one of {wanted}{kind}")


def check_known(inputs: Iterable[Tensor], known: dict[str, Tensor], where: str, what: str) -> None:
    """Checks that inputs are among tensors that are known, with the same dtypes and shapes."""
    for tensor in inputs:
        if tensor.name not in known:
            raise ManifestError(f"{where}: input {tensor.name!r} is not {what}; these are {', '.join(known)}")
        given = known[tensor.name]
        if tensor.dtype != given.dtype:
            raise ManifestError(f"{where}: input {tensor.name} is {tensor.dtype}, it gets {given.dtype}")
        if tensor.shape != given.shape:
            raise ManifestError(f"{where}: input {tensor.name} is {tensor.shape}, it gets {given.shape}")


def check_maps(graph: Graph, config: TrackerConfig, where: str) -> None:
    """Checks that outputs are those that the tracker decodes, in any order."""
    wanted = dict(config.outputs)
    got = {tensor.name: tensor.shape for tensor in graph.outputs}
    if got != wanted:
        raise ManifestError(f"{where}: outputs are {got}, the tracker wants {wanted}")


def check_mask_output(graph: Graph, where: str) -> None:
    """Checks that there is one output ``mask`` (1, 1, side, side)."""
    got = {tensor.name: tensor.shape for tensor in graph.outputs}
    side = max(got.get("mask", (0,)))
    if got != {"mask": (1, 1, side, side)}:
        raise ManifestError(f"{where}: outputs are {got}, expected one, mask (1, 1, side, side)")


def check_placeholders(graph: Graph, kernels: dict[str, Tensor], where: str) -> None:
    """Checks that there is a placeholder for each kernel, within the file, and without overlap."""
    names = [placeholder.name for placeholder in graph.placeholders]
    if sorted(names) != sorted(kernels):
        raise ManifestError(
            f"{where}: placeholders are {', '.join(names) or 'none'}, expected one for each of {', '.join(kernels)}"
        )
    spans: list[tuple[int, int, str]] = []
    for item in graph.placeholders:
        name = f"{where}.placeholders.{item.name}"
        _check_placeholder(item, kernels[item.name], name)
        spans.append((item.offset, item.offset + item.length, name))
        if item.scale_offset is not None:
            spans.append((item.scale_offset, item.scale_offset + 4 * item.shape[0], f"{name}, its scales,"))
    end = 0
    for start, stop, name in sorted(spans):
        if start < end or stop > graph.size_bytes:
            raise ManifestError(
                f"{name} is at bytes {start} to {stop}, expected in {end} to {graph.size_bytes}, without overlap"
            )
        end = stop


def _check_placeholder(placeholder: Placeholder, kernel: Tensor, where: str) -> None:
    if placeholder.dtype not in _KERNEL_DTYPES:
        raise ManifestError(
            f"{where} is {placeholder.dtype}, this runtime writes kernels in {', '.join(_KERNEL_DTYPES)}; "
            "update sdst-edge"
        )
    if (placeholder.scale_offset is None) == (placeholder.dtype == "int8"):
        raise ManifestError(
            f"{where} is {placeholder.dtype} with scales at {placeholder.scale_offset}, expected scales of int8 "
            "kernels, and of no others"
        )
    if placeholder.shape != kernel.shape:
        raise ManifestError(f"{where} is {placeholder.shape}, the template graph gives {kernel.shape}")
    length = math.prod(placeholder.shape) * np.dtype(placeholder.dtype).itemsize
    if placeholder.length != length:
        raise ManifestError(f"{where}.length is {placeholder.length}, expected {length} for {placeholder.shape}")
