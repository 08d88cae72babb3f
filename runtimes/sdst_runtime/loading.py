"""From the path of a bundle, or the name of a student, to a tracker, in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import EngineName, SessionKind, Variant
from sdst_runtime.ort_graph import CPU_PROVIDERS, Provider
from sdst_runtime.ort_session import OrtSession
from sdst_runtime.providers import ProviderSettings, choose_providers, choose_session_kind
from sdst_runtime.session import MaskSession
from sdst_runtime.tracker import Tracker

if TYPE_CHECKING:
    from sdst_runtime.tensorrt import TensorRTSession
    from sdst_runtime.whole_session import WholeSession

__all__ = ["OpenedSession", "SessionChoice", "load", "open_session"]

SessionChoice: TypeAlias = Literal["auto", "baked", "split", "whole"]
OpenedSession: TypeAlias = "OrtSession | WholeSession | TensorRTSession"

_KINDS: dict[str, SessionKind | None] = {"auto": None, "baked": "baked", "split": "split", "whole": "whole"}


def load(
    bundle: Bundle | str | os.PathLike[str],
    session: SessionChoice = "auto",
    threads: int = 1,
    variant: str | None = None,
    *,
    engine: EngineName | None = None,
    accelerator: str | None = None,
    on_build: Callable[[float, str], None] | None = None,
) -> Tracker:
    """A tracker with a session of its own, which :meth:`Tracker.close` closes.

    Args:
        bundle: opened, or the path of its folder or manifest, or the name of a student that comes with the package.
        session: how the template is kept; ``auto`` is the variant's default.
        threads: that the network may use, >= 1.
        variant: of the bundle, None for its default.
        engine: this, and
        accelerator: this, and
        on_build: this as :func:`open_session` takes them.

    Raises:
        ManifestError: it is no bundle, or not what its manifest says.
        BackendUnavailable: the engine or libsdst is missing.
        DeviceError: the accelerator is not there.
        ConfigError: an option that cannot be.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle).of_variant(variant)
    running = open_session(opened, session, threads, variant, engine=engine, accelerator=accelerator, on_build=on_build)
    masks = "mask" in opened.variant(variant).graphs and isinstance(running, MaskSession)
    threshold = opened.manifest.mask.threshold if masks and opened.manifest.mask is not None else None
    try:
        return Tracker(running, opened.manifest.tracker, mask_threshold=threshold, owns_session=True)
    except BaseException:
        running.close()
        raise


def open_session(
    bundle: Bundle | str | os.PathLike[str],
    session: SessionChoice = "auto",
    threads: int = 1,
    variant: str | None = None,
    *,
    providers: Sequence[Provider] | None = None,
    engine: EngineName | None = None,
    accelerator: str | None = None,
    on_build: Callable[[float, str], None] | None = None,
) -> OpenedSession:
    """A session that any number of trackers may share; arguments and errors as in :func:`load`.

    Args:
        bundle: opened, or named, as in :func:`load`.
        session: how templates are kept; ``auto`` is the variant's default.
        threads: that the network may use, >= 1.
        variant: of the bundle, None for its default.
        providers: ONNX Runtime's execution providers by their own names, with or without options, in order of
            preference; None for its CPU.
        engine: that runs the variant, None for its own. ONNX graphs run in ``onnxruntime`` and ``tensorrt``.
        accelerator: that the engine runs on, None for its default, mostly the CPU. ONNX Runtime: a provider, such as
            ``cuda`` (:mod:`sdst_runtime.providers`); OpenVINO: ``CPU``, ``GPU``, ``NPU``; ncnn: ``cpu``, ``vulkan``, or
            ``vulkan:1`` for the second GPU; TensorRT: ``gpu``, or ``gpu:1`` for the second one.
        on_build: called with the share done and what is being built, while TensorRT builds engines, which takes
            minutes and happens once on a device; None for a line in the log.
    """
    if session not in _KINDS:
        raise ConfigError(f"session is {session!r}, expected one of {', '.join(_KINDS)}")
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle).of_variant(variant)
    chosen = opened.variant(variant)
    name = _engine(chosen, engine)
    if name != "onnxruntime" and providers is not None:
        raise ConfigError(
            f"providers are ONNX Runtime's, {name} runs this variant; leave them out, or give an accelerator"
        )
    if name == "onnxruntime":
        kind = _KINDS[session]
        if accelerator is not None:
            if providers is not None:
                raise ConfigError("accelerator and providers both say what ONNX Runtime runs on; give one of them")
            kind = choose_session_kind(accelerator, kind)
            cache = opened.path / "engines" / "onnxruntime" if os.access(opened.path, os.W_OK) else None
            providers = choose_providers(accelerator, ProviderSettings.of(chosen, threads=threads, cache=cache))
        chosen_providers = CPU_PROVIDERS if providers is None else providers
        return OrtSession(opened, kind=kind, variant=variant, threads=threads, providers=chosen_providers)
    if name == "tensorrt":
        return _open_tensorrt(opened, session, variant, accelerator, on_build)
    from sdst_runtime.whole_session import open_whole

    if session not in ("auto", "whole"):
        raise ConfigError(f"session is {session!r}, but {name} runs one graph a frame; choose whole or auto")
    return open_whole(opened, variant=variant, threads=threads, accelerator=accelerator)


def _open_tensorrt(
    bundle: Bundle,
    session: SessionChoice,
    variant: str | None,
    accelerator: str | None,
    on_build: Callable[[float, str], None] | None,
) -> TensorRTSession:
    from sdst_runtime.tensorrt import TensorRTOptions, open_tensorrt_session

    if session not in ("auto", "split"):
        raise ConfigError(f"session is {session!r}, but TensorRT keeps kernels beside its engines: split or auto")
    device = (accelerator or "gpu:0").removeprefix("gpu").removeprefix(":") or "0"
    if not device.isdecimal():
        raise ConfigError(f"accelerator is {accelerator!r}, expected gpu, or gpu:1 for the second one, for TensorRT")
    options = TensorRTOptions(device=int(device))
    return open_tensorrt_session(bundle, variant=variant, options=options, on_progress=on_build)


def _engine(variant: Variant, engine: EngineName | None) -> EngineName:
    """The engine that runs a variant: the one asked for, if it takes the variant's graphs."""
    if engine is None or engine == variant.engine:
        return variant.engine
    if engine not in get_args(EngineName):
        raise ConfigError(f"engine is {engine!r}, expected one of {', '.join(get_args(EngineName))}")
    onnx: tuple[EngineName, ...] = ("onnxruntime", "tensorrt")
    if variant.engine not in onnx or engine not in onnx:
        raise ConfigError(
            f"engine is {engine}, but this variant was made for {variant.engine}; choose a variant that was made for "
            f"{engine}, or export one"
        )
    if engine == "tensorrt" and "trunk" in variant.graphs:
        raise ConfigError(
            "this variant keeps its backbone once, as ONNX Runtime takes it; export with --engine tensorrt"
        )
    if engine == "tensorrt" and variant.reads_bytes:
        raise ConfigError(
            "this variant's graphs begin with bytes, as ONNX Runtime takes them; export with --engine tensorrt"
        )
    return engine
