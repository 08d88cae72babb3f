"""CUDA through cuda-python: the runtime API, whose primary context every library in the process shares.

Names and signatures were checked with cuda-bindings 13.5 and 12.9 and cuda-python 12.2, without a GPU.
Not verified on hardware.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import BackendUnavailable, DeviceError
from sdst_runtime.tensorrt.cuda import CudaDevice, Work

__all__ = ["CudaPythonBackend"]

_MODULES = ("cuda.bindings.runtime", "cuda.cudart")  # since 12.6, and before


class CudaPythonBackend:
    """See :class:`sdst_runtime.tensorrt.cuda.CudaBackend`."""

    name = "cuda-python"

    def __init__(self, device: int = 0) -> None:
        """Opens a GPU.

        Args:
            device: its index.

        Raises:
            BackendUnavailable: cuda-python is not installed.
            DeviceError: there is no such GPU, or its driver does not answer.
        """
        self._cuda = _import_runtime()
        self._index = device
        self._memory: set[int] = set()
        self._pinned: list[int] = []
        self._graphs: list[Any] = []
        self._stream: Any = None
        count = self._call("cudaGetDeviceCount")
        if device >= count:
            raise DeviceError(f"GPU {device} does not exist, CUDA finds {count}; choose one below that")
        with self.current():
            self._stream = self._call("cudaStreamCreateWithFlags", self._cuda.cudaStreamNonBlocking)
            self.device = self._describe()

    @property
    def stream(self) -> int:
        """Handle of the stream."""
        return int(self._stream)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Chooses the GPU for the calling thread, and afterwards the one that was chosen before."""
        before = self._call("cudaGetDevice")
        if before == self._index:
            yield
            return
        self._call("cudaSetDevice", self._index)
        try:
            yield
        finally:
            self._call("cudaSetDevice", before)

    def allocate(self, size_bytes: int) -> int:
        """Address of new memory."""
        address = int(self._call("cudaMalloc", size_bytes))
        self._memory.add(address)
        return address

    def free(self, address: int) -> None:
        """Frees what :meth:`allocate` gave."""
        self._memory.remove(address)
        self._call("cudaFree", address)

    def pinned(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A zeroed array in page-locked memory."""
        count = prod(shape)
        address = int(self._call("cudaMallocHost", 4 * count))
        self._pinned.append(address)
        array = np.ctypeslib.as_array((ctypes.c_float * count).from_address(address)).reshape(shape)
        array.fill(0)
        return array

    def upload(self, address: int, array: NDArray[np.float32]) -> None:
        """Queues a copy to the device."""
        self._copy(address, array.ctypes.data, array.nbytes, "cudaMemcpyHostToDevice")

    def download(self, array: NDArray[np.float32], address: int) -> None:
        """Queues a copy from the device."""
        self._copy(array.ctypes.data, address, array.nbytes, "cudaMemcpyDeviceToHost")

    def copy(self, target: int, source: int, size_bytes: int) -> None:
        """Queues a copy within the device."""
        self._copy(target, source, size_bytes, "cudaMemcpyDeviceToDevice")

    def wait(self) -> None:
        """Returns when the stream is empty."""
        self._call("cudaStreamSynchronize", self._stream)

    def capture(self, work: Work) -> Work:
        """What launches the work as a CUDA graph."""
        # Of this thread alone: others may go on allocating meanwhile.
        mode = self._cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call("cudaStreamBeginCapture", self._stream, mode)
        try:
            work()
        except BaseException:
            self._cuda.cudaStreamEndCapture(self._stream)  # fails too, and ends the capture
            self._cuda.cudaGetLastError()
            raise
        graph = self._call("cudaStreamEndCapture", self._stream)
        try:
            launched = self._call("cudaGraphInstantiateWithFlags", graph, 0)
        finally:
            self._call("cudaGraphDestroy", graph)
        self._graphs.append(launched)
        return lambda: self._call("cudaGraphLaunch", launched, self._stream)

    def close(self) -> None:
        """Frees everything."""
        if self._stream is None:
            return
        with self.current():
            for graph in self._graphs:
                self._cuda.cudaGraphExecDestroy(graph)
            for address in self._memory:
                self._cuda.cudaFree(address)
            for address in self._pinned:
                self._cuda.cudaFreeHost(address)
            self._cuda.cudaStreamDestroy(self._stream)
        self._graphs, self._memory, self._pinned, self._stream = [], set(), [], None

    def _copy(self, target: int, source: int, size_bytes: int, kind: str) -> None:
        kinds = self._cuda.cudaMemcpyKind
        self._call("cudaMemcpyAsync", target, source, size_bytes, getattr(kinds, kind), self._stream)

    def _describe(self) -> CudaDevice:
        properties = self._call("cudaGetDeviceProperties", self._index)
        name = properties.name.decode(errors="replace").strip("\0 ")
        driver, runtime = self._call("cudaDriverGetVersion"), self._call("cudaRuntimeGetVersion")
        return CudaDevice(
            name=name,
            compute_capability=f"{properties.major}.{properties.minor}",
            driver=_version(driver),
            runtime=_version(runtime),
        )

    def _call(self, function: str, *arguments: Any) -> Any:
        """Result of a function of CUDA; its status is checked."""
        try:
            status, *results = getattr(self._cuda, function)(*arguments)
        except RuntimeError as error:  # older ones find the driver's library at the first call
            raise DeviceError(f"CUDA does not answer: {function}: {error}; is there a GPU with its driver?") from None
        if status != self._cuda.cudaError_t.cudaSuccess:
            raise DeviceError(_failure(function, status))
        return results[0] if results else None


def _failure(function: str, status: Any) -> str:
    name = status.name  # an enum's, which needs no driver to be asked
    hints = {
        "cudaErrorNoDevice": "there is no GPU; TensorRT sessions need an NVIDIA one",
        "cudaErrorInsufficientDriver": "there is no NVIDIA driver, or one too old for this cuda-python; install a "
        "driver, or the cuda-python of your CUDA's major version",
        "cudaErrorMemoryAllocation": "the GPU's memory is full; close other programs, or track fewer targets",
    }
    return f"CUDA: {function} failed with {name}: {hints.get(name, 'see its documentation')}"


def _import_runtime() -> Any:
    reasons = []
    for module in _MODULES:
        try:
            return importlib.import_module(module)
        except ImportError as error:
            reasons.append(str(error))
    raise BackendUnavailable(
        f"cuda-python cannot be imported ({'; '.join(reasons)}); pip install 'cuda-python==12.*', with your CUDA's "
        "major version in place of 12"
    )


def _version(number: int) -> str:
    """CUDA's 12060 as ``12.6``."""
    return f"{number // 1000}.{number % 1000 // 10}"
