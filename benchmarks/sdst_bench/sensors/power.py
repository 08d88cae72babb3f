"""From what a host's power can be read."""

from __future__ import annotations

from sdst_bench.host.sysroot import Sysroot

__all__ = ["power_source_name"]


def power_source_name(sysroot: Sysroot) -> str:
    """``INA3221``, ``tegrastats`` or ``RAPL``; empty where the host tells no power."""
    if any((folder / "name").exists() for folder in sysroot.glob("sys/bus/i2c/devices/*-004[0-3]/hwmon/hwmon*")):
        return "INA3221"
    return "RAPL" if sysroot.glob("sys/class/powercap/intel-rapl:*/energy_uj") else ""
