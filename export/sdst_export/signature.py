"""What the manifest says of a serialised graph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import onnx
from onnx import helper

from sdst_runtime.manifest import Graph, Placeholder, Tensor

__all__ = ["describe"]


def describe(model: onnx.ModelProto, data: bytes, *, file: str, placeholders: tuple[Placeholder, ...]) -> Graph:
    """The manifest's entry of a graph.

    Args:
        model: with static shapes.
        data: the model as it is written.
        file: path in the bundle, with forward slashes.
        placeholders: in ``data``.
    """
    return Graph(
        file=file,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        inputs=_tensors(model.graph.input),
        outputs=_tensors(model.graph.output),
        placeholders=placeholders,
    )


def _tensors(items: Iterable[onnx.ValueInfoProto]) -> tuple[Tensor, ...]:
    return tuple(_tensor(item.name, item.type.tensor_type) for item in items)


def _tensor(name: str, kind: onnx.TypeProto.Tensor) -> Tensor:
    dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type).name
    return Tensor(name=name, shape=tuple(dim.dim_value for dim in kind.shape.dim), dtype=dtype)
