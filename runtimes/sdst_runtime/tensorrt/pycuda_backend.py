"""CUDA through pycuda: the device's primary context, retained once and pushed and popped around every call.

So other users of CUDA in the process share it, and no context is left on a thread's stack. pycuda (2026.1) captures no
CUDA graphs. Names and signatures were checked with its source. Not verified on hardware.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import BackendUnavailable, DeviceError
from sdst_runtime.tensorrt.cuda import CudaDevice, Work

__all__ = ["PycudaBackend"]

_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING; pycuda has no name for it


class PycudaBackend:
    """See :class:`sdst_runtime.tensorrt.cuda.CudaBackend`."""

    name = "pycuda"

    def __init__(self, device: int = 0) -> None:
        """Opens a GPU.

        Args:
            device: its index.

        Raises:
            BackendUnavailable: pycuda is not installed, or finds no driver's library.
            DeviceError: there is no such GPU, or its driver does not answer.
        """
        self._cuda = _import_driver()
        self._memory: dict[int, Any] = {}
        self._pinned: list[NDArray[np.float32]] = []
        self._context: Any = None
        self._stream: Any = None
        try:
            self._cuda.init()
            count = self._cuda.Device.count()
            if device >= count:
                raise DeviceError(f"GPU {device} does not exist, CUDA finds {count}; choose one below that")
            gpu = self._cuda.Device(device)
            self._context = gpu.retain_primary_context()
        except self._cuda.Error as error:
            raise DeviceError(f"CUDA does not answer: {error}; is there a GPU with its driver?") from None
        try:
            with self.current():
                self._stream = self._cuda.Stream(_NON_BLOCKING)
            self.device = self._describe(gpu)
        except BaseException:
            self.close()
            raise

    @property
    def stream(self) -> int:
        """Handle of the stream."""
        return int(self._stream.handle)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Pushes the primary context, and pops it at the end whatever happened; CUDA's failures become ours."""
        try:
            self._context.push()
            try:
                yield
            finally:
                self._cuda.Context.pop()
        except self._cuda.Error as error:
            full = "; close other programs, or track fewer targets" if "out of memory" in str(error) else ""
            raise DeviceError(f"CUDA: {error}{full}") from error

    def allocate(self, size_bytes: int) -> int:
        """Address of new memory."""
        memory = self._cuda.mem_alloc(size_bytes)
        self._memory[int(memory)] = memory
        return int(memory)

    def free(self, address: int) -> None:
        """Frees what :meth:`allocate` gave."""
        self._memory.pop(address).free()

    def pinned(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A zeroed array in page-locked memory."""
        array: NDArray[np.float32] = self._cuda.pagelocked_empty(shape, np.float32)
        array.fill(0)
        self._pinned.append(array)
        return array

    def upload(self, address: int, array: NDArray[np.float32]) -> None:
        """Queues a copy to the device."""
        self._cuda.memcpy_htod_async(address, array, self._stream)

    def download(self, array: NDArray[np.float32], address: int) -> None:
        """Queues a copy from the device."""
        self._cuda.memcpy_dtoh_async(array, address, self._stream)

    def copy(self, target: int, source: int, size_bytes: int) -> None:
        """Queues a copy within the device."""
        self._cuda.memcpy_dtod_async(target, source, size_bytes, self._stream)

    def wait(self) -> None:
        """Returns when the stream is empty."""
        self._stream.synchronize()

    def capture(self, work: Work) -> Work:  # noqa: ARG002 (of the protocol)
        """Not with pycuda."""
        raise BackendUnavailable("pycuda captures no CUDA graphs; with cuda-python a frame would be one launch")

    def close(self) -> None:
        """Frees everything."""
        if self._context is None:
            return
        with self.current():
            for memory in self._memory.values():
                memory.free()
            self._memory, self._pinned, self._stream = {}, [], None  # the last two free themselves, in this context
        self._context.detach()  # of a retained one: the primary context is released
        self._context = None

    def _describe(self, gpu: Any) -> CudaDevice:
        major, minor = gpu.compute_capability()
        driver = self._cuda.get_driver_version()
        return CudaDevice(
            name=str(gpu.name()),
            compute_capability=f"{major}.{minor}",
            driver=f"{driver // 1000}.{driver % 1000 // 10}",
            runtime=".".join(map(str, self._cuda.get_version()[:2])),
        )


def _import_driver() -> Any:
    try:
        return importlib.import_module("pycuda.driver")
    except ImportError as error:
        raise BackendUnavailable(
            f"pycuda cannot be imported ({error}); pip install 'sdst-edge[pycuda]' builds it, and needs nvcc and the "
            "driver's library"
        ) from None
