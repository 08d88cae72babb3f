"""The machine and the software behind a figure: a figure without them cannot be repeated."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from sdst_bench.host import processor
from sdst_bench.host.sysroot import THIS_HOST, Sysroot

__all__ = ["NOT_KNOWN", "Environment", "peak_rss_bytes", "probe_environment", "rss_bytes"]

#: What a field reads when the host does not tell it.
NOT_KNOWN = "not known"

#: Engines beside ONNX Runtime, by the package that has them.
_ENGINES = {"openvino": "OpenVINO", "ncnn": "ncnn", "tensorrt": "TensorRT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Hardware, system and versions; every text is ``not known`` where the host does not tell it.

    Of another root, hardware and system are that root's; versions and ``cores_usable`` are this process's.

    Attributes:
        cpu: name of the processor.
        cores: logical processors of the host; None where another root does not tell it.
        cores_usable: logical processors that this process may run on.
        governor: frequency governor of the first processor.
        board: model of a single-board computer, or empty.
        system: operating system and kernel.
        python: version.
        numpy: version.
        onnxruntime: version, or ``not installed``: other engines run without it.
        libsdst: version, or ``not installed``.
        isa: instruction set whose kernels libsdst runs.
        int8: the processor's instructions for dot products of bytes, on which the speed of INT8 hangs, or ``none``.
        engines: versions of the other engines that this process has loaded, by name.
    """

    cpu: str
    cores: int | None
    cores_usable: int
    governor: str
    board: str
    system: str
    python: str
    numpy: str
    onnxruntime: str
    libsdst: str
    isa: str
    int8: str
    engines: Mapping[str, str] = field(default_factory=dict)


def probe_environment(sysroot: Sysroot = THIS_HOST) -> Environment:
    """The environment of this process."""
    import numpy as np

    from sdst_bench.host.board import probe_board  # which imports this module

    libsdst, isa = _libsdst()
    here = os.cpu_count() or 1
    return Environment(
        cpu=_cpu(sysroot),
        cores=processor.count_cpus(sysroot) or (here if sysroot.is_this_host else None),
        cores_usable=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else here,
        governor=sysroot.read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or NOT_KNOWN,
        board=probe_board(sysroot).model,
        system=_system(sysroot),
        python=platform.python_version(),
        numpy=np.__version__,
        onnxruntime=_onnxruntime_version(),
        libsdst=libsdst,
        isa=isa,
        int8=_int8(sysroot),
        engines={
            name: str(getattr(sys.modules[package], "__version__", NOT_KNOWN))
            for package, name in _ENGINES.items()
            if package in sys.modules
        },
    )


def peak_rss_bytes(sysroot: Sysroot = THIS_HOST) -> int | None:
    """Most memory that this process has ever held resident, in bytes; None where the host does not tell it."""
    return _status_bytes(sysroot, "VmHWM")


def rss_bytes(sysroot: Sysroot = THIS_HOST) -> int | None:
    """Memory that this process holds resident now, in bytes; None where the host does not tell it."""
    return _status_bytes(sysroot, "VmRSS")


def _status_bytes(sysroot: Sysroot, name: str) -> int | None:
    found = re.search(rf"^{name}:\s*(\d+) kB$", sysroot.read("proc/self/status") or "", re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def _cpu(sysroot: Sysroot) -> str:
    return processor.cpu_name(sysroot) or (platform.processor() if sysroot.is_this_host else "") or NOT_KNOWN


def _int8(sysroot: Sysroot) -> str:
    features = processor.cpu_features(sysroot)
    if features is None:
        return NOT_KNOWN
    return ", ".join(name for name in processor.INT8_FEATURES if name in features) or "none"


def _system(sysroot: Sysroot) -> str:
    """Such as ``Linux 6.1.0 aarch64``; of another root the kernel alone, which its files may tell."""
    from sdst_bench.host.board import android_release  # which imports this module

    if sysroot.is_this_host:
        kernel = f"{platform.system()} {platform.release()} {platform.machine()}"
    else:
        release = sysroot.read("proc/sys/kernel/osrelease")
        named = re.match(r"Linux version (\S+)", sysroot.read("proc/version") or "")
        kernel = f"Linux {release}" if release else f"Linux {named.group(1)}" if named else NOT_KNOWN
    android = android_release(sysroot)
    return f"Android {android}, {kernel}" if android else kernel


def _libsdst() -> tuple[str, str]:
    from sdst_runtime import native
    from sdst_runtime.errors import BackendUnavailable

    try:
        return native.version(), native.isa()
    except BackendUnavailable:
        return "not installed", NOT_KNOWN


def _onnxruntime_version() -> str:
    from sdst_runtime.errors import BackendUnavailable
    from sdst_runtime.ort_graph import import_onnxruntime

    try:
        return str(import_onnxruntime().__version__)
    except BackendUnavailable:
        return "not installed"
