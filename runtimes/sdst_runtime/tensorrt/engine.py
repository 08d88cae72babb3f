"""An engine of TensorRT, ready to run on addresses of device memory. Not verified on hardware."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from sdst_runtime.errors import DeviceError
from sdst_runtime.manifest import Graph
from sdst_runtime.tensorrt.binding import make_messages

__all__ = ["EngineLoader", "LoadedEngine"]


class EngineLoader:
    """TensorRT's runtime: makes engines from their bytes."""

    def __init__(self, trt: ModuleType) -> None:
        """Starts the runtime.

        Args:
            trt: the package ``tensorrt``.

        Raises:
            DeviceError: it does not start.
        """
        self._trt = trt
        self._messages = make_messages(trt)
        try:
            self._runtime = trt.Runtime(self._messages)
        except Exception as error:  # pybind11's TypeError for a null pointer, or a failure of CUDA
            raise DeviceError(f"TensorRT {trt.__version__} does not start: {self._messages.take() or error}") from None

    def load(self, plan: bytes, graph: Graph) -> LoadedEngine:
        """An engine whose tensors are those of a graph.

        Args:
            plan: its bytes, which were built in this place: TensorRT may crash on others.
            graph: that it was built from.

        Raises:
            DeviceError: TensorRT does not take it, there is no memory for it, or its tensors are others.
        """
        engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise DeviceError(
                f"TensorRT {self._trt.__version__} does not take the engine of {graph.file}: "
                f"{self._messages.take() or 'it does not say why'}; build it again: sdst-edge engine BUNDLE --rebuild"
            )
        self._check(engine, graph)
        context = engine.create_execution_context()
        if context is None:
            raise DeviceError(
                f"TensorRT makes no context for {graph.file}: {self._messages.take() or 'it does not say why'}; close "
                "other programs that use the GPU's memory"
            )
        return LoadedEngine(engine, context, graph, self._messages)

    def _check(self, engine: Any, graph: Graph) -> None:
        modes = self._trt.TensorIOMode
        wanted = {tensor.name: (modes.INPUT, tensor.shape) for tensor in graph.inputs}
        wanted |= {tensor.name: (modes.OUTPUT, tensor.shape) for tensor in graph.outputs}
        names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
        found = {name: (engine.get_tensor_mode(name), tuple(engine.get_tensor_shape(name))) for name in names}
        types = {name: engine.get_tensor_dtype(name) for name in names}
        others = [name for name, dtype in types.items() if dtype != self._trt.DataType.FLOAT]
        same = found.keys() == wanted.keys() and all(
            found[name][0] == mode and _fits(found[name][1], shape) for name, (mode, shape) in wanted.items()
        )
        if others or not same:
            raise DeviceError(
                f"the engine of {graph.file} has the tensors {found} ({', '.join(others) or 'all'} "
                f"{'not ' if others else ''}float32), the manifest says {wanted}; build it again: "
                "sdst-edge engine BUNDLE --rebuild"
            )


class LoadedEngine:
    """An engine with a context to run in.

    Attributes:
        file: of the graph that it was built from.
        memory_bytes: that the context holds on the device, apart from weights; None where TensorRT does not tell.
    """

    def __init__(self, engine: Any, context: Any, graph: Graph, messages: Any) -> None:
        """Use :meth:`EngineLoader.load`."""
        self.file = graph.file
        self.memory_bytes = _memory(engine)
        self._engine, self._context, self._messages = engine, context, messages
        self._shapes = {tensor.name: tensor.shape for tensor in graph.inputs}
        self._names = [tensor.name for tensor in (*graph.inputs, *graph.outputs)]

    def bind(self, addresses: Mapping[str, int]) -> None:
        """Binds every input and output, once and for all.

        Args:
            addresses: by name, among others.

        Raises:
            DeviceError: TensorRT refuses one.
        """
        for name in self._names:
            if name in self._shapes and min(self._engine.get_tensor_shape(name)) < 0:  # fixed when it was built
                self._demand(self._context.set_input_shape(name, self._shapes[name]), f"the shape of {name}")
            self._demand(self._context.set_tensor_address(name, addresses[name]), f"an address for {name}")

    def enqueue(self, stream: int) -> None:
        """Queues one run.

        Args:
            stream: its handle.

        Raises:
            DeviceError: TensorRT refuses.
        """
        self._demand(self._context.execute_async_v3(stream), "to run")

    def close(self) -> None:
        """Lets go of the context, then of the engine."""
        self._context = None
        self._engine = None

    def _demand(self, done: bool, what: str) -> None:
        if not done:
            raise DeviceError(
                f"TensorRT refuses {what} in the engine of {self.file}: "
                f"{self._messages.take() or 'it does not say why'}"
            )


def _fits(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a shape is that of the manifest, sides that are still symbolic left out."""
    return len(found) == len(wanted) and all(a in (b, -1) for a, b in zip(found, wanted, strict=True))


def _memory(engine: Any) -> int | None:
    for name in ("device_memory_size_v2", "device_memory_size"):
        if hasattr(engine, name):
            return int(getattr(engine, name))
    return None
