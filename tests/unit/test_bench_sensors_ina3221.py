"""Rails of Jetson modules, from folders around the milliwatts of quoted lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.not_measured import NotMeasured
from sdst_bench.sensors.ina3221 import open_ina3221
from sdst_bench.sensors.power import power_source_name
from sdst_runtime.errors import DeviceError
from tests.fake_orin import fake_orin, write_file
from tests.fake_sensors import fake_agx_orin

CHIP = "sys/bus/i2c/devices/1-0040/hwmon/hwmon1"


def test_orin_nano_has_the_quoted_rails(tmp_path: Path) -> None:
    reader = open_ina3221(Sysroot(fake_orin(tmp_path)), 0.0)
    assert reader.read_mw(1.0) == {"VDD_IN": 4824.0, "VDD_CPU_GPU_CV": 518.0, "VDD_SOC": 1475.0}
    assert (reader.source, reader.in_total) == ("INA3221", ("VDD_IN",))
    assert reader.total_of == "VDD_IN, the module's whole supply; the carrier board's own power is not in it"


def test_agx_orin_sums_its_rails_and_says_so(tmp_path: Path) -> None:
    reader = open_ina3221(Sysroot(fake_agx_orin(tmp_path)), 0.0)
    rails = {"VDD_GPU_SOC": 2340.0, "VDD_CPU_CV": 390.0, "VIN_SYS_5V0": 4025.0, "VDDQ_VDD2_1V8AO": 300.96}
    assert reader.read_mw(1.0) == rails
    assert reader.in_total == tuple(rails)
    assert reader.total_of.startswith("sum of VDD_GPU_SOC, VDD_CPU_CV, VIN_SYS_5V0, VDDQ_VDD2_1V8AO; the carrier")


def test_chip_below_its_class_and_its_bus_is_read_once(tmp_path: Path) -> None:
    fake_orin(tmp_path)
    (tmp_path / "sys/class/hwmon").mkdir(parents=True)
    (tmp_path / "sys/class/hwmon/hwmon1").symlink_to(tmp_path / CHIP)
    assert list(open_ina3221(Sysroot(tmp_path), 0.0).read_mw(1.0)) == ["VDD_IN", "VDD_CPU_GPU_CV", "VDD_SOC"]


def test_chips_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    fake_orin(tmp_path)
    write_file(tmp_path, f"{CHIP}/name", "ina219\n")
    with pytest.raises(NotMeasured, match=r"^$"):
        open_ina3221(Sysroot(tmp_path), 0.0)


def test_channel_that_is_switched_off_is_passed_over(tmp_path: Path) -> None:
    write_file(fake_orin(tmp_path), f"{CHIP}/in3_enable", "0\n")
    assert "VDD_SOC" not in open_ina3221(Sysroot(tmp_path), 0.0).read_mw(1.0)


def test_jetpack_4_tells_milliwatts(tmp_path: Path) -> None:
    """Constructed around the power of a quoted line of a TX2."""
    place = "sys/bus/i2c/devices/0-0041/iio:device1"
    for number, (label, power) in enumerate([("VDD_IN", 5297), ("NC", 0), ("VDD_SYS_DDR", 1241)]):
        write_file(tmp_path, f"{place}/rail_name_{number}", f"{label}\n")
        write_file(tmp_path, f"{place}/in_power{number}_input", f"{power}\n")
    reader = open_ina3221(Sysroot(tmp_path), 0.0)
    assert reader.read_mw(1.0) == {"VDD_IN": 5297.0, "VDD_SYS_DDR": 1241.0}
    assert reader.in_total == ("VDD_IN",)


def test_chip_without_labels_says_so(tmp_path: Path) -> None:
    for label in (fake_orin(tmp_path) / CHIP).glob("in*_label"):
        label.unlink()
    with pytest.raises(NotMeasured, match="INA3221: none of its channels has a label"):
        open_ina3221(Sysroot(tmp_path), 0.0)


def test_rail_that_is_denied_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = fake_orin(tmp_path) / CHIP / "curr1_input"
    read_text = Path.read_text

    def refuse(path: Path, *args: str, **kwargs: str) -> str:
        if path == denied:
            raise PermissionError(13, "Permission denied")
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(NotMeasured, match=r"INA3221: rail VDD_IN: permission denied: .*curr1_input"):
        open_ina3221(Sysroot(tmp_path), 0.0)


def test_rail_that_vanishes_is_named(tmp_path: Path) -> None:
    reader = open_ina3221(Sysroot(fake_orin(tmp_path)), 0.0)
    (tmp_path / CHIP / "in3_input").unlink()
    with pytest.raises(DeviceError, match=r"rail VDD_SOC: .*in3_input cannot be read: No such file"):
        reader.read_mw(1.0)


@pytest.mark.parametrize("text", ["", "fault", "12.5.1", "nan"])
def test_rail_without_a_number_is_named(text: str, tmp_path: Path) -> None:
    reader = open_ina3221(Sysroot(fake_orin(tmp_path)), 0.0)
    write_file(tmp_path, f"{CHIP}/in1_input", text)
    with pytest.raises(DeviceError, match=r"rail VDD_IN: .*in1_input reads .*expected a whole number"):
        reader.read_mw(1.0)


def test_power_source_is_told_by_name(tmp_path: Path) -> None:
    assert power_source_name(Sysroot(fake_orin(tmp_path / "orin"))) == "INA3221"
    assert power_source_name(Sysroot(tmp_path)) == ""
