"""What the stand-in for TensorRT does while engines run: see :mod:`tests.fake_tensorrt`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.fake_gpu import FakeGpu, Illegal

if TYPE_CHECKING:
    from tests.fake_tensorrt import FakeTensorRT

__all__ = ["HEADER_END", "running_classes"]

#: Between what an engine was built for and its graph.
HEADER_END = b"\n\n"


def running_classes(fake: FakeTensorRT) -> dict[str, type]:
    """Runtime, engine and context."""
    gpu, make = fake.gpu, fake.make

    class Runtime:
        def __init__(self, logger: Any) -> None:
            gpu.require_context()
            if not fake.starts:
                raise TypeError("pybind11::init(): factory function returned nullptr")

        def deserialize_cuda_engine(self, serialized_engine: bytes) -> Any:
            gpu.require_context()
            header, _, model = serialized_engine.partition(HEADER_END)
            facts = json.loads(header)
            elsewhere = facts["gpu"] != gpu.name and facts["hardware"] == "NONE"
            if facts["tensorrt"] != fake.version or elsewhere:
                raise Illegal(f"an engine of {facts['gpu']} and TensorRT {facts['tensorrt']} reached TensorRT")
            return make("ICudaEngine", facts, model)

    class ICudaEngine:
        def __init__(self, facts: dict[str, Any], model: bytes) -> None:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            options.log_severity_level = 4
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            self._facts = facts
            self._inputs = {item.name: item for item in self._session.get_inputs()}
            self._outputs = {i.name: i for i in self._session.get_outputs() if i.name in facts["outputs"]}
            self._all = {**self._inputs, **self._outputs}

        device_memory_size = device_memory_size_v2 = 4096

        @property
        def num_io_tensors(self) -> int:
            return len(self._all)

        def get_tensor_name(self, index: int) -> str:
            return list(self._all)[index]

        def get_tensor_mode(self, name: str) -> Any:
            return fake.enums["TensorIOMode"]["INPUT" if name in self._inputs else "OUTPUT"]

        def get_tensor_shape(self, name: str) -> tuple[int, ...]:
            return tuple(side if isinstance(side, int) else -1 for side in self._all[name].shape)

        def get_tensor_dtype(self, name: str) -> Any:
            kinds = {"tensor(float)": "FLOAT", "tensor(float16)": "HALF"}
            return fake.enums["DataType"][kinds[self._all[name].type]]

        def create_execution_context(self) -> Any:
            gpu.require_context()
            return make("IExecutionContext", self)

    class IExecutionContext:
        def __init__(self, engine: Any) -> None:
            self._engine, self._ran = engine, False
            self._addresses: dict[str, int] = {}
            self._shapes: dict[str, tuple[int, ...]] = {}

        def set_input_shape(self, name: str, shape: Any) -> bool:
            self._shapes[name] = tuple(shape)
            return list(shape) == self._engine._facts["shapes"].get(name)

        def set_tensor_address(self, name: str, memory: int) -> bool:
            self._addresses[name] = memory
            return name in self._engine._all

        def execute_async_v3(self, stream_handle: int) -> bool:
            engine, addresses = self._engine, dict(self._addresses)
            if addresses.keys() < engine._all.keys() or (gpu.captured is not None and not self._ran):
                return False
            self._ran = True
            gpu.queue(lambda: _compute(gpu, engine, addresses, self._shapes), stream_handle)
            gpu.calls.append("execute")
            return True

    return {name: item for name, item in locals().items() if isinstance(item, type)}


def _compute(gpu: FakeGpu, engine: Any, addresses: dict[str, int], shapes: dict[str, tuple[int, ...]]) -> None:
    feeds = {}
    for name, item in engine._inputs.items():
        shape = shapes.get(name, tuple(item.shape))
        feeds[name] = gpu.view(addresses[name], 4 * int(np.prod(shape))).view(np.float32).reshape(shape).copy()
    for name, value in zip(engine._outputs, engine._session.run(list(engine._outputs), feeds), strict=True):
        result = -value if engine._facts["wrong"] else value
        np.copyto(gpu.view(addresses[name], result.nbytes).view(np.float32), result.ravel())
