"""The machine and the software behind a figure: a figure without them cannot be repeated."""

from __future__ import annotations

import os
import platform
import re
import sys

from sdst_bench.host import processor
from sdst_bench.host.board import android_release, probe_board
from sdst_bench.host.host import NOT_KNOWN, Environment
from sdst_bench.host.sysroot import THIS_HOST, Sysroot

__all__ = ["probe_environment"]

#: Engines beside ONNX Runtime, by the package that has them.
_ENGINES = {"openvino": "OpenVINO", "ncnn": "ncnn", "tensorrt": "TensorRT"}


def probe_environment(sysroot: Sysroot = THIS_HOST) -> Environment:
    """The environment of this process."""
    import numpy as np

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


def _cpu(sysroot: Sysroot) -> str:
    return processor.cpu_name(sysroot) or (platform.processor() if sysroot.is_this_host else "") or NOT_KNOWN


def _int8(sysroot: Sysroot) -> str:
    features = processor.cpu_features(sysroot)
    if features is None:
        return NOT_KNOWN
    return ", ".join(name for name in processor.INT8_FEATURES if name in features) or "none"


def _system(sysroot: Sysroot) -> str:
    """Such as ``Linux 6.1.0 aarch64``; of another root the kernel alone, which its files may tell."""
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
