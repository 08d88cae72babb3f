"""Small ncnn graphs written by hand, and whether ncnn finds a GPU here."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from functools import cache
from math import prod

import numpy as np

from sdst_runtime.manifest import Graph, Tensor

__all__ = ["entry", "gpu_count", "product_graph", "structure", "weights_of"]

#: A GPU is looked for in a process of its own: a broken driver ends the process that asks.
_PROBE = "import ncnn; print(ncnn.get_gpu_count())"


@cache
def gpu_count() -> int:
    """Vulkan devices that ncnn finds, 0 where it is not installed."""
    if importlib.util.find_spec("ncnn") is None:
        return 0
    done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True)
    return int(done.stdout.split()[-1]) if done.returncode == 0 and done.stdout.strip() else 0


def structure(*layers: str) -> bytes:
    """The text of a graph whose blobs are as many as its layers."""
    return "\n".join(["7767517", f"{len(layers)} {len(layers)}", *layers, ""]).encode()


def product_graph(items: int, side: int) -> tuple[bytes, Graph]:
    """A kernel (4, 6) times the cells of each of several maps (6, side, side): what a 1 x 1 correlation is."""
    model = structure(
        f"Input x 0 1 x 0={side} 1={side} 2=6",
        "Input kernel 0 1 kernel 0=6 1=4",
        f"Reshape flat 1 1 x flat 0={side * side} 1=6",
        "Gemm product 2 1 kernel flat product",
        f"Reshape maps 1 1 product score 0={side} 1={side} 2=4",
    )
    return model, entry(
        model,
        {"x": (items, 6, side, side), "kernel": (4, 6, 1, 1)},
        {"score": (items, 4, side, side)},
    )


def entry(model: bytes, inputs: dict[str, tuple[int, ...]], outputs: dict[str, tuple[int, ...]]) -> Graph:
    """What a manifest says of a graph."""
    tensors = [
        tuple(Tensor(name=name, shape=shape, dtype="float32") for name, shape in group.items())
        for group in (inputs, outputs)
    ]
    return Graph(
        file="ncnn/fp32/match.param",
        sha256=hashlib.sha256(model).hexdigest(),
        size_bytes=len(model),
        inputs=tensors[0],
        outputs=tensors[1],
    )


def weights_of(*shapes: tuple[int, ...], seed: int = 0) -> tuple[bytes, list[np.ndarray]]:
    """Weights of convolutions without bias, as a ``.bin`` has them in float32, and the same as arrays."""
    generator = np.random.default_rng(seed)
    arrays = [generator.normal(0, prod(shape[1:]) ** -0.5, shape).astype(np.float32) for shape in shapes]
    return b"".join(bytes(4) + array.astype("<f4").tobytes() for array in arrays), arrays
