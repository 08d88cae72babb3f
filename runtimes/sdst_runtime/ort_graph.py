"""One graph in ONNX Runtime, called the cheapest way.

Inputs and outputs are bound once to arrays whose addresses stay, so a call passes no array at all: the search graph
writes where the head reads. Measured for the search graph and head of NanoTrack v3 (ONNX Runtime 1.32, one thread of
an AMD EPYC with AVX-512, 600 calls, p50 of both together):

    session.run(names, feed)               1360 us
    session.run_with_ort_values            1416 us    new outputs, and a copy to look at them
    session.run_with_iobinding, bound      1345 us    what is done here
    binding an input to another address     2.3 us    when the trackers of one session take turns

Threads do not spin while they wait for work: on a robot other programs want those cores. With one thread there is no
pool at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import BackendUnavailable, ConfigError, ManifestError, SdstError
from sdst_runtime.manifest import Graph, Tensor

__all__ = [
    "CPU_PROVIDERS",
    "Arrays",
    "OrtGraph",
    "OrtOptions",
    "Provider",
    "empty_arrays",
    "import_onnxruntime",
    "provider_name",
    "require_array",
]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]

#: ONNX Runtime's name of an execution provider, alone or with its options.
Provider: TypeAlias = str | tuple[str, Mapping[str, str]]

_CPU: Final = "CPUExecutionProvider"
CPU_PROVIDERS: tuple[Provider, ...] = (_CPU,)
_ORT_TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)", "uint8": "tensor(uint8)"}
_LOG_FATAL = 4  # what ONNX Runtime has to say reaches the caller as an error, not as a line on stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class OrtOptions:
    """How ONNX Runtime runs a graph.

    Attributes:
        threads: that one graph may use, >= 1.
        providers: execution providers in order of preference. Nodes that none of them takes run on the CPU if its
            provider is among them; else the graph is refused. :mod:`sdst_runtime.providers` makes them from names.
    """

    threads: int = 1
    providers: tuple[Provider, ...] = CPU_PROVIDERS

    def __post_init__(self) -> None:
        if isinstance(self.threads, bool) or not isinstance(self.threads, int) or not 1 <= self.threads <= 1024:
            raise ConfigError(f"threads is {self.threads!r}, expected a whole number in [1, 1024]")
        if not self.providers:
            raise ConfigError("providers is empty, expected at least one, such as CPUExecutionProvider")


class OrtGraph:
    """A loaded graph with its inputs and outputs bound to arrays.

    Attributes:
        run: runs the graph once: reads the input arrays, writes the output arrays.
    """

    def __init__(
        self,
        model: bytes,
        graph: Graph,
        options: OrtOptions,
        arrays: Arrays,
    ) -> None:
        """Loads a graph and binds it.

        Args:
            model: the serialised graph.
            graph: what the manifest says of it.
            options: threads and providers.
            arrays: by name, among them each input and output, of its shape and dtype, C-contiguous. Kept.

        Raises:
            BackendUnavailable: ONNX Runtime or a provider is not installed.
            ManifestError: ONNX Runtime cannot load the graph, or it is not what the manifest says.
        """
        runtime = import_onnxruntime()
        self._name = graph.file
        self._arrays = {tensor.name: arrays[tensor.name] for tensor in (*graph.inputs, *graph.outputs)}
        self._session = _load(runtime, model, graph, options)
        _check_signature(self._session, graph)
        self._binding = self._session.io_binding()
        for tensor in graph.inputs:
            self.bind_input(tensor.name, self._arrays[tensor.name])
        for tensor in graph.outputs:
            array = self._arrays[tensor.name]
            self._binding.bind_output(tensor.name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        self._run = self._session.run_with_iobinding

    def bind_input(self, name: str, array: NDArray[Any]) -> None:
        """Lets an input read another array from now on; it is kept, and checked by the caller."""
        self._arrays[name] = array
        self._binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def run(self) -> None:
        """Runs the graph once on the arrays as they are.

        Raises:
            SdstError: ONNX Runtime failed.
        """
        try:
            self._run(self._binding)
        except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
            raise SdstError(
                f"{self._name} failed in ONNX Runtime: {_first_line(error)}; "
                "if there is memory left for it, export the bundle again"
            ) from error


def empty_arrays(tensors: Sequence[Tensor]) -> dict[str, NDArray[Any]]:
    """New arrays for tensors, by name."""
    return {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in tensors}


def require_array(
    name: str, array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any] | type[np.generic] = np.float32
) -> None:
    """Checks an array before its address is taken.

    Raises:
        SdstError: it is no C-contiguous array of that shape and dtype.
    """
    wanted = f"{np.dtype(dtype)} {shape}"
    if not isinstance(array, np.ndarray):
        raise SdstError(f"{name} is {type(array).__name__}, expected an array {wanted}")
    if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
        raise SdstError(
            f"{name} is {array.dtype} {array.shape}{'' if array.flags.c_contiguous else ', not C-contiguous'}, "
            f"the graph wants {wanted}, C-contiguous; pass what the crop of the same manifest gives"
        )


def provider_name(provider: Provider) -> str:
    """ONNX Runtime's name of a provider."""
    return provider if isinstance(provider, str) else provider[0]


def import_onnxruntime() -> ModuleType:
    """The package ``onnxruntime``, told to send nothing anywhere unless the user has decided otherwise.

    Raises:
        BackendUnavailable: it is not installed, or cannot be loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # some wheels report usage to their maker; a robot does not
    try:
        import onnxruntime
    except ImportError as error:
        raise BackendUnavailable(
            f"ONNX Runtime cannot be imported ({error}); pip install onnxruntime, or the board vendor's build of it"
        ) from None
    return onnxruntime  # type: ignore[no-any-return, unused-ignore]


def _load(runtime: Any, model: bytes, graph: Graph, options: OrtOptions) -> Any:
    names, available = [provider_name(provider) for provider in options.providers], runtime.get_available_providers()
    if unknown := [name for name in names if name not in available]:
        raise BackendUnavailable(
            f"ONNX Runtime {runtime.__version__} has no {unknown[0]}; it has {', '.join(available)}. "
            "Install the build of onnxruntime that has it, or choose one of these"
        )
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    settings.log_severity_level = _LOG_FATAL
    for name, size in graph.dims.items():
        settings.add_free_dimension_override_by_name(name, size)
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if _CPU not in names:  # else the CPU takes what others leave, whether it is named or not
        settings.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    try:
        # Without enable_fallback=0 the package prints to stdout and quietly takes another provider.
        providers = [item if isinstance(item, str) else (item[0], dict(item[1])) for item in options.providers]
        session = runtime.InferenceSession(model, settings, providers=providers, enable_fallback=0)
    except Exception as error:  # ONNX Runtime's exceptions share no base class but this one
        what = f"ONNX Runtime {runtime.__version__} cannot load {graph.file}"
        if _CPU not in names and "fallback" in str(error):
            raise BackendUnavailable(
                f"{what} on {', '.join(names)} alone: {_first_line(error)}; let {_CPU} take what is left"
            ) from None
        raise ManifestError(f"{what}: {_first_line(error)}; export the bundle again, or update onnxruntime") from None
    if session.get_providers()[0] != names[0]:
        raise BackendUnavailable(
            f"{names[0]} did not start, ONNX Runtime fell back to {session.get_providers()[0]}; "
            "install its libraries (CUDA, cuDNN, TensorRT, ...), or choose another provider"
        )
    return session


def _check_signature(session: Any, graph: Graph) -> None:
    """Refuses a file that is not as described; one with symbolic dimensions may give more than is asked of it."""
    for what, tensors, nodes in (
        ("inputs", graph.inputs, session.get_inputs()),
        ("outputs", graph.outputs, session.get_outputs()),
    ):
        wanted = {tensor.name: (_ORT_TYPES[tensor.dtype], tensor.shape) for tensor in tensors}
        found = {node.name: (node.type, tuple(node.shape)) for node in nodes}
        if graph.dims and what == "outputs":
            found = {name: item for name, item in found.items() if name in wanted}
        if wanted != found:
            raise ManifestError(
                f"{graph.file}: {what} are {found}, the manifest says {wanted}; export the bundle again"
            )


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
