"""Tensors of a file of ``torch.save``, made from the calls that its pickle holds, and from those alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import torch
from torch import Tensor

from sdst_edge.models.foreign.pickle_names import Call, Global
from sdst_edge.models.foreign.pickles import Reference
from sdst_runtime.errors import CheckpointError

__all__ = ["ReadStorage", "Storage", "TorchFile", "storage_of"]

MAX_DIMENSIONS = 8
MAX_KEY = 100  # characters; torch's have up to 20
MAX_SIZE = 2**40  # of one dimension, and of an offset
MAX_VALUES = 2**62
MAKES_TENSOR = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
MAKES_PARAMETER = "torch._utils._rebuild_parameter"

DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}


@dataclass(frozen=True, slots=True)
class Storage:
    """The values behind a tensor, or behind several: their type, and their name in the file."""

    dtype: torch.dtype
    key: str


#: From the key of a storage to its bytes; raises CheckpointError where they are missing or damaged.
ReadStorage: TypeAlias = Callable[[str], bytes]


def storage_of(reference: Reference) -> Storage | None:
    """The storage that a pickle refers to; None for a kind that holds no plain numbers.

    Raises:
        CheckpointError: the reference is damaged.
    """
    named = reference.to
    if not isinstance(named, tuple) or len(named) < 5 or named[0] != "storage" or not isinstance(named[2], str):
        raise CheckpointError("is damaged: a tensor without values")
    kind, key, views = named[1], named[2], named[5:]
    if len(key) > MAX_KEY:
        raise CheckpointError("is damaged: a tensor without values")
    if not isinstance(kind, Global) or kind.package != "torch" or kind.name not in DTYPES or any(views):
        return None
    return Storage(DTYPES[kind.name], key)


class TorchFile:
    """What a file of ``torch.save`` holds, and its tensors on demand.

    Args:
        content: as :func:`read_pickle` returns it; tensors are calls.
        read_storage: of the file, which stays open as long as tensors are asked for.
    """

    def __init__(self, content: object, read_storage: ReadStorage) -> None:
        self.content = content
        self._read_storage = read_storage
        self._bytes: dict[str, bytearray] = {}

    def tensor(self, value: object) -> Tensor | None:
        """The tensor that a call makes; None where it makes none, or none of plain numbers, such as a sparse one.

        Raises:
            CheckpointError: its values are missing, or fewer than it claims.
        """
        if isinstance(value, Call) and str(value.function) == MAKES_PARAMETER and value.arguments:
            value = value.arguments[0]
        if not isinstance(value, Call) or str(value.function) not in MAKES_TENSOR:
            return None
        reference, offset, size, stride = (*value.arguments, None, None, None, None)[:4]
        if not isinstance(reference, Reference):
            raise CheckpointError("is damaged: a tensor without values")
        storage = storage_of(reference)
        if storage is None:
            return None
        return _view(self._values(storage), offset, _sizes(size), _sizes(stride))

    def _values(self, storage: Storage) -> Tensor:
        """All values of a storage, (N,)."""
        if storage.key not in self._bytes:
            self._bytes[storage.key] = bytearray(self._read_storage(storage.key))
        data = self._bytes[storage.key]
        count = len(data) // storage.dtype.itemsize
        if not count:
            return torch.empty(0, dtype=storage.dtype)
        return torch.frombuffer(data, dtype=storage.dtype, count=count)


def _view(values: Tensor, offset: object, shape: tuple[int, ...] | None, strides: tuple[int, ...] | None) -> Tensor:
    """A tensor over flat values, after checking that it stays within them."""
    starts = _sizes((offset,))
    if shape is None or strides is None or starts is None or len(shape) != len(strides):
        raise CheckpointError("is damaged: a tensor without a shape")
    last = starts[0] + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if prod(shape) and last >= len(values):
        raise CheckpointError(f"is damaged: a tensor of shape {shape} has only {len(values)} values in the file")
    return values.as_strided(shape, strides, starts[0] if prod(shape) else 0)


def _sizes(value: object) -> tuple[int, ...] | None:
    """A shape, or strides; None for what no tensor has."""
    if isinstance(value, Call) and str(value.function) == "torch.Size" and value.arguments:
        value = value.arguments[0]
    if not isinstance(value, tuple | list) or len(value) > MAX_DIMENSIONS:
        return None
    sizes = tuple(int(item) for item in value if isinstance(item, int) and 0 <= item < MAX_SIZE)  # torch takes no bool
    return sizes if len(sizes) == len(value) and prod(sizes) < MAX_VALUES else None
