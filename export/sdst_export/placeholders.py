"""Initializers that stand where a target's kernels go, and where their bytes lie in the file.

The runtime writes a kernel over these bytes and builds a session of the result ("baking"), with no need of onnx.
Until then they are NaN, so that a head that nobody baked cannot pass for one that was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from math import prod

import numpy as np
import onnx

from sdst_runtime.manifest import Placeholder

__all__ = ["bake", "serialize", "with_placeholders"]

ITEM_BYTES = 4  # float32


def with_placeholders(model: onnx.ModelProto, names: Collection[str]) -> onnx.ModelProto:
    """The graph with some of its float32 inputs turned into initializers, whose bytes :func:`serialize` finds.

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
        data = _marker(name, ITEM_BYTES * prod(shape))
        result.graph.initializer.append(
            onnx.TensorProto(name=name, dims=shape, data_type=onnx.TensorProto.FLOAT, raw_data=data)
        )
        result.graph.input.remove(inputs[name])
    onnx.checker.check_model(result, full_check=True)
    return result


def serialize(model: onnx.ModelProto, names: Collection[str] = ()) -> tuple[bytes, tuple[Placeholder, ...]]:
    """The bytes of the file, equal for equal graphs, and the placeholders in it, filled with NaN.

    Args:
        model: as :func:`with_placeholders` returns it for the same names.
        names: of the placeholders.
    """
    data = bytearray(model.SerializeToString(deterministic=True))
    initializers = {item.name: item for item in model.graph.initializer}
    found = []
    for name in names:
        shape = tuple(initializers[name].dims)
        length = ITEM_BYTES * prod(shape)
        marker = _marker(name, length)
        offset = data.find(marker)
        if offset < 0 or data.find(marker, offset + 1) >= 0:
            raise AssertionError(f"the bytes of {name} are not in the file exactly once")
        data[offset : offset + length] = np.full(shape, np.nan, np.float32).tobytes()
        found.append(Placeholder(name=name, offset=offset, length=length, shape=shape, dtype="float32"))
    return bytes(data), tuple(found)


def bake(data: bytes, placeholders: Collection[Placeholder], kernels: dict[str, np.ndarray]) -> bytes:
    """A copy of the file with kernels written over their placeholders.

    Args:
        data: of :func:`serialize`.
        placeholders: of :func:`serialize`.
        kernels: float32, by name, of the placeholders' shapes.
    """
    baked = bytearray(data)
    for item in placeholders:
        baked[item.offset : item.offset + item.length] = np.ascontiguousarray(kernels[item.name]).tobytes()
    return bytes(baked)


def _marker(name: str, length: int) -> bytes:
    """Bytes that occur nowhere else: pseudo-random, fixed by the name."""
    return hashlib.shake_256(name.encode()).digest(length)
