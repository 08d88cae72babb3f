"""GPUs that CUDA sees, and the versions of CUDA and TensorRT."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import re
from typing import Final

from sdst_bench.host.host import Board, Gpu, Jetson
from sdst_bench.host.sysroot import Sysroot

__all__ = ["cuda_version", "probe_gpus", "tensorrt_version"]

#: Asked of nvidia-smi; drivers before 510 do not know ``compute_cap``, and refuse the whole question.
_QUERIES: Final = ("name,memory.total,driver_version,compute_cap", "name,memory.total,driver_version")

#: Each has the module ``tensorrt``.
_TENSORRT_PACKAGES: Final = ("tensorrt", "tensorrt-cu13", "tensorrt-cu12")


def probe_gpus(sysroot: Sysroot, board: Board, jetson: Jetson | None) -> tuple[Gpu, ...]:
    """The GPUs; a Jetson's by its device tree, as nvidia-smi and NVML are absent or tell zeros there."""
    if jetson is not None:
        return (Gpu(name=f"{jetson.family} ({board.soc})", sm=jetson.sm),)
    for query in _QUERIES:
        answer = sysroot.run("nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits")
        if answer:
            return tuple(_gpu(row) for row in csv.reader(answer.splitlines(), skipinitialspace=True) if len(row) > 2)
    return ()


def cuda_version(sysroot: Sysroot) -> str:
    """Of the toolkit; empty where there is none."""
    listed = _listed_version(sysroot.read("usr/local/cuda/version.json") or "")
    if listed:
        return listed
    compiler = sysroot.run("nvcc", "--version") or ""
    if not compiler and sysroot.is_this_host:  # JetPack does not put it on the PATH
        compiler = sysroot.run("/usr/local/cuda/bin/nvcc", "--version") or ""
    found = re.search(r"release [\d.]+, V([\d.]+)", compiler)
    return found.group(1) if found else ""


def tensorrt_version(sysroot: Sysroot) -> str:
    """Of this process's Python package, which is not imported for it, else of Debian's libraries; empty: neither."""
    for package in _TENSORRT_PACKAGES if sysroot.is_this_host else ():
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    packages = sysroot.run("dpkg-query", "-W", "libnvinfer*") or ""
    found = re.search(r"^libnvinfer\d+\t(\d+(?:\.\d+)+)", packages, re.MULTILINE)
    return found.group(1) if found else ""


def _gpu(row: list[str]) -> Gpu:
    name, mebibytes, driver, *capability = (item.strip() for item in row)
    return Gpu(
        name=name,
        sm=capability[0] if capability and re.fullmatch(r"\d+\.\d+", capability[0]) else "",
        memory_bytes=int(mebibytes) * 2**20 if mebibytes.isdecimal() else None,  # [N/A] where it is the host's
        driver=driver,
    )


def _listed_version(text: str) -> str:
    """``cuda.version`` of the toolkit's own list of its parts."""
    try:
        return str(json.loads(text)["cuda"]["version"])
    except (ValueError, KeyError, TypeError):
        return ""
