"""Long runs in short: samples, what is said of clocks, sensors that fail, and runs that are broken off."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import pytest

from sdst_bench.host.sysroot import Sysroot
from sdst_bench.measuring import sustained
from sdst_bench.measuring.subject import Subject
from sdst_bench.measuring.sustained import describe_clocks, measure_sustained
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.parts import Sample, Sustained
from sdst_bench.sensors import Sensors
from sdst_runtime.errors import ConfigError
from tests.fake_orin import fake_orin
from tests.toy_clip import CLIP

RAIL = "sys/bus/i2c/devices/1-0040/hwmon/hwmon1/in2_input"
SECONDS = 0.05


class Clock:
    """Passes a millisecond whenever it is looked at, and what is slept."""

    def __init__(self) -> None:
        self._now_s, self._lock = 0.0, Lock()

    def __call__(self) -> float:
        return self.sleep(0.001)

    def sleep(self, seconds: float) -> float:
        with self._lock:
            self._now_s += seconds
            return self._now_s


def test_run_on_an_orin_nano(subject: Subject, tmp_path: Path) -> None:
    sensors = Sensors.of(Sysroot(fake_orin(tmp_path)))
    told: list[float] = []
    run = measure_sustained(
        subject, CLIP, sensors, seconds=SECONDS, fps=None, on_progress=lambda share, _: told.append(share)
    )
    assert run.seconds >= SECONDS
    assert run.slowdown == run.last_p50_ms / run.first_p50_ms
    assert run.total.p50 > 0
    assert run.throttling.startswith("fastest cpu was read too seldom to tell, gpu was read too seldom")
    assert (run.fps, run.lost) == (None, "")
    assert 0 < told[0] <= 1
    assert [sample.seconds for sample in run.samples] == sorted(sample.seconds for sample in run.samples)
    assert sum(sample.frames for sample in run.samples) == run.frames
    assert run.samples[-1].power_mw == {"VDD_IN": 4824.0, "VDD_CPU_GPU_CV": 518.0, "VDD_SOC": 1475.0}
    assert run.samples[-1].temperatures_c == {"cpu-thermal": 50.031}


def test_samples_are_taken_without_any_sensor(subject: Subject, tmp_path: Path) -> None:
    run = measure_sustained(subject, CLIP, Sensors.of(Sysroot(tmp_path)), seconds=SECONDS)
    assert (run.throttling, run.lost) == ("", "")
    assert len(run.samples) >= 2
    assert all(not sample.clocks_mhz and not sample.power_mw for sample in run.samples)


def test_camera_sets_the_pace(subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(sustained, "sleep", clock.sleep)
    run = measure_sustained(subject, CLIP, Sensors.of(Sysroot(tmp_path), clock=clock), seconds=2.0, fps=10.0)
    assert (run.fps, run.frames) == (10.0, 21)


@pytest.mark.parametrize("numbers", [{"seconds": 0.0}, {"seconds": 1.0, "fps": 0.0}, {"seconds": float("inf")}])
def test_run_refuses_numbers_out_of_range(numbers: dict[str, float], subject: Subject, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected finite numbers above 0"):
        measure_sustained(subject, CLIP, Sensors.of(Sysroot(tmp_path)), **numbers)  # type: ignore[arg-type]


def test_rail_that_vanishes_is_told_and_the_rest_goes_on(subject: Subject, tmp_path: Path) -> None:
    sensors = Sensors.of(Sysroot(fake_orin(tmp_path)))

    def lose_rail(share: float, remark: str) -> None:
        (tmp_path / RAIL).unlink()

    run = measure_sustained(subject, CLIP, sensors, seconds=SECONDS, on_progress=lose_rail)
    assert "rail VDD_CPU_GPU_CV" in run.lost
    assert "No such file" in run.lost
    assert run.samples[0].power_mw["VDD_CPU_GPU_CV"] == 518.0
    assert run.samples[-1].power_mw == {}
    assert run.samples[-1].clocks_mhz["gpu"] == 621.0


def test_user_who_ends_it_gets_the_run_so_far(subject: Subject, tmp_path: Path) -> None:
    def stop(share: float, remark: str) -> None:
        raise KeyboardInterrupt

    sensors = Sensors.of(Sysroot(fake_orin(tmp_path)))
    with pytest.raises(Interrupted) as stopped:
        measure_sustained(subject, CLIP, sensors, seconds=60.0, on_progress=stop)
    run = stopped.value.partial
    assert isinstance(run, Sustained)
    assert (run.frames, run.slowdown) == (1, 1.0)
    assert len(run.samples) >= 2


def sample(seconds: float, **clocks_mhz: float) -> Sample:
    return Sample(seconds=seconds, frames=1, frame_p50_ms=1.0, clocks_mhz=clocks_mhz, temperatures_c={}, power_mw={})


def run_of(first: dict[str, float], last: dict[str, float], readings: int = 3) -> list[Sample]:
    """A run of 100 s: so many readings in its first second and in its last, and one of other clocks in between."""
    times = [index / readings for index in range(readings)]
    early, late = ([sample(start + time, **clocks) for time in times] for start, clocks in ((0, first), (99, last)))
    return [*early, sample(50, cpu0=1, gpu=1), *late]


def test_clock_that_falls_is_told() -> None:
    assert describe_clocks(run_of({"cpu0": 1728, "gpu": 612}, {"cpu0": 1190, "gpu": 612})) == (
        "fastest cpu fell from 1728 to 1190 MHz, gpu held 612 MHz (medians of the first and last fifth)"
    )


def test_clock_of_a_processor_that_idles_is_no_throttling() -> None:
    samples = run_of({"cpu0": 1728, "cpu1": 1728}, {"cpu0": 729, "cpu1": 1728})
    assert describe_clocks(samples) == "fastest cpu held 1728 MHz (medians of the first and last fifth)"


def test_clock_that_rises_is_told() -> None:
    assert describe_clocks(run_of({"gpu": 306}, {"gpu": 918})).startswith("gpu rose from 306 to 918 MHz")


def test_clock_that_was_read_in_one_fifth_only_or_too_seldom_is_not_judged() -> None:
    assert describe_clocks(run_of({"gpu": 918}, {"gpu": 306}, readings=2)).startswith("gpu was read too seldom to tell")
    assert describe_clocks(run_of({}, {"gpu": 306})).startswith("gpu was read too seldom to tell")
    assert describe_clocks(run_of({"gpu": 306}, {})).startswith("gpu was read too seldom to tell")


def test_no_clock_no_words() -> None:
    assert describe_clocks([]) == ""
    assert describe_clocks([sample(0), sample(1)]) == ""
