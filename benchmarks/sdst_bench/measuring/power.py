"""Power of named rails while a target is followed, and energy of a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from time import sleep
from typing import TypeAlias

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import Following
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted, NotMeasured
from sdst_bench.report.parts import Power, Rail
from sdst_bench.sensors import Sensors
from sdst_bench.sensors.power import PowerReader
from sdst_bench.sensors.sampler import Sampler
from sdst_runtime.errors import SdstError

__all__ = ["Idle", "measure_idle", "measure_power"]

#: Between readings. INA3221 average over some milliseconds, RAPL counts each one.
INTERVAL_S = 0.1

#: Frames before the first reading: clocks and caches are no idle host's by then.
WARMUP_FRAMES = 5

_Reading: TypeAlias = tuple[float, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """The baseline.

    Attributes:
        seconds: that it took.
        rails_mw: mean power by rail.
    """

    seconds: float
    rails_mw: Mapping[str, float]


def measure_idle(sensors: Sensors, seconds: float) -> Idle:
    """Power of the host while this process waits; to be taken before a bundle is opened.

    Raises:
        NotMeasured: there is no sensor, or it failed.
    """
    with _sampler(sensors) as sampler:
        sleep(seconds)
    measured_s, rails_mw = _means(sampler, _reader(sensors))
    return Idle(seconds=measured_s, rails_mw=rails_mw)


def measure_power(subject: Subject, clip: Clip, sensors: Sensors, idle: Idle, seconds: float) -> Power:
    """Power while frames follow each other as fast as they can.

    Args:
        subject: that follows.
        clip: its frames.
        sensors: as for the baseline.
        idle: the baseline.
        seconds: that it runs.

    Raises:
        NotMeasured: there is no sensor, or it failed.
        Interrupted: the user ended it after a frame.
    """
    reader = _reader(sensors)
    frames, stopped = 0, False
    with Following(subject, clip) as following:
        for _ in range(WARMUP_FRAMES):
            following.step()
        with _sampler(sensors) as sampler:
            start_s = now_s = sensors.clock()
            try:
                while frames == 0 or now_s < start_s + seconds:
                    following.step()
                    frames += 1
                    now_s = sensors.clock()
            except KeyboardInterrupt:
                if frames == 0:
                    raise
                stopped = True
    try:
        power = _power(reader, idle, _means(sampler, reader)[1], frames=frames, seconds=now_s - start_s)
    except NotMeasured:
        if stopped:
            raise KeyboardInterrupt from None
        raise
    if stopped:
        raise Interrupted(power)
    return power


def _power(reader: PowerReader, idle: Idle, busy_mw: Mapping[str, float], *, frames: int, seconds: float) -> Power:
    rails = tuple(
        Rail(name=name, idle_mw=idle.rails_mw[name], busy_mw=value, in_total=name in reader.in_total)
        for name, value in busy_mw.items()
        if name in idle.rails_mw
    )
    idle_mw = sum(rail.idle_mw for rail in rails if rail.in_total)
    total_mw = sum(rail.busy_mw for rail in rails if rail.in_total)
    return Power(
        source=reader.source,
        total_of=reader.total_of,
        idle_seconds=idle.seconds,
        busy_seconds=seconds,
        frames=frames,
        rails=rails,
        idle_mw=idle_mw,
        busy_mw=total_mw,
        frame_mj=total_mw * seconds / frames,
        frame_above_idle_mj=(total_mw - idle_mw) * seconds / frames,
    )


def _reader(sensors: Sensors) -> PowerReader:
    if sensors.power is None:
        raise NotMeasured(sensors.power_absent)
    return sensors.power


def _sampler(sensors: Sensors) -> Sampler[_Reading]:
    """Readings with the time at which each was asked for."""
    reader = _reader(sensors)

    def read() -> _Reading:
        now_s = sensors.clock()
        return now_s, reader.read_mw(now_s)

    return Sampler(read, INTERVAL_S)


def _means(sampler: Sampler[_Reading], reader: PowerReader) -> tuple[float, Mapping[str, float]]:
    """Seconds between the first reading and the last, and mean power by rail over them.

    Nothing runs on no power at all: counters that stand still, as on some virtual machines, are no measurement.
    """
    if isinstance(sampler.error, SdstError):
        raise NotMeasured(f"a sensor failed after {len(sampler.readings)} readings: {sampler.error}")
    if sampler.error is not None:
        raise sampler.error
    seconds, rails_mw = _mean_mw(sampler.readings)
    if not any(rails_mw[name] for name in reader.in_total if name in rails_mw):
        raise NotMeasured(f"{reader.source} reads 0 mW all the time for {', '.join(reader.in_total)}")
    return seconds, rails_mw


def _mean_mw(readings: Sequence[_Reading]) -> tuple[float, Mapping[str, float]]:
    """Each reading stands for the time since the one before.

    With counters of energy that is exact: the sum is what was counted from the first reading to the last.
    """
    energies_mj: dict[str, float] = {}
    spans_s: dict[str, float] = {}
    for (before_s, _), (now_s, rails_mw) in pairwise(readings):
        for name, value in rails_mw.items():
            energies_mj[name] = energies_mj.get(name, 0.0) + value * (now_s - before_s)
            spans_s[name] = spans_s.get(name, 0.0) + now_s - before_s
    seconds = readings[-1][0] - readings[0][0]
    if not spans_s or seconds <= 0:
        raise NotMeasured(f"{seconds:.3f} s are too short to read the power")
    return seconds, {name: energy / spans_s[name] for name, energy in energies_mj.items()}
