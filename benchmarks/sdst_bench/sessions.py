"""Which sessions can run in this Python: each is tried as far as that goes without a bundle."""

from __future__ import annotations

import importlib
import importlib.util
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from sdst_bench.host.host import Host
from sdst_bench.installing import install_command
from sdst_runtime.engines.engine import first_line
from sdst_runtime.errors import BackendUnavailable, SdstError

__all__ = ["SessionFinding", "can_run", "find_sessions"]

#: An ONNX graph, y = Relu(x), float32 (1, 4): opset 13, IR version 8. A provider that is in the build may still lack
#: its libraries, or kernels for the GPU; only a run shows it.
_RELU: Final = bytes.fromhex(
    "08083a3b0a0c0a0178120179220452656c751201675a130a0178120e0a0c080112080a0208010a02080462130a0179120e0a0c0801120"
    "80a0208010a02080442040a00100d"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFinding:
    """Something that a tracker runs on, and whether it is there.

    Attributes:
        name: such as ``onnxruntime cuda``; the second word is the accelerator.
        role: the ``core`` around every network, an ``engine`` that runs it, or where ``frames`` come from.
        ok: whether it can be used.
        detail: version and devices, or why it cannot be used.
        install: the command that would help; empty where it is there, or none would.
    """

    name: str
    role: Literal["core", "engine", "frames"]
    ok: bool
    detail: str
    install: str = ""


def find_sessions(host: Host) -> tuple[SessionFinding, ...]:
    """What is here and what is not, of this process's packages; commands suit the host.

    ONNX Runtime's providers are told where they are in the build, or could be on such a host.
    """
    return (
        _find("libsdst", "core", _libsdst, host),
        *_onnxruntime_findings(host),
        _find("tensorrt", "engine", partial(_tensorrt, host), host),
        _find("openvino", "engine", _openvino, host),
        *_ncnn_findings(host),
        _find("opencv", "frames", _opencv, host),
    )


def can_run(findings: tuple[SessionFinding, ...]) -> bool:
    """Whether a bundle can run at all: the core is there, and one engine."""
    core = all(finding.ok for finding in findings if finding.role == "core")
    return core and any(finding.ok for finding in findings if finding.role == "engine")


def _find(name: str, role: Literal["core", "engine", "frames"], check: Callable[[], str], host: Host) -> SessionFinding:
    """What a check says; it raises where it cannot be used."""
    try:
        return SessionFinding(name=name, role=role, ok=True, detail=check())
    except SdstError as error:
        reason = str(error)
    except Exception as error:  # a broken package may raise anything while it is imported
        reason = f"{type(error).__name__}: {first_line(error)}"
    return SessionFinding(name=name, role=role, ok=False, detail=reason, install=install_command(name, host))


def _require(package: str) -> None:
    """Tells a package that is not there from one that is broken."""
    if sys.modules.get(package) is None and importlib.util.find_spec(package) is None:
        raise BackendUnavailable("not installed")


def _libsdst() -> str:
    from sdst_runtime import native

    return f"{native.version()}, {native.isa()} kernels"


def _onnxruntime_findings(host: Host) -> Iterator[SessionFinding]:
    cpu = _find("onnxruntime", "engine", partial(_provider, "cpu"), host)
    yield cpu
    if cpu.ok:
        for name in _providers(host):
            yield _find(f"onnxruntime {name}", "engine", partial(_provider, name), host)


def _providers(host: Host) -> list[str]:
    """Short names of providers, but the CPU's."""
    from sdst_runtime.ort_graph import import_onnxruntime
    from sdst_runtime.providers import PROVIDERS

    possible = {
        "cuda": bool(host.gpus),
        "tensorrt": bool(host.gpus),
        "openvino": platform.machine() in ("x86_64", "AMD64") and host.jetson is None,
        "coreml": sys.platform == "darwin",
        "dml": sys.platform == "win32",
        "qnn": host.environment.system.startswith("Android"),
    }
    built = import_onnxruntime().get_available_providers()
    return [name for name, rule in PROVIDERS.items() if name != "cpu" and (rule.name in built or possible.get(name))]


def _provider(name: str) -> str:
    """Runs a graph of one node."""
    from sdst_runtime.manifest import Graph, Tensor
    from sdst_runtime.ort_graph import OrtGraph, OrtOptions, empty_arrays, import_onnxruntime
    from sdst_runtime.providers import PROVIDERS, choose_providers

    _require("onnxruntime")
    runtime = import_onnxruntime()
    if PROVIDERS[name].name not in runtime.get_available_providers():
        raise BackendUnavailable(f"ONNX Runtime {runtime.__version__} here is built without it")
    tensors = tuple(Tensor(name=tensor, shape=(1, 4), dtype="float32") for tensor in "xy")
    graph = Graph(file="a trial graph", sha256="", size_bytes=len(_RELU), inputs=tensors[:1], outputs=tensors[1:])
    OrtGraph(_RELU, graph, OrtOptions(providers=choose_providers(name)), empty_arrays(tensors)).run()
    return str(runtime.__version__)


def _tensorrt(host: Host) -> str:
    """Opens a GPU by one of CUDA's bindings; no engine is built."""
    from sdst_runtime.tensorrt.binding import import_tensorrt
    from sdst_runtime.tensorrt.cuda import open_cuda

    try:
        _require("tensorrt")
    except BackendUnavailable:
        if not host.tensorrt:
            raise BackendUnavailable(f"not installed{'' if host.gpus else '; CUDA sees no GPU here'}") from None
        raise BackendUnavailable(
            f"TensorRT {host.tensorrt} is on this host, but Python {platform.python_version()} does not see its "
            "module: take the system's Python, in a virtual environment made with --system-site-packages"
        ) from None
    version = import_tensorrt().__version__
    cuda = open_cuda()
    try:
        return f"{version} on {cuda.device}, CUDA {cuda.device.driver}, by {cuda.name}"
    finally:
        cuda.close()


def _openvino() -> str:
    from sdst_runtime.engines.openvino_engine import import_openvino

    _require("openvino")
    runtime = import_openvino()
    version, devices = str(runtime.__version__).partition("-")[0], runtime.Core().available_devices
    if not devices:
        raise BackendUnavailable(f"OpenVINO {version} finds no device")
    return f"{version} on {', '.join(devices)}"


def _ncnn_findings(host: Host) -> Iterator[SessionFinding]:
    cpu = _find("ncnn", "engine", _ncnn, host)
    yield cpu
    if cpu.ok:
        yield _find("ncnn vulkan", "engine", _ncnn_vulkan, host)


def _ncnn() -> str:
    from sdst_runtime.engines.ncnn_engine import import_ncnn

    _require("ncnn")
    return str(import_ncnn().__version__)


def _ncnn_vulkan() -> str:
    from sdst_runtime.engines.ncnn_engine import vulkan_devices

    return f"{_ncnn()} on {', '.join(vulkan_devices())}"


def _opencv() -> str:
    _require("cv2")
    cv2 = importlib.import_module("cv2")
    registry = cv2.videoio_registry
    present = (item for item in registry.getBackends() if registry.hasBackend(item))
    names = dict.fromkeys(registry.getBackendName(item) for item in present)
    return f"{cv2.__version__}, videos and cameras by {', '.join(names) or 'nothing'}"
