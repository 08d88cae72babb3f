"""Temperatures of a host's own sensors."""

from __future__ import annotations

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.sensors.files import read_number, read_text
from sdst_bench.sensors.names import named_apart

__all__ = ["read_temperatures_c"]

#: What a Jetson's sensor reads while the engine beside it is off, such as ``CV0@-256C`` of tegrastats.
_OFF_C = -256.0

#: Drivers of hwmon that read processors, where no thermal zone does.
_PROCESSORS = ("coretemp", "k10temp")


def read_temperatures_c(sysroot: Sysroot) -> dict[str, float]:
    """Degrees Celsius by sensor; those that are off or cannot be read now are left out.

    Thermal zones (kernel, ``driver-api/thermal/sysfs-api.rst``) by their type, and what hwmon tells of x86 processors
    (``hwmon/sysfs-interface.rst``) as ``coretemp Core 0``. Both are in thousandths of a degree.
    """
    found: list[tuple[str, float]] = []
    for zone in sysroot.glob("sys/class/thermal/thermal_zone*"):
        millidegrees = read_number(zone / "temp")
        if millidegrees is not None:
            found.append((read_text(zone / "type") or zone.name, millidegrees / 1e3))
    for device in sysroot.glob("sys/class/hwmon/hwmon*"):
        driver = read_text(device / "name")
        if driver in _PROCESSORS:
            for file in sorted(device.glob("temp*_input")):
                millidegrees = read_number(file)
                if millidegrees is not None:
                    number = file.name.removesuffix("_input")
                    label = read_text(device / f"{number}_label") or number
                    found.append((f"{driver} {label}", millidegrees / 1e3))
    return named_apart([(name, celsius) for name, celsius in found if celsius > _OFF_C])
