"""ONNX Runtime's execution providers by short names, such as ``cuda``, with options that suit a tracker.

Tried: ``cpu``, ``openvino`` on a CPU. All others are built by their documentation and not verified on hardware.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sdst_runtime.errors import BackendUnavailable, ConfigError
from sdst_runtime.manifest import Precision, SessionKind, Variant
from sdst_runtime.ort_graph import CPU_PROVIDERS, Provider, import_onnxruntime
from sdst_runtime.suggestions import closest

__all__ = ["PROVIDERS", "ProviderRule", "ProviderSettings", "choose_providers", "choose_session_kind"]

Options = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """What a provider's options follow from.

    Attributes:
        threads: that one graph may use, >= 1.
        precision: of the variant's weights.
        cache: folder, of this very variant, for what a provider compiles; None keeps nothing.
    """

    threads: int = 1
    precision: Precision = "fp32"
    cache: Path | None = None

    @classmethod
    def of(cls, variant: Variant, *, threads: int = 1, cache: Path | None = None) -> ProviderSettings:
        """Settings for a variant, with a folder of its own in ``cache``.

        TensorRT's provider knows a graph that it has compiled by its names and shapes, not by its weights: two variants
        in one folder would take each other's engines.
        """
        digests = "".join(graph.sha256.lower() for _, graph in sorted(variant.graphs.items()))
        folder = None if cache is None else cache / hashlib.sha256(digests.encode()).hexdigest()[:16]
        return cls(threads=threads, precision=variant.precision, cache=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRule:
    """One provider.

    Attributes:
        name: ONNX Runtime's.
        package: that has it, for the message where it is absent.
        options: from the settings.
        device_option: what a device behind the name is called, such as ``1`` in ``cuda:1``; empty: there is no choice.
        compiles: whether it builds a graph anew for every session, which takes too long for a session per target.
    """

    name: str
    package: str
    options: Callable[[ProviderSettings], Options]
    device_option: str = ""
    compiles: bool = False


def choose_providers(
    accelerator: str, settings: ProviderSettings | None = None, *, strict: bool = False
) -> tuple[Provider, ...]:
    """What ONNX Runtime is to run a graph on.

    Args:
        accelerator: a key of :data:`PROVIDERS`, alone or with a device: ``cuda``, ``cuda:1``, ``openvino:GPU``.
        settings: None for the defaults.
        strict: a graph with a node that the provider does not take is refused; else the CPU runs such nodes.

    Returns:
        In order of preference; the CPU's comes last, unless ``strict``.

    Raises:
        ConfigError: no provider has that name, or it has no choice of devices.
        BackendUnavailable: ONNX Runtime, or its build with that provider, is not installed.
    """
    settings = ProviderSettings() if settings is None else settings
    name, _, device = accelerator.partition(":")
    rule = _rule(name)
    if name == "cpu":
        if device:
            raise ConfigError(f"accelerator is {accelerator!r}, expected 'cpu': there is no choice of devices")
        return CPU_PROVIDERS
    available = _require(name, rule)
    chosen: list[Provider] = [(rule.name, _options(rule, accelerator, settings))]
    if name == "tensorrt" and PROVIDERS["cuda"].name in available:  # for what TensorRT leaves, on the same GPU
        chosen.append((PROVIDERS["cuda"].name, _options(PROVIDERS["cuda"], accelerator, settings)))
    return tuple(chosen) if strict else (*chosen, *CPU_PROVIDERS)


def choose_session_kind(accelerator: str, kind: SessionKind | None) -> SessionKind | None:
    """The kind of session that goes with a provider.

    A baked head is another graph for every target. A provider that compiles would take seconds to minutes for each, and
    TensorRT's cache would give one target's kernels to the next, as it does not look at weights.

    Args:
        accelerator: as for :func:`choose_providers`.
        kind: that was asked for, None for the variant's own.

    Raises:
        ConfigError: ``baked`` was asked for, on a provider that compiles; or there is no such provider.
    """
    name = accelerator.partition(":")[0]
    if not _rule(name).compiles:
        return kind
    if kind == "baked":
        raise ConfigError(
            f"session is baked, but {name} compiles each graph, one per target here; choose split or auto"
        )
    return "split" if kind is None else kind


def _rule(name: str) -> ProviderRule:
    if name in PROVIDERS:
        return PROVIDERS[name]
    meant = closest(name, PROVIDERS)
    raise ConfigError(
        f"accelerator is {name!r}, {f'did you mean {meant!r}? ' if meant else ''}"
        f"ONNX Runtime's are {', '.join(PROVIDERS)} here"
    )


def _require(name: str, rule: ProviderRule) -> list[str]:
    """Providers of the installed ONNX Runtime, the wanted one among them."""
    runtime = import_onnxruntime()
    available: list[str] = runtime.get_available_providers()
    if rule.name not in available:
        short = [key for key, item in PROVIDERS.items() if item.name in available]
        raise BackendUnavailable(
            f"ONNX Runtime {runtime.__version__} here has no {rule.name} ({name}), it has {', '.join(short)}; "
            f"install {rule.package}, in place of this onnxruntime, or choose one of these"
        )
    return available


def _options(rule: ProviderRule, accelerator: str, settings: ProviderSettings) -> Options:
    device = accelerator.partition(":")[2]
    if device and not rule.device_option:
        raise ConfigError(f"accelerator is {accelerator!r}, but {rule.name} has no choice of devices")
    return rule.options(settings) | ({rule.device_option: device} if device else {})


def _flags(flags: Mapping[str, bool]) -> Options:
    return {name: "1" if value else "0" for name, value in flags.items()}


def _cuda(_: ProviderSettings) -> Options:
    return {"arena_extend_strategy": "kSameAsRequested"}  # a board's GPU shares its memory with everything else


def _tensorrt(settings: ProviderSettings) -> Options:
    """The flags permit what the graph asks for; with TensorRT 11, which has no such flags, the graph alone decides."""
    flags = {"trt_fp16_enable": settings.precision != "fp32", "trt_int8_enable": settings.precision == "int8"}
    if settings.cache is None:
        return _flags(flags)
    kept = _flags({"trt_engine_cache_enable": True, "trt_timing_cache_enable": True})
    where = str(settings.cache)
    return _flags(flags) | kept | {"trt_engine_cache_path": where, "trt_timing_cache_path": where}


def _openvino(settings: ProviderSettings) -> Options:
    kept = {} if settings.cache is None else {"cache_dir": str(settings.cache)}
    return {"device_type": "CPU", "num_of_threads": str(settings.threads)} | kept


def _coreml(_: ProviderSettings) -> Options:
    """Nothing is cached: its cache knows a graph that comes as bytes by its names, not by its weights."""
    return {"ModelFormat": "MLProgram", "MLComputeUnits": "ALL", "RequireStaticInputShapes": "1"}


def _qnn(settings: ProviderSettings) -> Options:
    """The NPU wants int8 in Q/DQ form, as ``onnx/int8-qdq`` has it; a float variant runs there in float16."""
    return {
        "backend_type": "htp",
        "htp_performance_mode": "sustained_high_performance",
        "enable_htp_fp16_precision": "0" if settings.precision == "int8" else "1",
    }


def _xnnpack(settings: ProviderSettings) -> Options:
    """It has a pool of threads of its own, beside ONNX Runtime's, whose threads do not spin here."""
    return {"intra_op_num_threads": str(settings.threads)}


def _none(_: ProviderSettings) -> Options:
    return {}


#: By the names that users give.
PROVIDERS: Final[Mapping[str, ProviderRule]] = {
    "cpu": ProviderRule(name="CPUExecutionProvider", package="onnxruntime", options=_none),
    "cuda": ProviderRule(
        name="CUDAExecutionProvider",
        package="onnxruntime-gpu; on a Jetson, the wheel for its JetPack from NVIDIA's own index",
        options=_cuda,
        device_option="device_id",
    ),
    "tensorrt": ProviderRule(
        name="TensorrtExecutionProvider",
        package="onnxruntime-gpu and TensorRT; on a Jetson, the wheel for its JetPack from NVIDIA's own index",
        options=_tensorrt,
        device_option="device_id",
        compiles=True,
    ),
    "openvino": ProviderRule(
        name="OpenVINOExecutionProvider",
        package="onnxruntime-openvino",
        options=_openvino,
        device_option="device_type",
        compiles=True,
    ),
    "coreml": ProviderRule(
        name="CoreMLExecutionProvider",
        package="onnxruntime on macOS, where the ordinary wheel has it",
        options=_coreml,
        device_option="MLComputeUnits",
        compiles=True,
    ),
    "qnn": ProviderRule(
        name="QNNExecutionProvider",
        package="onnxruntime-qnn (Snapdragon)",
        options=_qnn,
        device_option="backend_type",
        compiles=True,
    ),
    "xnnpack": ProviderRule(
        name="XnnpackExecutionProvider",
        package="a build of ONNX Runtime with --use_xnnpack; no wheel on PyPI has it",
        options=_xnnpack,
    ),
    "dml": ProviderRule(
        name="DmlExecutionProvider",
        package="onnxruntime-directml (Windows)",
        options=_none,
        device_option="device_id",
    ),
}
