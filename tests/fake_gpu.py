"""A GPU of host memory, and the two bindings of CUDA on top of it: what is queued is done when somebody waits for it.

Memory that is new or freed is full of NaN, so whoever reads what was not written, or frees too early, sees it in the
maps. What CUDA forbids is an error here too: memory that is not allocated, another thread's context, allocation and
waiting during a capture.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["FakeGpu", "Illegal", "make_cudart", "make_pycuda_driver"]

ALIGNMENT = 256
FREED = 0xFF  # of which a float32 is NaN


class Illegal(Exception):  # noqa: N818 (what it is)
    """Something that a GPU would not survive, or that CUDA refuses."""


class FakeGpu:
    """One device with one stream at a time.

    Attributes:
        name: and capability: what the driver says of it.
        calls: names of what was called, in order.
        free_bytes: that may still be allocated; None: all that is wanted.
    """

    def __init__(self, name: str = "Orin", capability: tuple[int, int] = (8, 7)) -> None:
        self.name, self.capability = name, capability
        self.calls: list[str] = []
        self.free_bytes: int | None = None
        self.explicit_contexts = False  # pycuda's: one has to be pushed
        self.context_stacks: dict[int, int] = {}  # depth by thread
        self.live: dict[int, Any] = {}
        self.pinned: dict[int, Any] = {}
        self.stream: int | None = None
        self.chosen = 0  # device of the thread, in the runtime API
        self.captured: list[Callable[[], None]] | None = None
        self._queue: list[Callable[[], None]] = []
        self._graveyard: list[Any] = []

    def require_context(self) -> None:
        if self.explicit_contexts and not self.context_stacks.get(threading.get_ident()):
            raise Illegal("no context is current in this thread")

    def allocate(self, size: int, place: dict[int, Any]) -> int:
        self.require_context()
        if self.captured is not None:
            raise Illegal("allocation during a capture")
        if self.free_bytes is not None and place is self.live and size > self.free_bytes:
            raise MemoryError
        buffer = np.full(size + ALIGNMENT, FREED, np.uint8)
        start = -buffer.ctypes.data % ALIGNMENT
        address = buffer.ctypes.data + start
        place[address] = buffer[start : start + size]
        return address

    def release(self, address: int, place: dict[int, Any]) -> None:
        self.require_context()
        if address not in place:
            raise Illegal(f"{address:#x} is not allocated")
        memory = place.pop(address)
        memory[...] = FREED
        self._graveyard.append(memory)  # so that its address is not given away again

    def view(self, address: int, size: int) -> Any:
        for place in (self.live, self.pinned):
            for start, memory in place.items():
                if start <= address and address + size <= start + memory.nbytes:
                    return memory[address - start : address - start + size]
        raise Illegal(f"illegal address {address:#x} + {size}")

    def copy(self, target: int, source: int, size: int, kind: str, stream: int | None) -> None:
        self.queue(lambda: np.copyto(self.view(target, size), self.view(source, size)), stream)
        self.calls.append(f"copy {kind}")

    def queue(self, work: Callable[[], None], stream: int | None) -> None:
        self.require_context()
        if stream is None or stream != self.stream:
            raise Illegal(f"stream {stream} is not that of this device, {self.stream}")
        (self._queue if self.captured is None else self.captured).append(work)

    def wait(self) -> None:
        self.require_context()
        if self.captured is not None:
            raise Illegal("waiting during a capture")
        queue, self._queue = self._queue, []
        for work in queue:
            work()

    def launch(self, graph: list[Callable[[], None]]) -> None:
        for work in graph:
            self.queue(work, self.stream)


def make_cudart(gpu: FakeGpu, *, captures: bool = True) -> ModuleType:
    """``cuda.bindings.runtime``, as far as a session needs it."""
    error = enum.IntEnum(
        "cudaError_t",
        {"cudaSuccess": 0, "cudaErrorMemoryAllocation": 2, "cudaErrorNoDevice": 100, "cudaErrorUnknown": 9},
    )
    module = ModuleType("cuda.bindings.runtime")
    kinds = {"cudaMemcpyHostToDevice": 1, "cudaMemcpyDeviceToHost": 2, "cudaMemcpyDeviceToDevice": 3}

    def call(name: str, work: Callable[..., Any]) -> None:
        def function(*arguments: Any) -> tuple[Any, ...]:
            gpu.calls.append(name)
            try:
                result = work(*arguments)
            except MemoryError:
                return error["cudaErrorMemoryAllocation"], None
            except _Refused:
                return error["cudaErrorUnknown"], None
            return (error["cudaSuccess"],) if result is None else (error["cudaSuccess"], result)

        setattr(module, name, function)

    class _Refused(Exception):  # noqa: N818
        pass

    def begin(stream: Any, mode: Any) -> None:
        assert mode == 1
        if not captures:
            raise _Refused
        gpu.captured = []

    def end(stream: Any) -> Any:
        captured, gpu.captured = gpu.captured, None
        return captured

    def stream_of(flags: int) -> int:
        assert flags == 1
        gpu.stream = 77
        return gpu.stream

    def destroy_stream(stream: int) -> None:
        gpu.stream = None

    call("cudaGetDeviceCount", lambda: 1)
    call("cudaGetDevice", lambda: gpu.chosen)
    call("cudaSetDevice", lambda device: setattr(gpu, "chosen", device))
    call("cudaStreamCreateWithFlags", stream_of)
    call("cudaStreamDestroy", destroy_stream)
    call("cudaMalloc", lambda size: gpu.allocate(size, gpu.live))
    call("cudaFree", lambda address: gpu.release(address, gpu.live))
    call("cudaMallocHost", lambda size: gpu.allocate(size, gpu.pinned))
    call("cudaFreeHost", lambda address: gpu.release(address, gpu.pinned))
    call("cudaMemcpyAsync", lambda to, source, size, kind, stream: gpu.copy(to, source, size, kind.name, stream))
    call("cudaStreamSynchronize", lambda stream: gpu.wait())
    call("cudaStreamBeginCapture", begin)
    call("cudaStreamEndCapture", end)
    call("cudaGraphInstantiateWithFlags", lambda graph, flags: list(graph))
    call("cudaGraphLaunch", lambda graph, stream: gpu.launch(graph))
    call("cudaGraphDestroy", lambda graph: None)
    call("cudaGraphExecDestroy", lambda graph: None)
    call("cudaGetLastError", lambda: None)
    call("cudaDriverGetVersion", lambda: 12060)
    call("cudaRuntimeGetVersion", lambda: 12060)
    properties = SimpleNamespace(name=gpu.name.encode(), major=gpu.capability[0], minor=gpu.capability[1])
    call("cudaGetDeviceProperties", lambda device: properties)
    values: dict[str, Any] = {
        "cudaError_t": error,
        "cudaMemcpyKind": enum.IntEnum("cudaMemcpyKind", kinds),
        "cudaStreamNonBlocking": 1,
        "cudaStreamCaptureMode": enum.IntEnum("cudaStreamCaptureMode", {"cudaStreamCaptureModeThreadLocal": 1}),
    }
    for name, value in values.items():
        setattr(module, name, value)
    return module


def make_pycuda_driver(gpu: FakeGpu) -> ModuleType:
    """``pycuda.driver``, as far as a session needs it; nothing is done without a context on the thread's stack."""
    gpu.explicit_contexts = True
    module = ModuleType("pycuda.driver")

    class Error(Exception):
        pass

    class Context:
        def push(self) -> None:
            thread = threading.get_ident()
            gpu.context_stacks[thread] = gpu.context_stacks.get(thread, 0) + 1
            gpu.calls.append("push")

        @staticmethod
        def pop() -> None:
            gpu.require_context()
            gpu.context_stacks[threading.get_ident()] -= 1
            gpu.calls.append("pop")

        def detach(self) -> None:
            gpu.calls.append("detach")

    class Device:
        def __init__(self, index: int) -> None:
            assert index == 0

        count = staticmethod(lambda: 1)

        def name(self) -> str:
            return gpu.name

        def compute_capability(self) -> tuple[int, int]:
            return gpu.capability

        def retain_primary_context(self) -> Context:
            return Context()

    class Stream:
        handle = 78

        def __init__(self, flags: int = 0) -> None:
            assert flags == 1
            gpu.require_context()
            gpu.stream = self.handle

        def synchronize(self) -> None:
            gpu.wait()

    class DeviceAllocation:
        def __init__(self, size: int) -> None:
            try:
                self._address = gpu.allocate(size, gpu.live)
            except MemoryError:
                raise Error("cuMemAlloc failed: out of memory") from None

        def __int__(self) -> int:
            return self._address

        def free(self) -> None:
            gpu.release(self._address, gpu.live)

    def pagelocked_empty(shape: tuple[int, ...], dtype: Any) -> Any:
        address = gpu.allocate(int(np.prod(shape)) * np.dtype(dtype).itemsize, gpu.pinned)
        return gpu.pinned[address].view(dtype).reshape(shape)

    def htod(to: int, source: Any, stream: Stream) -> None:
        gpu.copy(to, source.ctypes.data, source.nbytes, "HtoD", stream.handle)

    def dtoh(to: Any, source: int, stream: Stream) -> None:
        gpu.copy(to.ctypes.data, source, to.nbytes, "DtoH", stream.handle)

    def dtod(to: int, source: int, size: int, stream: Stream) -> None:
        gpu.copy(to, source, size, "DtoD", stream.handle)

    values: dict[str, Any] = {
        "Error": Error,
        "Context": Context,
        "Device": Device,
        "Stream": Stream,
        "init": lambda: None,
        "mem_alloc": DeviceAllocation,
        "pagelocked_empty": pagelocked_empty,
        "memcpy_htod_async": htod,
        "memcpy_dtoh_async": dtoh,
        "memcpy_dtod_async": dtod,
        "get_version": lambda: (12, 6, 0),
        "get_driver_version": lambda: 12060,
    }
    for name, value in values.items():
        setattr(module, name, value)
    return module
