"""OpenVINO: graphs in its own format (``.xml`` and ``.bin``), or ONNX graphs as they are.

The tensors of a request are the caller's arrays, so a call copies nothing. A request does not keep these arrays alive
by itself: without a reference of ours it writes into memory that is long somebody else's.

Threads are not pinned to cores: OpenVINO would pin the first thread of every process to the same core.

Importing the package sends a message to its maker, unless ``openvino_telemetry`` is missing; so it is kept missing
while we import it, and OpenVINO's converter has its own stand-in that sends nothing. A program that imported OpenVINO
before has made that decision itself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from numpy.typing import NDArray

from sdst_runtime.engines.engine import first_line
from sdst_runtime.engines.signal_stack import kept_signal_stack
from sdst_runtime.errors import BackendUnavailable, DeviceError, ManifestError, SdstError
from sdst_runtime.manifest import Graph, Precision
from sdst_runtime.ort_graph import OrtOptions

__all__ = ["OpenVinoEngine", "OpenVinoGraph", "import_openvino"]

_TELEMETRY: Final = "openvino_telemetry"
_PRECISION_HINTS: Final[Mapping[Precision, str]] = {"fp32": "f32", "fp16": "f16", "int8": "f32"}


class OpenVinoEngine:
    """OpenVINO on one device.

    Attributes:
        threads: that one graph may use on the CPU.
        device: OpenVINO's name of it.
    """

    def __init__(self, *, threads: int = 1, device: str = "CPU", precision: Precision = "fp32") -> None:
        """Nothing is loaded yet, but the device must be there.

        Args:
            threads: that one graph may use, >= 1; of the CPU only.
            device: such as ``CPU``, ``GPU``, ``GPU.1`` or ``NPU``, in capitals or not.
            precision: of the variant; float32 and int8 variants compute in float32 what is not int8, so that a CPU with
                bfloat16 does not round on its own. float16 ones compute in float16 or bfloat16, which the device has.

        Raises:
            BackendUnavailable: OpenVINO is not installed.
            ConfigError: a number of threads that cannot be.
            DeviceError: OpenVINO does not see that device.
        """
        self.threads = OrtOptions(threads=threads).threads  # the same rule for every engine
        self._runtime = import_openvino()
        with kept_signal_stack():
            self._core = self._runtime.Core()
            devices = self._core.available_devices
        self.device = _find_device(device, devices, self._runtime.__version__)
        self._settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _PRECISION_HINTS[precision],
        }
        if self.device == "CPU":
            self._settings |= {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}

    def load(
        self, model: bytes, weights: bytes | None, graph: Graph, arrays: Mapping[str, NDArray[Any]]
    ) -> OpenVinoGraph:
        """See :class:`sdst_runtime.engines.engine.Engine`."""
        what = f"OpenVINO {self._runtime.__version__} cannot load {graph.file}"
        try:
            network = self._core.read_model(model, b"" if weights is None else weights)
            with kept_signal_stack():
                compiled = self._core.compile_model(network, self.device, self._settings)
                request = compiled.create_infer_request()
        except Exception as error:  # OpenVINO's exceptions are bare RuntimeErrors, and some of its bindings' others
            raise ManifestError(
                f"{what} on {self.device}: {first_line(error)}; export the bundle again, or update openvino"
            ) from None
        _check_signature(compiled, graph)
        return OpenVinoGraph(self._runtime.Tensor, request, graph, arrays)


class OpenVinoGraph:
    """A compiled graph and its one request."""

    def __init__(self, tensor: Any, request: Any, graph: Graph, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Binds the request to arrays; :meth:`OpenVinoEngine.load` makes it.

        Args:
            tensor: OpenVINO's class of tensors.
            request: of the compiled graph.
            graph: what the manifest says of it.
            arrays: by name. Kept.
        """
        self._tensor, self._request, self._file = tensor, request, graph.file
        self._arrays: dict[str, NDArray[Any]] = {}
        for item in (*graph.inputs, *graph.outputs):
            self.bind_input(item.name, arrays[item.name])
        self._start, self._wait = request.start_async, request.wait

    def bind_input(self, name: str, array: NDArray[Any]) -> None:
        """See :class:`sdst_runtime.engines.engine.BoundGraph`."""
        self._request.set_tensor(name, self._tensor(array, shared_memory=True))
        self._arrays[name] = array  # which the request does not keep

    def run(self) -> None:
        """See :class:`sdst_runtime.engines.engine.BoundGraph`."""
        try:
            self._start()  # unlike infer(), which makes a dictionary of outputs
            self._wait()
        except Exception as error:  # a bare RuntimeError
            raise SdstError(
                f"{self._file} failed in OpenVINO: {first_line(error)}; if there is memory left for it, export the "
                "bundle again"
            ) from error


def import_openvino() -> ModuleType:
    """The package ``openvino``, kept from sending anything anywhere.

    Raises:
        BackendUnavailable: it is not installed, or cannot be loaded.
    """
    if "openvino" in sys.modules and sys.modules["openvino"] is not None:
        return sys.modules["openvino"]
    before = sys.modules.get(_TELEMETRY)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # an import of it fails, as if it were not installed
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        raise BackendUnavailable(f"OpenVINO cannot be imported ({error}); pip install 'sdst-edge[openvino]'") from None
    finally:
        if before is None:
            sys.modules.pop(_TELEMETRY, None)
        else:
            sys.modules[_TELEMETRY] = before


def _find_device(name: str, available: Sequence[str], version: str) -> str:
    """OpenVINO's name of a device; ``GPU`` is the first of several."""
    wanted = name.upper()
    if wanted in available or f"{wanted}.0" in available:
        return wanted
    raise DeviceError(
        f"OpenVINO {version} finds no device {name!r} here; it finds {', '.join(available) or 'none'}. Install the "
        "device's driver, or choose one of these"
    )


def _check_signature(compiled: Any, graph: Graph) -> None:
    for what, tensors, ports in (
        ("inputs", graph.inputs, compiled.inputs),
        ("outputs", graph.outputs, compiled.outputs),
    ):
        wanted = {tensor.name: (tensor.dtype, tensor.shape) for tensor in tensors}
        found = {_name(port, wanted): (port.element_type.to_dtype().name, _shape(port)) for port in ports}
        if wanted != found:
            raise ManifestError(
                f"{graph.file}: {what} are {found}, the manifest says {wanted}; export the bundle again"
            )


def _name(port: Any, wanted: Mapping[str, object]) -> str:
    """The name of a port that is wanted, or any: OpenVINO keeps several for one tensor."""
    names = port.get_names()
    return str(min(names & wanted.keys(), default=min(names, default="(no name)")))


def _shape(port: Any) -> tuple[int, ...]:
    return tuple(port.shape) if port.partial_shape.is_static else ()
