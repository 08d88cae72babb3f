"""Sensors of hosts that are not at hand, laid out as folders. Constructed: no board or PC has produced them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.fake_orin import write_file

__all__ = ["AGX_RAILS", "fake_agx_orin", "fake_rapl", "write_rapl_zone"]

#: Chip and channel, label, mV and mA, whose product is what the quoted line of an AGX Orin reads.
AGX_RAILS = (
    ("1-0040/hwmon/hwmon3", 1, "VDD_GPU_SOC", 5000, 468),
    ("1-0040/hwmon/hwmon3", 2, "VDD_CPU_CV", 5000, 78),
    ("1-0040/hwmon/hwmon3", 3, "VIN_SYS_5V0", 5000, 805),
    ("1-0041/hwmon/hwmon4", 1, "NC", 0, 0),
    ("1-0041/hwmon/hwmon4", 2, "VDDQ_VDD2_1V8AO", 5016, 60),
    ("1-0041/hwmon/hwmon4", 3, "NC", 0, 0),
)


def fake_agx_orin(folder: Path) -> Path:
    """The two chips of an AGX Orin; channel 7 of each sums the shunts' voltages, as the kernel's driver has it."""
    for chip, channel, label, millivolts, milliamperes in AGX_RAILS:
        place = f"sys/bus/i2c/devices/{chip}"
        write_file(folder, f"{place}/name", "ina3221\n")
        write_file(folder, f"{place}/in{channel}_label", f"{label}\n")
        write_file(folder, f"{place}/in{channel}_input", f"{millivolts}\n")
        write_file(folder, f"{place}/curr{channel}_input", f"{milliamperes}\n")
        write_file(folder, f"{place}/in7_label", "sum of shunt voltages\n")
        write_file(folder, f"{place}/in7_input", "999\n")
        write_file(folder, f"{place}/curr4_input", "9999\n")
    return folder


def fake_rapl(folder: Path, packages: Sequence[int] = (0,)) -> Path:
    """Processors with cores and memory that count from 0 to 262144 J, and the platform that overlaps them."""
    for package in packages:
        write_rapl_zone(folder, f"intel-rapl:{package}", f"package-{package}", 1_000_000)
        write_rapl_zone(folder, f"intel-rapl:{package}:0", "core", 500_000)
        write_rapl_zone(folder, f"intel-rapl:{package}:1", "dram", 200_000)
    write_rapl_zone(folder, f"intel-rapl:{len(packages)}", "psys", 3_000_000)
    write_rapl_zone(folder, "intel-rapl-mmio:0", "package-0", 1_000_000)
    return folder


def write_rapl_zone(folder: Path, zone: str, name: str, energy_uj: int) -> None:
    """A counter that reads ``energy_uj`` now."""
    write_file(folder, f"sys/class/powercap/{zone}/name", f"{name}\n")
    write_file(folder, f"sys/class/powercap/{zone}/energy_uj", f"{energy_uj}\n")
    write_file(folder, f"sys/class/powercap/{zone}/max_energy_range_uj", "262143328850\n")
