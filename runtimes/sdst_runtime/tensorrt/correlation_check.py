"""Whether an engine of the correlations computes them: it is run once, and held against libsdst.

Whether TensorRT has a kernel for a depthwise convolution whose weights are an input depends on its version and on the
GPU. A form that is built is therefore tried before it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.kernels import xcorr_depthwise, xcorr_full, xcorr_pixelwise
from sdst_runtime.manifest import Correlation, Graph
from sdst_runtime.tensorrt.cuda import CudaBackend
from sdst_runtime.tensorrt.engine import LoadedEngine
from sdst_runtime.tensorrt.memory import tensor_memory

__all__ = ["MAX_CORRELATION_ERROR", "correlation_error"]

#: Largest difference that is taken, as a share of the largest response: float16 and TF32 keep 10 bits of a factor, and
#: sums in float16 lose up to some 1e-2 over thousands of products; another formula is off by about 1.
MAX_CORRELATION_ERROR: Final = 0.03

Arrays = Mapping[str, NDArray[np.float32]]


def correlation_error(
    cuda: CudaBackend, engine: LoadedEngine, graph: Graph, correlations: Sequence[Correlation]
) -> float:
    """``max |a - b| / max |b|`` over the responses to random features and kernels; infinite where one is not finite.

    Args:
        cuda: whose GPU runs the engine; to be called within its ``current()``.
        engine: of the graph.
        graph: features and kernels in, responses out.
        correlations: of the manifest.
    """
    numbers = np.random.default_rng(0)
    memory = tensor_memory(cuda, (*graph.inputs, *graph.outputs))
    arrays = {tensor.name: cuda.pinned(tensor.shape) for tensor in (*graph.inputs, *graph.outputs)}
    try:
        for tensor in graph.inputs:
            arrays[tensor.name][...] = numbers.standard_normal(tensor.shape, np.float32)
            cuda.upload(memory[tensor.name], arrays[tensor.name])
        engine.bind(memory)
        engine.enqueue(cuda.stream)
        for tensor in graph.outputs:
            cuda.download(arrays[tensor.name], memory[tensor.name])
        cuda.wait()
        return max(_error(arrays, item) for item in correlations)
    finally:
        for address in memory.values():
            cuda.free(address)


def _error(arrays: Arrays, correlation: Correlation) -> float:
    wanted, got = _correlate(arrays, correlation), arrays[correlation.response]
    error = float(np.abs(got - wanted).max() / np.abs(wanted).max())
    return error if np.isfinite(error) else float("inf")


def _correlate(arrays: Arrays, correlation: Correlation) -> NDArray[np.float32]:
    kernel, batch = arrays[correlation.kernel], arrays[correlation.search]
    if correlation.kind == "depthwise":
        return np.stack([xcorr_depthwise(search, kernel[:, 0], pad=correlation.padding) for search in batch])
    if correlation.kind == "pixelwise":
        return np.stack([xcorr_pixelwise(search, kernel[:, :, 0, 0]) for search in batch])
    return np.stack([xcorr_full(search, kernel) for search in batch])
