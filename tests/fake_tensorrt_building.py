"""What the stand-in for TensorRT does while engines are built: see :mod:`tests.fake_tensorrt`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fake_tensorrt_running import HEADER_END

if TYPE_CHECKING:
    from tests.fake_tensorrt import FakeTensorRT

__all__ = ["building_classes"]


def building_classes(fake: FakeTensorRT) -> dict[str, type]:
    """Logger, builder, network, parser and configuration."""
    gpu, make = fake.gpu, fake.make

    class ILogger:
        ERROR, INTERNAL_ERROR, WARNING, INFO, VERBOSE = 1, 0, 2, 3, 4

        def __init__(self) -> None:
            pass

        def log(self, severity: int, msg: str) -> None:
            raise AssertionError("TensorRT's own is pure virtual: whoever derives from it says where messages go")

    class IProgressMonitor:
        def __init__(self) -> None:
            pass

        def phase_start(self, phase_name: str, parent_phase: Any, num_steps: int) -> None: ...

        def step_complete(self, phase_name: str, step: int) -> bool: ...  # type: ignore[empty-body]

        def phase_finish(self, phase_name: str) -> None: ...

    class Builder:
        def __init__(self, logger: Any) -> None:
            gpu.require_context()
            if not fake.starts:
                raise TypeError("pybind11::init(): factory function returned nullptr")
            self._logger = logger

        def create_network(self, flags: int = 0) -> Any:
            kinds = {item.name: int(item) for item in fake.enums["NetworkDefinitionCreationFlag"]}
            explicit = "EXPLICIT_BATCH" not in kinds or bool(flags & (1 << kinds["EXPLICIT_BATCH"]))
            strong = "STRONGLY_TYPED" in kinds and bool(flags & (1 << kinds["STRONGLY_TYPED"]))
            return make("INetworkDefinition", explicit or strong, strong)

        def create_builder_config(self) -> Any:
            return make("IBuilderConfig")

        def create_optimization_profile(self) -> Any:
            return make("IOptimizationProfile")

        def build_serialized_network(self, network: Any, config: Any) -> Any:
            gpu.require_context()
            monitor = vars(config).get("progress_monitor")
            if monitor is not None:
                monitor.phase_start("Building", None, 2)
                monitor.phase_start("Tactics", "Building", 5)
                monitor.step_complete("Tactics", 0)
                going = monitor.step_complete("Building", 0) and monitor.step_complete("Building", 1)
                monitor.phase_finish("Building")
                if not going:
                    return None
            model, lacking = network._model, _lacking(network, config)
            reason = fake.unbuildable(model) or lacking
            fake.options.append({"flags": set(config._flags), **vars(config)})
            if reason:
                self._logger.log(ILogger.ERROR, reason)
                return None
            config._cache._bytes += f" {len(model.graph.node)}".encode()
            header = {
                "tensorrt": fake.version,
                "gpu": gpu.name,
                "hardware": getattr(vars(config).get("hardware_compatibility_level"), "name", "NONE"),
                "outputs": [tensor.name for tensor in network._outputs],
                "shapes": config._shapes,
                "wrong": fake.wrong(model),
            }
            return make("IHostMemory", json.dumps(header).encode() + HEADER_END + model.SerializeToString())

    class INetworkDefinition:
        def __init__(self, explicit: bool, strong: bool) -> None:
            self._explicit, self._strong = explicit, strong
            self._inputs: list[Any] = []
            self._outputs: list[Any] = []
            self._model: Any = None

        @property
        def num_inputs(self) -> int:
            return len(self._inputs)

        @property
        def num_outputs(self) -> int:
            return len(self._outputs)

        def get_input(self, index: int) -> Any:
            return self._inputs[index]

        def get_output(self, index: int) -> Any:
            return self._outputs[index]

        def unmark_output(self, tensor: Any) -> None:
            self._outputs.remove(tensor)

    class ITensor:
        def __init__(self, name: str, shape: tuple[int, ...]) -> None:
            self._name, self._shape = name, shape

        @property
        def name(self) -> str:
            return self._name

        @property
        def shape(self) -> tuple[int, ...]:
            return self._shape

    class OnnxParser:
        def __init__(self, network: Any, logger: Any) -> None:
            self._network = network
            self._errors: list[Any] = []

        def parse(self, model: bytes, path: str | None = None) -> bool:
            import onnx

            loaded = onnx.load_model_from_string(model)
            reason = fake.unreadable(loaded)
            if not self._network._explicit:
                reason = "networks need an explicit batch"
            if reason:
                self._errors.append(make("ParserError", loaded.graph.node[0], reason))
                return False
            self._network._model = loaded
            initializers = {item.name for item in loaded.graph.initializer}
            self._network._inputs = [
                make("ITensor", item.name, _shape(item)) for item in loaded.graph.input if item.name not in initializers
            ]
            self._network._outputs = [make("ITensor", item.name, _shape(item)) for item in loaded.graph.output]
            return True

        @property
        def num_errors(self) -> int:
            return len(self._errors)

        def get_error(self, index: int) -> Any:
            return self._errors[index]

    class ParserError:
        def __init__(self, node: Any, reason: str) -> None:
            self._node, self._reason = node, reason

        def desc(self) -> str:
            return self._reason

        def node(self) -> int:
            return 0

        def node_name(self) -> str:
            return str(self._node.name)

        def node_operator(self) -> str:
            return str(self._node.op_type)

    class IBuilderConfig:
        def __init__(self) -> None:
            self._flags = {"TF32"}
            self._cache: Any = None
            self._pools: dict[str, int] = {}
            self._shapes: dict[str, Any] = {}

        builder_optimization_level = hardware_compatibility_level = max_aux_streams = progress_monitor = None

        def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
            self._pools[pool.name] = pool_size

        def set_flag(self, flag: Any) -> None:
            self._flags.add(flag.name)

        def clear_flag(self, flag: Any) -> None:
            self._flags.discard(flag.name)

        def add_optimization_profile(self, profile: Any) -> int:
            self._shapes = profile._shapes
            return 0

        def create_timing_cache(self, serialized_timing_cache: bytes) -> Any:
            if serialized_timing_cache and not serialized_timing_cache.startswith(b"timings "):
                raise TypeError("NULL pointer")
            return make("ITimingCache", serialized_timing_cache or f"timings {fake.version} {gpu.name}:".encode())

        def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
            if not cache._bytes.startswith(f"timings {fake.version} {gpu.name}:".encode()) and not ignore_mismatch:
                return False
            self._cache = cache
            return True

    class IOptimizationProfile:
        def __init__(self) -> None:
            self._shapes: dict[str, Any] = {}

        def set_shape(self, input: str, min: Any, opt: Any, max: Any) -> None:  # noqa: A002
            assert min == opt == max
            self._shapes[input] = list(opt)

    class ITimingCache:
        def __init__(self, data: bytes) -> None:
            self._bytes = data

        def serialize(self) -> Any:
            return make("IHostMemory", self._bytes)

    class IHostMemory:
        def __init__(self, data: bytes) -> None:
            self._bytes = data

        def __bytes__(self) -> bytes:
            return self._bytes

    return {name: item for name, item in locals().items() if isinstance(item, type)}


def _lacking(network: Any, config: Any) -> str | None:
    """What flags would have to permit, or must not say."""
    from onnx import TensorProto

    graph = network._model.graph
    half = any(item.data_type == TensorProto.FLOAT16 for item in graph.initializer)
    half = half or any(
        node.op_type == "Cast" and attribute.i == TensorProto.FLOAT16
        for node in graph.node
        for attribute in node.attribute
        if attribute.name == "to"
    )
    quantised = any(node.op_type == "QuantizeLinear" for node in graph.node)
    if network._strong:
        return "strongly typed networks take no precision flags" if config._flags & {"FP16", "INT8"} else None
    if half and "FP16" not in config._flags:
        return "the network has float16 tensors, but FP16 is not permitted"
    return (
        "the network has Q/DQ layers, but INT8 is not permitted" if quantised and "INT8" not in config._flags else None
    )


def _shape(item: Any) -> tuple[int, ...]:
    return tuple(dim.dim_value if dim.HasField("dim_value") else -1 for dim in item.type.tensor_type.shape.dim)
