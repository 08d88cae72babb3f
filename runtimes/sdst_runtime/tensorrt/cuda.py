"""The little of CUDA that a session needs, behind one interface; what reaches the GPU is chosen at run time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import BackendUnavailable
from sdst_runtime.tensorrt.options import CudaChoice

__all__ = ["CudaBackend", "CudaDevice", "Work", "open_cuda"]

Work: TypeAlias = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaDevice:
    """A GPU, and what drives it.

    Attributes:
        name: as the driver gives it, such as ``Orin``.
        compute_capability: such as ``8.7``.
        driver: newest CUDA that the driver has, such as ``12.6``.
        runtime: CUDA that the binding was made for.
    """

    name: str
    compute_capability: str
    driver: str
    runtime: str

    def __str__(self) -> str:
        return f"{self.name} (compute capability {self.compute_capability})"


class CudaBackend(Protocol):
    """One GPU, its primary context, and one stream of it; all sizes are in bytes, all addresses the device's.

    Everything but :meth:`current` and :meth:`close` is to be called within :meth:`current`. Failures of CUDA are
    :class:`sdst_runtime.errors.DeviceError`.
    """

    @property
    def name(self) -> str:
        """Of the package behind it."""
        ...

    @property
    def device(self) -> CudaDevice:
        """The GPU."""
        ...

    @property
    def stream(self) -> int:
        """Handle of the stream on which everything here happens."""
        ...

    def current(self) -> AbstractContextManager[None]:
        """Makes the GPU the calling thread's for as long as it is entered; may be entered again inside."""
        ...

    def allocate(self, size_bytes: int) -> int:
        """Address of new memory, aligned for any type."""
        ...

    def free(self, address: int) -> None:
        """Frees what :meth:`allocate` gave."""
        ...

    def pinned(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A zeroed float32 array in page-locked memory; not to be touched after :meth:`close`."""
        ...

    def upload(self, address: int, array: NDArray[np.float32]) -> None:
        """Queues a copy of a pinned array to the device."""
        ...

    def download(self, array: NDArray[np.float32], address: int) -> None:
        """Queues a copy from the device to a pinned array."""
        ...

    def copy(self, target: int, source: int, size_bytes: int) -> None:
        """Queues a copy within the device."""
        ...

    def wait(self) -> None:
        """Returns when all that was queued is done."""
        ...

    def capture(self, work: Work) -> Work:
        """What launches, as one CUDA graph, all that ``work`` queues.

        Raises:
            BackendUnavailable: the binding captures nothing.
            DeviceError: this work cannot be captured; the stream is as it was.
        """
        ...

    def close(self) -> None:
        """Frees all that was allocated here, and lets go of the GPU. Closing twice is allowed."""
        ...


def open_cuda(choice: CudaChoice = "auto", device: int = 0) -> CudaBackend:
    """A GPU through the binding that was asked for, or through the first that is there.

    Args:
        choice: ``auto`` takes pycuda where it is installed, since it is installed on purpose; else cuda-python, which
            comes with the extra ``tensorrt`` and also captures CUDA graphs.
        device: index of the GPU.

    Raises:
        BackendUnavailable: no such binding is installed.
        DeviceError: there is no such GPU, or its driver does not answer.
    """
    from sdst_runtime.tensorrt.cuda_python_backend import CudaPythonBackend
    from sdst_runtime.tensorrt.pycuda_backend import PycudaBackend

    makers: dict[str, Callable[[int], CudaBackend]] = {"pycuda": PycudaBackend, "cuda-python": CudaPythonBackend}
    if choice != "auto":
        return makers[choice](device)
    reasons = []
    for maker in makers.values():
        try:
            return maker(device)
        except BackendUnavailable as error:
            reasons.append(str(error))
    raise BackendUnavailable(f"nothing reaches the GPU: {'; '.join(reasons)}")
