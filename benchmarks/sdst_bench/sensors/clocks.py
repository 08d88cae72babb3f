"""Clocks of processors, GPU and memory."""

from __future__ import annotations

import re
from pathlib import Path

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.sensors.files import read_number

__all__ = ["read_clocks_max_mhz", "read_clocks_mhz"]

#: Jetson's integrated GPUs in ``/sys/class/devfreq``: ``17000000.gpu`` (Orin, JetPack 6), ``17000000.ga10b`` (Orin,
#: JetPack 5), ``.gv11b`` (Xavier), ``.gp10b`` (TX2), ``gpu-gpc-0`` (Thor).
_GPU_NODE = re.compile(r"gpu|ga10b|gv11b|gp10b")

#: Clock of the memory controller: debugfs of JetPack 5 and later, and of JetPack 4; root alone may read it.
_EMC_HZ = ("sys/kernel/debug/bpmp/debug/clk/emc/rate", "sys/kernel/debug/clk/emc/clk_rate")
_EMC_MAX_HZ = ("sys/kernel/debug/bpmp/debug/clk/emc/max_rate", "sys/kernel/debug/clk/emc/clk_max_rate")


def read_clocks_mhz(sysroot: Sysroot) -> dict[str, float]:
    """Clocks now: ``cpu0`` and so on, ``gpu`` and ``emc`` where the host tells them."""
    cpus = _cpus_mhz(sysroot, "scaling_cur_freq") or _cpuinfo_mhz(sysroot)
    return cpus | _gpus_mhz(sysroot, "cur_freq") | _emc_mhz(sysroot, _EMC_HZ)


def read_clocks_max_mhz(sysroot: Sysroot) -> dict[str, float]:
    """The highest clocks that the present settings allow, by the same names; virtual machines often tell none."""
    return _cpus_mhz(sysroot, "scaling_max_freq") | _gpus_mhz(sysroot, "max_freq") | _emc_mhz(sysroot, _EMC_MAX_HZ)


def _cpus_mhz(sysroot: Sysroot, name: str) -> dict[str, float]:
    """From kHz of cpufreq (kernel, ``admin-guide/pm/cpufreq.rst``), in the order of the processors' numbers."""
    by_cpu = {}
    for path in sysroot.glob(f"sys/devices/system/cpu/cpu[0-9]*/cpufreq/{name}"):
        khz = read_number(path)
        if khz is not None:
            by_cpu[int(path.parent.parent.name.removeprefix("cpu"))] = khz / 1e3
    return {f"cpu{index}": by_cpu[index] for index in sorted(by_cpu)}


def _cpuinfo_mhz(sysroot: Sysroot) -> dict[str, float]:
    """What x86 says without cpufreq. A virtual machine is told one figure for all time: nothing that was measured."""
    text = sysroot.read("proc/cpuinfo") or ""
    if re.search(r"^flags\s*:.*\bhypervisor\b", text, re.MULTILINE):
        return {}
    values = re.findall(r"^cpu MHz\s*:\s*(\d+(?:\.\d+)?)\s*$", text, re.MULTILINE)
    return {f"cpu{index}": float(value) for index, value in enumerate(values)}


def _gpus_mhz(sysroot: Sysroot, name: str) -> dict[str, float]:
    """From Hz of devfreq. The first is ``gpu``; Thor's other domain, of its video engines, keeps its node's name."""
    nodes = [node for node in sysroot.glob("sys/class/devfreq/*") if _GPU_NODE.search(node.name)]
    clocks = {}
    for node in sorted(nodes, key=_behind_graphics):
        hz = read_number(node / name)
        if hz is not None:
            clocks[node.name if "gpu" in clocks else "gpu"] = hz / 1e6
    return clocks


def _behind_graphics(node: Path) -> tuple[bool, str]:
    return "nvd" in node.name, node.name


def _emc_mhz(sysroot: Sysroot, names: tuple[str, ...]) -> dict[str, float]:
    values = (read_number(path) for name in names for path in sysroot.glob(name))
    return next(({"emc": hz / 1e6} for hz in values if hz), {})
