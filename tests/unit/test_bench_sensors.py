"""All sensors of a host together, the thread that reads them, and what a host counts of being slowed down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.sensors import Sensors
from sdst_bench.sensors.sampler import Sampler
from sdst_bench.sensors.throttling import ThrottleCounts, describe_throttling, read_throttle_counts
from sdst_runtime.errors import DeviceError
from tests.fake_orin import fake_orin, write_command, write_file
from tests.fake_sensors import fake_rapl

RAILS = {"VDD_IN": 4824.0, "VDD_CPU_GPU_CV": 518.0, "VDD_SOC": 1475.0}


def test_sensors_of_an_orin_nano(tmp_path: Path) -> None:
    with Sensors.of(Sysroot(fake_orin(tmp_path))) as sensors:
        assert sensors.power_mw() == RAILS
        assert sensors.clocks_mhz()["gpu"] == 621.0
        assert sensors.temperatures_c() == {"cpu-thermal": 50.031}
        assert sensors.power is not None
        assert (sensors.power.source, sensors.power_absent) == ("INA3221", "")


def test_tegrastats_is_read_where_a_rail_is_not(tmp_path: Path) -> None:
    rail = fake_orin(tmp_path) / "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/curr1_input"
    rail.unlink()
    rail.mkdir()
    with Sensors.of(Sysroot(tmp_path)) as sensors:
        assert sensors.power is not None
        assert (sensors.power.source, sensors.power.in_total) == ("tegrastats", ("VDD_IN",))


def test_rapl_is_read_on_a_pc(tmp_path: Path) -> None:
    with Sensors.of(Sysroot(fake_rapl(tmp_path))) as sensors:
        assert sensors.power is not None
        assert sensors.power.source == "RAPL"


def test_host_without_power_says_what_was_looked_for(tmp_path: Path) -> None:
    with Sensors.of(Sysroot(tmp_path)) as sensors:
        assert sensors.power is None
        assert sensors.power_mw() == {}
        assert sensors.power_absent == (
            "this host has no power sensor that is known here: no INA3221, tegrastats or RAPL"
        )


def test_host_whose_power_cannot_be_read_gives_the_reason_of_each_sensor(tmp_path: Path) -> None:
    write_file(fake_orin(tmp_path), "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/in2_input", "fault\n")
    write_command(tmp_path, "tegrastats", "no line")
    with Sensors.of(Sysroot(tmp_path)) as sensors:
        assert sensors.power is None
        assert sensors.power_absent.startswith("INA3221: rail VDD_CPU_GPU_CV: ")
        assert sensors.power_absent.endswith("; tegrastats ended; run it by hand to see why")


def test_sampler_reads_at_once_in_between_and_at_the_end() -> None:
    third = Event()

    def read() -> int:
        if len(sampler.readings) == 2:
            third.set()
        return len(sampler.readings)

    sampler = Sampler(read, 0.001)
    with sampler:
        assert third.wait(10)
    assert sampler.readings == list(range(len(sampler.readings)))
    assert len(sampler.readings) >= 3


def test_sampler_keeps_the_first_error_and_what_it_read_before() -> None:
    failed = Event()

    def read() -> int:
        if len(sampler.readings) == 2:
            failed.set()
            raise DeviceError(f"reading {len(sampler.readings)} failed")
        return len(sampler.readings)

    sampler = Sampler(read, 0.001)
    with sampler:
        assert failed.wait(10)
    assert sampler.readings == [0, 1]
    assert str(sampler.error) == "reading 2 failed"


def test_sampler_ends_with_what_it_watches() -> None:
    sampler = Sampler(lambda: 1, 60.0)
    with pytest.raises(KeyboardInterrupt), sampler:
        raise KeyboardInterrupt
    assert sampler.readings == [1, 1]


def write_x86_counts(root: Path, core: int, package: int) -> None:
    for cpu in range(2):
        place = f"sys/devices/system/cpu/cpu{cpu}/thermal_throttle"
        write_file(root, f"{place}/core_throttle_count", f"{core}\n")
        write_file(root, f"{place}/package_throttle_count", f"{package}\n")


def write_over_currents(root: Path, core: int, package: int) -> None:
    write_file(root, "sys/class/hwmon/hwmon3/name", "soctherm_oc\n")
    for number, count in enumerate((0, core, package), start=1):
        write_file(root, f"sys/class/hwmon/hwmon3/oc{number}_event_cnt", f"{count}\n")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (
            write_x86_counts,
            "the host counted throttling of a core by heat 6 times, throttling of a package by heat 4 times",
        ),
        (write_over_currents, "the host counted average over-current 3 times, instantaneous over-current 4 times"),
    ],
)
def test_kernels_count_throttling(write: Callable[[Path, int, int], None], words: str, tmp_path: Path) -> None:
    write(tmp_path, 5, 7)
    before = read_throttle_counts(Sysroot(tmp_path))
    assert describe_throttling(before, read_throttle_counts(Sysroot(tmp_path))) == "the host counted no throttling"
    write(tmp_path, 8, 11)
    assert describe_throttling(before, read_throttle_counts(Sysroot(tmp_path))) == words


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("0x0", "0x0", "the host counted no throttling"),
        ("0x0", "0x50005", "the host counted under-voltage in the run, throttling in the run"),
        ("0x0", "0x20000", "the host counted capped clock in the run"),
        (
            "0x80000",
            "0x80000",
            "the host counted soft temperature limit since the board started, before the run or in it",
        ),
        ("0x80000", "0x80008", "the host counted soft temperature limit in the run"),
    ],
)
def test_firmware_of_a_raspberry_pi_keeps_bits(before: str, after: str, words: str, tmp_path: Path) -> None:
    write_command(tmp_path, "vcgencmd", f"throttled={before}")
    first = read_throttle_counts(Sysroot(tmp_path))
    write_command(tmp_path, "vcgencmd", f"throttled={after}")
    assert describe_throttling(first, read_throttle_counts(Sysroot(tmp_path))) == words


def test_host_that_counts_nothing_says_nothing(tmp_path: Path) -> None:
    counts = read_throttle_counts(Sysroot(tmp_path))
    assert counts == ThrottleCounts()
    assert describe_throttling(counts, counts) == ""
