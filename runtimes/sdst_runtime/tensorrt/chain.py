"""What a TensorRT session runs for one size of the search region: search, correlate and tail, without leaving the GPU.

Every tensor has one address for as long as the session lives, so engines are bound once and a frame's work can be
captured into one CUDA graph: the upload, three engines, the downloads. Kernels have their place too, which the session
fills from a target's template when the target changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import BackendUnavailable, DeviceError
from sdst_runtime.manifest import Graph
from sdst_runtime.session import Outputs
from sdst_runtime.tensorrt.cuda import CudaBackend, Work
from sdst_runtime.tensorrt.engine import LoadedEngine
from sdst_runtime.tensorrt.memory import tensor_memory, tensors_of

__all__ = ["SearchChain"]

#: How far maps of the captured work may be from those of the plain, as a share of how far those of two search regions
#: are apart. The same kernels run, so that nothing but an order of sums may differ.
_MAX_CAPTURE_ERROR: Final = 0.05


class SearchChain:
    """From a search region to maps, for the kernels that are in their place.

    Attributes:
        shape: of the search region.
        outputs: maps in the order of ``TrackerConfig.outputs``, written by :meth:`run`.
        engines: in the order in which they run.
        captured: whether a frame is one CUDA graph.
    """

    def __init__(
        self,
        cuda: CudaBackend,
        steps: Sequence[tuple[LoadedEngine, Graph]],
        kernels: Mapping[str, int],
        config: TrackerConfig,
    ) -> None:
        """Allocates and binds all tensors.

        Args:
            cuda: the GPU.
            steps: engines with their graphs, in the order in which they run: search, correlate, tail.
            kernels: addresses of the correlation kernels by name.
            config: of this search size.
        """
        self._cuda = cuda
        self.engines = [engine for engine, _ in steps]
        self.shape = config.search_shape
        self.captured = False
        tensors = tensors_of(graph for _, graph in steps)
        memory = {**tensor_memory(cuda, (t for name, t in tensors.items() if name not in kernels)), **kernels}
        for engine in self.engines:
            engine.bind(memory)
        (x,) = steps[0][1].inputs
        self._x, self._x_address = cuda.pinned(x.shape), memory[x.name]
        self._maps = [(cuda.pinned(tensors[name].shape), memory[name]) for name in config.outputs]
        # Pinned memory goes with the session; what is handed out must not.
        self.outputs: Outputs = tuple(np.zeros(array.shape, np.float32) for array, _ in self._maps)
        self._launch: Work = self._enqueue

    def run(self, x: NDArray[np.float32]) -> None:
        """Runs one search region; returns when the maps are there.

        Args:
            x: of :attr:`shape`. Not kept.

        Raises:
            DeviceError: TensorRT or CUDA failed.
        """
        np.copyto(self._x, x)
        self._launch()
        self._cuda.wait()
        for output, (array, _) in zip(self.outputs, self._maps, strict=True):
            np.copyto(output, array)

    def capture(self, x: NDArray[np.float32], other: NDArray[np.float32]) -> str | None:
        """Captures a frame's work where that is possible, and the maps stay the same.

        To be called after :meth:`run`: TensorRT puts off part of its preparations to the first run, and these cannot be
        captured.

        Args:
            x: a search region whose maps are compared.
            other: another one, so that a graph that does nothing is seen.

        Returns:
            None, or why frames are queued piece by piece.
        """
        self.run(x)
        plain = [output.copy() for output in self.outputs]
        self.run(other)
        others = [output.copy() for output in self.outputs]
        try:
            self._launch = self._cuda.capture(self._enqueue)
            self.run(x)
        except (BackendUnavailable, DeviceError) as error:
            self._launch = self._enqueue
            return f"frames are queued engine by engine, without a CUDA graph: {error}"
        if not all(map(_same, self.outputs, plain, others)):
            self._launch = self._enqueue
            return "frames are queued engine by engine: the CUDA graph gave other maps"
        self.captured = True
        return None

    def close(self) -> None:
        """Lets go of pinned memory; the backend frees what is on the device, and who loaded the engines closes them."""
        self.engines, self._maps, self._x = [], [], np.zeros(0, np.float32)
        self._launch = self._enqueue

    def _enqueue(self) -> None:
        cuda = self._cuda
        cuda.upload(self._x_address, self._x)
        for engine in self.engines:
            engine.enqueue(cuda.stream)
        for array, address in self._maps:
            cuda.download(array, address)


def _same(captured: NDArray[np.float32], plain: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    if not (np.isfinite(plain).all() and np.isfinite(other).all()):  # a network that overflows does so in both
        return np.array_equal(captured, plain, equal_nan=True)
    return bool(np.abs(captured - plain).max() <= _MAX_CAPTURE_ERROR * np.abs(other - plain).max())
