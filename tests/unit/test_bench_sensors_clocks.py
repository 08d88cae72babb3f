"""Clocks and temperatures of hosts that are laid out as folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.sensors.clocks import read_clocks_max_mhz, read_clocks_mhz
from sdst_bench.sensors.temperatures import read_temperatures_c
from tests.fake_orin import fake_orin, write_file


def test_clocks_of_an_orin_nano(tmp_path: Path) -> None:
    clocks = read_clocks_mhz(Sysroot(fake_orin(tmp_path)))
    assert clocks == {**{f"cpu{index}": 729.0 for index in range(6)}, "gpu": 621.0}


def test_clocks_are_in_the_order_of_the_processors(tmp_path: Path) -> None:
    for cpu in (10, 2, 0):
        write_file(tmp_path, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq", f"{cpu}000\n")
        write_file(tmp_path, f"sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_max_freq", "2000000\n")
    assert list(read_clocks_mhz(Sysroot(tmp_path)).items()) == [("cpu0", 0.0), ("cpu2", 2.0), ("cpu10", 10.0)]
    assert read_clocks_max_mhz(Sysroot(tmp_path)) == {"cpu0": 2000.0, "cpu2": 2000.0, "cpu10": 2000.0}


def test_clocks_of_a_pc_without_cpufreq_come_from_cpuinfo(tmp_path: Path) -> None:
    write_file(
        tmp_path, "proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2596.138\n\nprocessor\t: 1\ncpu MHz\t\t: 2600.0\n"
    )
    assert read_clocks_mhz(Sysroot(tmp_path)) == {"cpu0": 2596.138, "cpu1": 2600.0}
    assert read_clocks_max_mhz(Sysroot(tmp_path)) == {}


def test_clock_that_a_virtual_machine_is_told_is_no_measurement(tmp_path: Path) -> None:
    write_file(tmp_path, "proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor avx2\ncpu MHz\t\t: 2596.138\n")
    assert read_clocks_mhz(Sysroot(tmp_path)) == {}


@pytest.mark.parametrize("node", ["17000000.ga10b", "17000000.gv11b", "57000000.gpu", "gpu-gpc-0"])
def test_gpu_goes_by_several_names(node: str, tmp_path: Path) -> None:
    write_file(tmp_path, f"sys/class/devfreq/{node}/cur_freq", "1000000000\n")
    write_file(tmp_path, f"sys/class/devfreq/{node}/max_freq", "1500000000\n")
    write_file(tmp_path, "sys/class/devfreq/15340000.vic/cur_freq", "700000000\n")
    assert read_clocks_mhz(Sysroot(tmp_path)) == {"gpu": 1000.0}
    assert read_clocks_max_mhz(Sysroot(tmp_path)) == {"gpu": 1500.0}


def test_video_engines_of_thor_are_not_taken_for_its_gpu(tmp_path: Path) -> None:
    write_file(tmp_path, "sys/class/devfreq/gpu-nvd-0/cur_freq", "500000000\n")
    write_file(tmp_path, "sys/class/devfreq/gpu-gpc-0/cur_freq", "1000000000\n")
    assert read_clocks_mhz(Sysroot(tmp_path)) == {"gpu": 1000.0, "gpu-nvd-0": 500.0}


def test_clock_of_the_memory_is_read_where_it_may_be(tmp_path: Path) -> None:
    write_file(tmp_path, "sys/kernel/debug/bpmp/debug/clk/emc/rate", "2133000000\n")
    assert read_clocks_mhz(Sysroot(tmp_path)) == {"emc": 2133.0}


def test_clocks_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    write_file(tmp_path, "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "<unknown>\n")
    write_file(tmp_path, "sys/class/devfreq/17000000.gpu/cur_freq", "")
    assert read_clocks_mhz(Sysroot(tmp_path)) == {}


def test_temperatures_of_an_orin_nano(tmp_path: Path) -> None:
    assert read_temperatures_c(Sysroot(fake_orin(tmp_path))) == {"cpu-thermal": 50.031}


def test_temperatures_leave_out_sensors_that_are_off_or_denied(tmp_path: Path) -> None:
    for index, (name, text) in enumerate([("cv0-thermal", "-256000"), ("soc-thermal", "x"), ("acpitz", "27800")]):
        write_file(tmp_path, f"sys/class/thermal/thermal_zone{index}/type", f"{name}\n")
        write_file(tmp_path, f"sys/class/thermal/thermal_zone{index}/temp", f"{text}\n")
    (tmp_path / "sys/class/thermal/thermal_zone3/temp").mkdir(parents=True)
    assert read_temperatures_c(Sysroot(tmp_path)) == {"acpitz": 27.8}


def test_temperatures_of_a_pc_come_from_its_processor_too(tmp_path: Path) -> None:
    write_file(tmp_path, "sys/class/hwmon/hwmon0/name", "nvme\n")
    write_file(tmp_path, "sys/class/hwmon/hwmon0/temp1_input", "40000\n")
    write_file(tmp_path, "sys/class/hwmon/hwmon1/name", "coretemp\n")
    write_file(tmp_path, "sys/class/hwmon/hwmon1/temp1_input", "61000\n")
    write_file(tmp_path, "sys/class/hwmon/hwmon1/temp1_label", "Package id 0\n")
    write_file(tmp_path, "sys/class/hwmon/hwmon1/temp2_input", "59000\n")
    assert read_temperatures_c(Sysroot(tmp_path)) == {"coretemp Package id 0": 61.0, "coretemp temp2": 59.0}


def test_temperatures_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for index in range(2):
        write_file(tmp_path, f"sys/class/thermal/thermal_zone{index}/type", "acpitz\n")
        write_file(tmp_path, f"sys/class/thermal/thermal_zone{index}/temp", f"{index + 20}000\n")
    assert read_temperatures_c(Sysroot(tmp_path)) == {"acpitz": 20.0, "acpitz #2": 21.0}
