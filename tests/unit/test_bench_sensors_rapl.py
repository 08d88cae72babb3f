"""Counters of energy: what power they come to, and what becomes of them when they start again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.rapl import open_rapl
from sdst_runtime.errors import DeviceError
from tests.fake_sensors import fake_rapl, write_rapl_zone


def test_power_is_energy_over_time(tmp_path: Path) -> None:
    reader = open_rapl(Sysroot(fake_rapl(tmp_path)), 10.0)
    write_rapl_zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000 + 30_000_000)
    write_rapl_zone(tmp_path, "intel-rapl:0:1", "dram", 200_000 + 4_000_000)
    power_mw = reader.read_mw(12.0)
    assert power_mw == {"package-0": 15_000.0, "package-0 core": 0.0, "package-0 dram": 2_000.0, "psys": 0.0}
    assert reader.read_mw(13.0)["package-0"] == 0.0


def test_total_is_packages_and_memory(tmp_path: Path) -> None:
    reader = open_rapl(Sysroot(fake_rapl(tmp_path, packages=(0, 1))), 0.0)
    assert reader.in_total == ("package-0", "package-0 dram", "package-1", "package-1 dram")
    assert reader.total_of.startswith(
        "package-0 + package-0 dram + package-1 + package-1 dram, as the processor counts"
    )


def test_platform_alone_makes_no_total(tmp_path: Path) -> None:
    write_rapl_zone(tmp_path, "intel-rapl:0", "psys", 3_000_000)
    with pytest.raises(NotMeasured, match="RAPL: it counts no package here, only psys"):
        open_rapl(Sysroot(tmp_path), 0.0)


def test_counter_that_starts_again_goes_on(tmp_path: Path) -> None:
    fake_rapl(tmp_path)
    write_rapl_zone(tmp_path, "intel-rapl:0", "package-0", 262_143_328_850 - 1_000_000)
    reader = open_rapl(Sysroot(tmp_path), 0.0)
    write_rapl_zone(tmp_path, "intel-rapl:0", "package-0", 2_000_000)
    assert reader.read_mw(1.0)["package-0"] == 3_000.0


def test_calls_that_are_too_close_are_one(tmp_path: Path) -> None:
    reader = open_rapl(Sysroot(fake_rapl(tmp_path)), 0.0)
    write_rapl_zone(tmp_path, "intel-rapl:0", "package-0", 2_000_000)
    assert reader.read_mw(0.01) == {}
    assert reader.read_mw(1.0)["package-0"] == 1_000.0


def test_counter_that_is_denied_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_rapl(tmp_path)
    read_text = Path.read_text

    def refuse(path: Path, *args: str, **kwargs: str) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(
        NotMeasured, match=r"RAPL: permission denied: .*energy_uj; Linux keeps it for root: .*sudo chmod"
    ):
        open_rapl(Sysroot(tmp_path), 0.0)


def test_counter_that_vanishes_is_named(tmp_path: Path) -> None:
    reader = open_rapl(Sysroot(fake_rapl(tmp_path)), 0.0)
    (tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj").unlink()
    with pytest.raises(DeviceError, match=r"intel-rapl:0/energy_uj cannot be read"):
        reader.read_mw(1.0)


def test_host_without_counters_is_no_failure_of_theirs(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match=r"^$"):
        open_rapl(Sysroot(tmp_path), 0.0)
