"""Device memory for named tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from sdst_runtime.manifest import Graph, Tensor
from sdst_runtime.tensorrt.cuda import CudaBackend

__all__ = ["Block", "size_of", "tensor_memory", "tensors_of"]

_FLOAT_BYTES = 4
_ALIGNMENT = 256  # of what CUDA allocates, and so of what engines are given


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Where tensors lie in one piece of memory.

    Attributes:
        offsets: by name.
        size_bytes: of the piece.
    """

    offsets: dict[str, int]
    size_bytes: int

    @classmethod
    def of(cls, tensors: Iterable[Tensor]) -> Block:
        """One behind the other, each aligned."""
        offsets, end = {}, 0
        for tensor in tensors:
            offsets[tensor.name] = end
            end += -(-size_of(tensor) // _ALIGNMENT) * _ALIGNMENT
        return cls(offsets=offsets, size_bytes=end)


def size_of(tensor: Tensor) -> int:
    """Bytes of a float32 tensor."""
    return _FLOAT_BYTES * prod(tensor.shape)


def tensor_memory(cuda: CudaBackend, tensors: Iterable[Tensor]) -> dict[str, int]:
    """Addresses of new memory by name; it is freed with the backend, or one by one."""
    return {tensor.name: cuda.allocate(size_of(tensor)) for tensor in tensors}


def tensors_of(graphs: Iterable[Graph]) -> dict[str, Tensor]:
    """Inputs and outputs of graphs by name; a name means the same tensor in all of them."""
    return {tensor.name: tensor for graph in graphs for tensor in (*graph.inputs, *graph.outputs)}
