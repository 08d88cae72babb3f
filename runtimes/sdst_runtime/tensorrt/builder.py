"""From an ONNX graph to the bytes of an engine, the same way in TensorRT 8.5, 8.6, 10 and 11.

Precision is in the graph: float16 tensors, or Q/DQ nodes. From 10 on a network can be strongly typed, which takes it
from there; before, flags permit the builder to use it. Names were checked with the bindings of 8.6, 10.3, 10.13, 10.16
and 11.4. Not verified on hardware.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sdst_runtime.errors import ConfigError, DeviceError
from sdst_runtime.manifest import Graph, Precision
from sdst_runtime.tensorrt.binding import EngineRefused, OnShare, make_messages, make_monitor
from sdst_runtime.tensorrt.options import BuildOptions

__all__ = ["EngineBuilder", "GraphSource", "is_strongly_typed"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSource:
    """A graph to build an engine from.

    Attributes:
        model: the serialised ONNX graph, weights and all.
        graph: what the manifest says of it.
        precision: of the variant.
    """

    model: bytes
    graph: Graph
    precision: Precision


def is_strongly_typed(trt: ModuleType) -> bool:
    """Whether networks take their precision from the graph; else flags permit it."""
    return hasattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED")


class EngineBuilder:
    """Builds engines one after the other, with one timing cache.

    Attributes:
        timings: serialised timing cache, grown by every build.
        notes: what a user may want to know, such as that the timing cache was of another TensorRT.
    """

    def __init__(self, trt: ModuleType, options: BuildOptions, timings: bytes = b"") -> None:
        """Starts TensorRT's builder.

        Args:
            trt: the package ``tensorrt``.
            options: what the builder may do.
            timings: of earlier builds on this GPU; empty for none.

        Raises:
            ConfigError: this TensorRT does not have an option.
            DeviceError: the builder does not start.
        """
        self._trt = trt
        self._options = options
        self._messages = make_messages(trt)
        self.timings = timings
        self.notes: list[str] = []
        try:
            self._builder = trt.Builder(self._messages)
        except Exception as error:  # pybind11's TypeError for a null pointer, or a failure of CUDA
            raise DeviceError(
                f"TensorRT {trt.__version__} starts no builder: {self._reason(str(error))}; is there an NVIDIA GPU "
                "with its driver, and does TensorRT fit its CUDA?"
            ) from None
        self._make_config(None)  # what an option lacks is told before anything is built

    def build(self, source: GraphSource, on_share: OnShare | None = None) -> bytes:
        """The serialised engine of a graph.

        Args:
            source: the graph.
            on_share: called with the share that is done, where TensorRT tells it (10 and newer).

        Raises:
            EngineRefused: TensorRT does not read the graph, or builds nothing from it; the message says why.
        """
        network, parser = self._parse(source)
        monitor = None if on_share is None else self._make_monitor(on_share)
        config = self._make_config(monitor)
        self._permit(config, source.precision)
        self._fix_shapes(network, config, source.graph)
        cache = self._set_timings(config)
        self._messages.take()
        plan = self._builder.build_serialized_network(network, config)
        del parser  # whose weights the network used until here
        if monitor is not None and monitor.failure is not None:
            raise monitor.failure
        if plan is None:
            raise EngineRefused(
                f"TensorRT {self._trt.__version__} builds no engine from {source.graph.file}: {self._reason()}; a "
                "larger --workspace, a variant of another precision, or `sdst-edge lint` may help"
            )
        if cache is not None:
            self.timings = bytes(cache.serialize())
        return bytes(plan)

    def _parse(self, source: GraphSource) -> tuple[Any, Any]:
        """A network, and the parser that has to outlive its build."""
        trt, flags = self._trt, 0
        kinds = trt.NetworkDefinitionCreationFlag
        if hasattr(kinds, "EXPLICIT_BATCH"):
            flags |= 1 << int(kinds.EXPLICIT_BATCH)
        if is_strongly_typed(trt):
            flags |= 1 << int(kinds.STRONGLY_TYPED)
        network = self._builder.create_network(flags)
        parser = trt.OnnxParser(network, self._messages)
        self._messages.take()
        if not parser.parse(source.model):
            reasons = "; ".join(_describe(parser.get_error(i)) for i in range(parser.num_errors))
            raise EngineRefused(
                f"TensorRT {trt.__version__} does not read {source.graph.file}: {reasons or self._reason()}; "
                "`sdst-edge lint BUNDLE --target NAME` tells what it does not take, and what to do about it"
            )
        wanted = {tensor.name for tensor in source.graph.outputs}
        outputs = [network.get_output(i) for i in range(network.num_outputs)]
        for tensor in outputs:  # a file that serves two roles gives more than this one wants
            if tensor.name not in wanted:
                network.unmark_output(tensor)
        return network, parser

    def _make_config(self, monitor: Any) -> Any:
        trt, options = self._trt, self._options
        config = self._builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mib * _MIB)
        if not options.tf32:
            config.clear_flag(trt.BuilderFlag.TF32)
        if options.optimization_level is not None:
            self._require(config, "builder_optimization_level", "optimization_level")
            config.builder_optimization_level = options.optimization_level
        if options.auxiliary_streams is not None:
            self._require(config, "max_aux_streams", "auxiliary_streams")
            config.max_aux_streams = options.auxiliary_streams
        if options.hardware is not None:
            self._require(config, "hardware_compatibility_level", "hardware")
            level = options.hardware.upper().replace("-", "_")
            self._require(trt.HardwareCompatibilityLevel, level, "hardware")
            config.hardware_compatibility_level = getattr(trt.HardwareCompatibilityLevel, level)
        if monitor is not None:
            config.progress_monitor = monitor
        return config

    def _require(self, owner: Any, attribute: str, option: str) -> None:
        if not hasattr(owner, attribute):
            raise ConfigError(
                f"TensorRT {self._trt.__version__} has no {attribute}; leave out {option}, or update TensorRT"
            )

    def _make_monitor(self, on_share: OnShare) -> Any:
        return make_monitor(self._trt, on_share) if hasattr(self._trt, "IProgressMonitor") else None

    def _permit(self, config: Any, precision: Precision) -> None:
        """Permits what the graph has, where the network does not say it by its types."""
        if is_strongly_typed(self._trt):
            return
        flags = self._trt.BuilderFlag
        if precision in ("fp16", "int8"):
            config.set_flag(flags.FP16)
        if precision == "int8":  # by the graph's Q and DQ nodes, without a calibrator
            config.set_flag(flags.INT8)

    def _fix_shapes(self, network: Any, config: Any, graph: Graph) -> None:
        """Fixes symbolic sides of inputs to those of the manifest."""
        shapes = {tensor.name: tensor.shape for tensor in graph.inputs}
        inputs = [network.get_input(i) for i in range(network.num_inputs)]
        symbolic = [item.name for item in inputs if min(item.shape, default=0) < 0 and item.name in shapes]
        if not symbolic:
            return
        profile = self._builder.create_optimization_profile()
        for name in symbolic:
            profile.set_shape(name, shapes[name], shapes[name], shapes[name])
        config.add_optimization_profile(profile)

    def _set_timings(self, config: Any) -> Any:
        """Gives the builder what is known of this GPU; what does not fit is left out, with a note."""
        cache = self._try_timings(config, self.timings)
        if cache is None and self.timings:
            self.notes.append("the timing cache is damaged or of another TensorRT or GPU: it was made anew")
            self.timings = b""
            cache = self._try_timings(config, b"")
        return cache

    def _try_timings(self, config: Any, timings: bytes) -> Any:
        attempt: Callable[[bytes], Any] = config.create_timing_cache
        try:
            cache = attempt(timings)
        except Exception:  # what pybind11 makes of a null pointer differs between versions
            return None
        if cache is None or not config.set_timing_cache(cache, False):  # False: do not ignore a mismatch
            return None
        return cache

    def _reason(self, otherwise: str = "it does not say why") -> str:
        return str(self._messages.take()) or otherwise


def _describe(error: Any) -> str:
    """One of the parser's errors: the node, if its version names it, and the reason."""
    if hasattr(error, "node_name"):
        where = f"{error.node_operator()} {error.node_name()!r}: "
    else:
        where = f"node {error.node()}: "
    return where + str(error.desc()).strip()
