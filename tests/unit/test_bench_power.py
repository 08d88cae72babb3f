"""Power and energy of frames, by sensors whose readings are known."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.measuring.following import Following
from sdst_bench.measuring.power import Idle, measure_idle, measure_power
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted, NotMeasured
from sdst_bench.sensors import Sensors
from tests.fake_orin import fake_orin, write_file
from tests.fake_sensors import fake_rapl
from tests.tolerances import REL_SUM_F64
from tests.toy_clip import CLIP

CHIP = "sys/bus/i2c/devices/1-0040/hwmon/hwmon1"
SECONDS = 0.02


@pytest.fixture
def orin(tmp_path: Path) -> Sensors:
    return Sensors.of(Sysroot(fake_orin(tmp_path)))


class Warming:
    """Counts energy that grows with the square of time: between two readings its mean power is the sum of theirs."""

    source, total_of, in_total = "RAPL", "package-0", ("package-0",)

    def __init__(self) -> None:
        self.times: list[float] = []

    def read_mw(self, now_s: float) -> dict[str, float]:
        last_s = self.times[-1] if self.times else 0.0
        self.times.append(now_s)
        return {"package-0": last_s + now_s, "psys": 2 * (last_s + now_s)}

    def close(self) -> None:
        pass


def test_rails_of_an_orin_nano_idle_and_busy(subject: Subject, orin: Sensors, tmp_path: Path) -> None:
    idle = measure_idle(orin, SECONDS)
    assert idle.seconds >= SECONDS
    write_file(tmp_path, f"{CHIP}/curr1_input", "1920\n")
    power = measure_power(subject, CLIP, orin, idle, SECONDS)
    rails = {rail.name: (rail.idle_mw, rail.busy_mw, rail.in_total) for rail in power.rails}
    assert rails["VDD_IN"] == pytest.approx((4824.0, 9648.0, True), rel=REL_SUM_F64)
    assert rails["VDD_SOC"] == pytest.approx((1475.0, 1475.0, False), rel=REL_SUM_F64)
    assert (power.source, power.busy_mw) == ("INA3221", pytest.approx(9648.0, rel=REL_SUM_F64))
    assert power.busy_seconds >= SECONDS
    assert power.frame_mj == pytest.approx(9648.0 * power.busy_seconds / power.frames, rel=REL_SUM_F64)
    assert power.frame_above_idle_mj == pytest.approx(4824.0 * power.busy_seconds / power.frames, rel=REL_SUM_F64)


def test_counted_energy_is_exact_whenever_it_is_read(subject: Subject) -> None:
    reader, ticks = Warming(), count()
    sensors = Sensors(Sysroot(Path("nowhere")), reader, "", lambda: float(next(ticks)))
    power = measure_power(subject, CLIP, sensors, Idle(seconds=1.0, rails_mw={"package-0": 0.0}), 20.0)
    start, end = reader.times[0], reader.times[-1]
    assert 20.0 <= power.busy_seconds < end - start
    assert power.busy_mw == pytest.approx(start + end, rel=REL_SUM_F64)
    assert [rail.name for rail in power.rails] == ["package-0"]


def test_power_without_a_sensor_is_not_measured(subject: Subject, tmp_path: Path) -> None:
    sensors = Sensors.of(Sysroot(tmp_path))
    with pytest.raises(NotMeasured, match="no power sensor"):
        measure_idle(sensors, SECONDS)
    with pytest.raises(NotMeasured, match="no power sensor"):
        measure_power(subject, CLIP, sensors, Idle(seconds=1.0, rails_mw={}), SECONDS)


def test_counter_that_stands_still_is_no_measurement(tmp_path: Path) -> None:
    sensors = Sensors.of(Sysroot(fake_rapl(tmp_path)))
    with pytest.raises(NotMeasured, match="RAPL reads 0 mW all the time for package-0, package-0 dram"):
        measure_idle(sensors, 3 * SECONDS)


def test_rail_that_vanishes_ends_the_power(
    subject: Subject, orin: Sensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = measure_idle(orin, SECONDS)
    step = Following.step

    def step_once_more(following: Following) -> int:
        (tmp_path / CHIP / "in1_input").unlink(missing_ok=True)
        return step(following)

    monkeypatch.setattr(Following, "step", step_once_more)
    with pytest.raises(NotMeasured, match=r"a sensor failed after 0 readings: rail VDD_IN: .*No such file"):
        measure_power(subject, CLIP, orin, idle, SECONDS)


def test_user_who_ends_it_gets_the_power_so_far(
    subject: Subject, orin: Sensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle, step, steps = measure_idle(orin, SECONDS), Following.step, count()

    def step_until_stopped(following: Following) -> int:
        if next(steps) == 9:
            raise KeyboardInterrupt
        return step(following)

    monkeypatch.setattr(Following, "step", step_until_stopped)
    with pytest.raises(Interrupted) as stop:
        measure_power(subject, CLIP, orin, idle, 60.0)
    power = stop.value.partial
    assert (power.frames, power.busy_mw) == (4, pytest.approx(4824.0, rel=REL_SUM_F64))  # type: ignore[attr-defined]


def test_user_who_ends_it_when_a_rail_has_gone_ends_it(
    subject: Subject, orin: Sensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle, step, steps = measure_idle(orin, SECONDS), Following.step, count()

    def step_until_stopped(following: Following) -> int:
        if next(steps) == 9:
            (tmp_path / CHIP / "in1_input").unlink()
            raise KeyboardInterrupt
        return step(following)

    monkeypatch.setattr(Following, "step", step_until_stopped)
    with pytest.raises(KeyboardInterrupt) as stop:
        measure_power(subject, CLIP, orin, idle, 60.0)
    assert not isinstance(stop.value, Interrupted)
