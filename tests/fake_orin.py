"""A folder laid out like the root of a Jetson Orin Nano with JetPack 6. Constructed: no board has produced it.

Texts are quotations: device tree, ``nv_tegra_release``, ``nvpmodel -q`` and lines of tegrastats from users' reports
(beszel ``agent/gpu_test.go``, jetson_exporter #14; ``...`` is where the quotation leaves something out). Files of sysfs
are laid out by the kernel's documentation (``hwmon/ina3221.rst``, ``driver-api/thermal/sysfs-api.rst``,
``admin-guide/pm/cpufreq.rst``) around the figures of these lines; the governor is the one that JetPack sets. What no
quotation tells, the folder does not have.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["AGX_ORIN_LINE", "NO_ROOT_LINE", "ORIN_NANO_LINE", "TX2_LINE", "fake_orin", "write_command", "write_file"]

#: An Orin Nano with JetPack 6.
ORIN_NANO_LINE = (
    "11-15-2024 08:38:09 RAM 6185/7620MB (lfb 8x2MB) SWAP 851/3810MB (cached 1MB) "
    "CPU [15%@729,11%@729,14%@729,13%@729,11%@729,8%@729] EMC_FREQ 43%@2133 GR3D_FREQ 63%@[621] NVDEC off ... "
    "cpu@53.968C gpu@53.343C tj@53.968C VDD_IN 12479mW/12479mW VDD_CPU_GPU_CV 4667mW/4667mW VDD_SOC 2817mW/2817mW"
)
#: The same board as a user other than root sees it.
NO_ROOT_LINE = "... GR3D_FREQ 0% cpu@50.031C ... VDD_IN 4824mW/4824mW VDD_CPU_GPU_CV 518mW/518mW VDD_SOC 1475mW/1475mW"
#: An AGX Orin with 64 GB: no total, sensors that are off, rails that are not connected.
AGX_ORIN_LINE = (
    "04-11-2025 10:36:27 RAM 4321/62801MB (lfb 1759x4MB) ... EMC_FREQ 0%@2133 GR3D_FREQ 0%@[0,0] VIC_FREQ 729 APE 174 "
    "CV0@-256C CPU@44.562C ... VDD_GPU_SOC 2340mW/2340mW VDD_CPU_CV 390mW/390mW VIN_SYS_5V0 4025mW/4025mW "
    "NC 0mW/0mW VDDQ_VDD2_1V8AO 301mW/301mW NC 0mW/0mW"
)
#: A board of the TX2's class before JetPack 5: no date, no units.
TX2_LINE = (
    "RAM 3276/7859MB (lfb 5x4MB) ... GR3D_FREQ 0%@114 ... VDD_SYS_GPU 182/182 VDD_SYS_SOC 730/730 VDD_4V0_WIFI 0/0 "
    "VDD_IN 5297/5297 VDD_SYS_CPU 1917/1917 VDD_SYS_DDR 1241/1241"
)

#: Rails of ``NO_ROOT_LINE`` with a voltage and a current, mV and mA, whose product is the quoted power.
RAILS = (("VDD_IN", 5025, 960), ("VDD_CPU_GPU_CV", 4625, 112), ("VDD_SOC", 5000, 295))
CPUS = 6


def fake_orin(folder: Path) -> Path:
    """The root, made in a folder, which is returned."""
    write_file(folder, "proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0")
    write_file(
        folder, "proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0"
    )
    write_file(folder, "etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, ...\n")
    write_file(folder, "proc/meminfo", f"MemTotal: {7620 * 1024} kB\nMemAvailable: {(7620 - 6185) * 1024} kB\n")
    for index, (label, millivolts, milliamperes) in enumerate(RAILS, start=1):
        _write_channel(folder, index, label, (millivolts, milliamperes))
    for cpu in range(CPUS):
        write_file(folder, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq", "729000\n")
        write_file(folder, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor", "schedutil\n")
    write_file(folder, "sys/class/devfreq/17000000.gpu/cur_freq", "621000000\n")
    write_file(folder, "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    write_file(folder, "sys/class/thermal/thermal_zone0/temp", "50031\n")
    write_command(folder, "nvpmodel", "NV Power Mode: 15W\n0")
    write_command(folder, "tegrastats", "\n".join([NO_ROOT_LINE] * 3))
    return folder


def write_file(root: Path, name: str, text: str) -> Path:
    """A file of the root, with the folders that it lies in."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_command(root: Path, name: str, prints: str) -> Path:
    """A command of the root that prints a text, whatever it is asked."""
    path = write_file(root, f"bin/{name}", f"#!/bin/sh\ncat <<'TEXT'\n{prints}\nTEXT\n")
    path.chmod(0o755)
    return path


def _write_channel(root: Path, index: int, label: str, reading: tuple[int, int]) -> None:
    """One of the three channels of the INA3221, with its voltage in mV and its current in mA."""
    folder = "sys/bus/i2c/devices/1-0040/hwmon/hwmon1"
    write_file(root, f"{folder}/name", "ina3221\n")
    write_file(root, f"{folder}/in{index}_label", f"{label}\n")
    write_file(root, f"{folder}/in{index}_input", f"{reading[0]}\n")
    write_file(root, f"{folder}/curr{index}_input", f"{reading[1]}\n")
