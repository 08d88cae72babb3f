"""Initializers that stand where a target's kernels go, and where their bytes lie in the file.

A kernel is a constant of float32, float16 or int8; an int8 one has a scale per item of its first axis beside it. All
are filled with bytes that occur nowhere else, found in the file, and then overwritten: kernels with NaN, or 0 in int8,
and scales with NaN, so that a head that nobody baked gives no numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from sdst_runtime.manifest import Placeholder

__all__ = ["serialize", "with_placeholders"]

_SALTS = 8  # a marker of few bytes may occur by chance


def with_placeholders(model: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """A copy of the graph in which some of its float32 inputs are initializers of ones.

    Args:
        model: simplified already, since constants would be folded away. Not modified.
        names: of the inputs.

    Raises:
        ValueError: one of them is no input.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    inputs = {item.name: item for item in result.graph.input}
    for name in names:
        if name not in inputs:
            raise ValueError(f"{name} is no input of the graph; its inputs are {', '.join(inputs)}")
        shape = [dim.dim_value for dim in inputs[name].type.tensor_type.shape.dim]
        result.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(shape, np.float32), name))
        result.graph.input.remove(inputs[name])
    return result


def serialize(model: onnx.ModelProto, scales: Mapping[str, str | None]) -> tuple[bytes, tuple[Placeholder, ...]]:
    """The bytes of the file, equal for equal graphs, and the placeholders in it.

    Args:
        model: in which kernels are initializers, as :func:`with_placeholders` makes them. Not modified.
        scales: by name of a kernel, the name of the initializer of its scales, float32 (K,); None for one in float.
    """
    marked = onnx.ModelProto()
    marked.CopyFrom(model)
    names = [name for pair in scales.items() for name in pair if name is not None]
    tensors = {item.name: item for item in marked.graph.initializer if item.name in names}
    for salt in range(_SALTS):
        markers = {name: _mark(tensors[name], salt) for name in names}
        data = bytearray(marked.SerializeToString(deterministic=True))
        if all(data.count(marker) == 1 for marker in markers.values()):
            break
    else:
        raise AssertionError(f"the bytes of {', '.join(names)} are not in the file exactly once")
    offsets = {name: data.find(marker) for name, marker in markers.items()}
    for name, offset in offsets.items():
        blank = _blank(tensors[name]).tobytes()
        data[offset : offset + len(blank)] = blank
    return bytes(data), tuple(_placeholder(tensors[name], offsets, scale) for name, scale in scales.items())


def _mark(tensor: onnx.TensorProto, salt: int) -> bytes:
    """Fills a tensor with pseudo-random bytes, fixed by its name."""
    marker = hashlib.shake_256(f"{salt} {tensor.name}".encode()).digest(_blank(tensor).nbytes)
    for field in ("float_data", "int32_data"):
        tensor.ClearField(field)
    tensor.raw_data = marker
    return marker


def _blank(tensor: onnx.TensorProto) -> NDArray[Any]:
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    return np.full(tuple(tensor.dims), 0 if dtype == np.int8 else np.nan, dtype)


def _placeholder(tensor: onnx.TensorProto, offsets: Mapping[str, int], scale: str | None) -> Placeholder:
    blank = _blank(tensor)
    return Placeholder(
        name=tensor.name,
        offset=offsets[tensor.name],
        length=blank.nbytes,
        shape=tuple(tensor.dims),
        dtype=blank.dtype.name,
        scale_offset=None if scale is None else offsets[scale],
    )
