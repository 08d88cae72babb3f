"""The machine and the software behind a figure: a figure without them cannot be repeated."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sdst_bench.device import probe_board

__all__ = ["NOT_KNOWN", "Environment", "peak_rss_bytes", "probe_environment", "rss_bytes"]

#: What a field reads when the host does not tell it.
NOT_KNOWN = "not known"

#: Engines beside ONNX Runtime, by the package that has them.
_ENGINES = {"openvino": "OpenVINO", "ncnn": "ncnn", "tensorrt": "TensorRT"}

#: As ``/proc/cpuinfo`` calls them: on x86 VNNI, on Arm the dot product and matrix extensions.
_INT8_FLAGS = ("avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Hardware, system and versions; every text is ``not known`` where the host does not tell it.

    Attributes:
        cpu: name of the processor.
        cores: logical processors of the host.
        cores_usable: logical processors that this process may run on.
        governor: frequency governor of the first processor.
        board: model of a single-board computer, or empty.
        system: operating system and kernel.
        python: version.
        numpy: version.
        onnxruntime: version, or ``not installed``: other engines run without it.
        libsdst: version.
        isa: instruction set whose kernels libsdst runs.
        int8: the processor's instructions for dot products of bytes, on which the speed of INT8 hangs, or ``none``.
        engines: versions of the other engines that this process has loaded, by name.
    """

    cpu: str
    cores: int
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


def probe_environment(root: Path = Path("/")) -> Environment:
    """The environment of this process; files are read under ``root``."""
    import numpy as np

    from sdst_runtime import native

    return Environment(
        cpu=_cpu_name(root),
        cores=os.cpu_count() or 1,
        cores_usable=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        governor=_read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip() or NOT_KNOWN,
        board=probe_board(root).model,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        numpy=np.__version__,
        onnxruntime=_onnxruntime_version(),
        libsdst=native.version(),
        isa=native.isa(),
        int8=_int8_features(root),
        engines={
            name: str(getattr(sys.modules[package], "__version__", NOT_KNOWN))
            for package, name in _ENGINES.items()
            if package in sys.modules
        },
    )


def _onnxruntime_version() -> str:
    from sdst_runtime.errors import BackendUnavailable
    from sdst_runtime.ort_graph import import_onnxruntime

    try:
        return str(import_onnxruntime().__version__)
    except BackendUnavailable:
        return "not installed"


def peak_rss_bytes(root: Path = Path("/")) -> int | None:
    """Most memory that this process has ever held resident, in bytes; None where the host does not tell it."""
    return _status_bytes(root, "VmHWM")


def rss_bytes(root: Path = Path("/")) -> int | None:
    """Memory that this process holds resident now, in bytes; None where the host does not tell it."""
    return _status_bytes(root, "VmRSS")


def _status_bytes(root: Path, name: str) -> int | None:
    found = re.search(rf"^{name}:\s*(\d+) kB$", _read(root / "proc/self/status"), re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def _cpu_name(root: Path) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    return found.group(1).strip() if found else platform.processor() or NOT_KNOWN


def _int8_features(root: Path) -> str:
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    if not found:
        return NOT_KNOWN
    flags = set(found.group(1).split())
    return ", ".join(name for name in _INT8_FLAGS if name in flags) or "none"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
