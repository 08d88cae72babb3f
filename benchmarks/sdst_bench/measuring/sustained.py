"""A run that is long enough to get warm: what frames, clocks, temperatures and power do over time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import floor, inf
from time import sleep

import numpy as np

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.closed_loop import OnProgress
from sdst_bench.measuring.following import Following
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.parts import Sample, Sustained
from sdst_bench.sensors import Sensors
from sdst_bench.sensors.sampler import Sampler
from sdst_bench.sensors.throttling import describe_throttling, read_throttle_counts
from sdst_bench.stats import summarize
from sdst_runtime.errors import ConfigError, SdstError

__all__ = ["describe_clocks", "measure_sustained"]

INTERVAL_S = 0.5

#: Frames before the start: the first call of an engine is no sign of its warmth.
WARMUP_FRAMES = 5

#: A clock whose median sank to less than this share of it fell.
FELL_BELOW = 0.95

#: Fewer readings of a clock in a fifth of the time say nothing of it: a single one is a moment's.
FEWEST_READINGS = 3


class _Frames:
    """Times of frames.

    Attributes:
        done: seconds since the start when a frame was done, and how long it took, ns.
    """

    def __init__(self) -> None:
        self.done: list[tuple[float, int]] = []

    def within(self, after_s: float, until_s: float) -> list[int]:
        """Times of those that were done in a span of time, ns."""
        first, last = (bisect_right(self.done, limit, key=_end_s) for limit in (after_s, until_s))
        return [time for _, time in self.done[first:last]]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How long to follow, at which pace, and whom to tell."""

    seconds: float
    fps: float | None
    on_progress: OnProgress | None


class _Pace:
    """Frames of a camera: the newest one, or a wait for the next where it is taken already."""

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._taken = -1

    def wait(self, now_s: float) -> None:
        newest = floor(now_s * self._fps)
        if newest <= self._taken:
            newest = self._taken + 1
            sleep(max(0.0, newest / self._fps - now_s))
        self._taken = newest


class _Reader:
    """Reads all sensors. Power that fails is told once and left out from then on; the others go on."""

    def __init__(self, sensors: Sensors) -> None:
        self._sensors = sensors
        self._start_s = sensors.clock()
        self.lost = ""
        self._power_mw(0.0)  # counters of energy: what was before the start is in no sample

    def passed_s(self) -> float:
        return self._sensors.clock() - self._start_s

    def read(self) -> Sample:
        seconds = self.passed_s()
        return Sample(
            seconds=seconds,
            frames=0,
            frame_p50_ms=None,
            clocks_mhz=self._sensors.clocks_mhz(),
            temperatures_c=self._sensors.temperatures_c(),
            power_mw=self._power_mw(seconds),
        )

    def _power_mw(self, seconds: float) -> dict[str, float]:
        if self.lost:
            return {}
        try:
            return self._sensors.power_mw()
        except SdstError as error:
            self.lost = f"power after {seconds:.1f} s: {error}"
            return {}


def measure_sustained(
    subject: Subject,
    clip: Clip,
    sensors: Sensors,
    *,
    seconds: float,
    fps: float | None = None,
    on_progress: OnProgress | None = None,
) -> Sustained:
    """Follows the target for a long time while a thread reads the sensors twice a second.

    Args:
        subject: that follows.
        clip: its frames.
        sensors: of the host.
        seconds: that it runs.
        fps: of a camera that sets the pace; None for frames as fast as they can follow each other.
        on_progress: called with the share of the time that has passed, and a remark, twice a second.

    Raises:
        ConfigError: a number out of its range.
        Interrupted: the user ended it after a frame.
    """
    if not 0 < seconds < inf or (fps is not None and not 0 < fps < inf):
        raise ConfigError(f"seconds is {seconds} and fps {fps}, expected finite numbers above 0")
    frames = _Frames()
    with Following(subject, clip) as following:
        for _ in range(WARMUP_FRAMES):
            following.step()
        counts = read_throttle_counts(sensors.sysroot)
        reader = _Reader(sensors)
        stopped = False
        sampler = Sampler(reader.read, INTERVAL_S)
        try:
            with sampler:
                _follow(following, frames, reader.passed_s, _Plan(seconds, fps, on_progress))
        except KeyboardInterrupt:
            if not frames.done:
                raise
            stopped = True
    if sampler.error is not None:
        raise sampler.error
    counted = describe_throttling(counts, read_throttle_counts(sensors.sysroot))
    sustained = _sustained(frames, sampler.readings, fps, counted, reader.lost)
    if stopped:
        raise Interrupted(sustained)
    return sustained


def _follow(following: Following, frames: _Frames, passed_s: Callable[[], float], plan: _Plan) -> None:
    """Frames until the time is over, at least one."""
    pace = None if plan.fps is None else _Pace(plan.fps)
    told_s = -inf
    now_s = passed_s()
    while not frames.done or now_s < plan.seconds:
        if pace is not None:
            pace.wait(now_s)
        update_ns = following.step()
        now_s = passed_s()
        frames.done.append((now_s, update_ns))
        if plan.on_progress is not None and now_s - told_s >= INTERVAL_S:
            plan.on_progress(min(1.0, now_s / plan.seconds), f"{update_ns / 1e6:.1f} ms")
            told_s = now_s


def _sustained(frames: _Frames, readings: Sequence[Sample], fps: float | None, counted: str, lost: str) -> Sustained:
    seconds = frames.done[-1][0]
    times = frames.within(-inf, inf)
    first_p50_ms = _p50_ms(frames.within(-inf, seconds / 5) or times[:1])
    last_p50_ms = _p50_ms(frames.within(seconds * 4 / 5, inf) or times[-1:])
    samples = _with_frames(readings, frames)
    return Sustained(
        seconds=seconds,
        fps=fps,
        frames=len(times),
        total=summarize(times),
        first_p50_ms=first_p50_ms,
        last_p50_ms=last_p50_ms,
        slowdown=last_p50_ms / first_p50_ms,
        throttling="; ".join(text for text in (describe_clocks(samples), counted) if text),
        samples=samples,
        lost=lost,
    )


def describe_clocks(samples: Sequence[Sample]) -> str:
    """What clocks did from the first fifth of the time to the last, by their medians; empty where none was read.

    Of processors the fastest counts at each moment: it is one that works, while the clocks of idle ones come and go.
    """
    seconds = samples[-1].seconds if samples else 0.0
    early = [_clocks_mhz(sample) for sample in samples if sample.seconds <= seconds / 5]
    late = [_clocks_mhz(sample) for sample in samples if sample.seconds >= seconds * 4 / 5]
    words = []
    for name in dict.fromkeys(name for clocks in (*early, *late) for name in clocks):
        parts = [[clocks[name] for clocks in part if name in clocks] for part in (early, late)]
        words.append(f"{name} {_described(*parts)}")
    return f"{', '.join(words)} (medians of the first and last fifth)" if words else ""


def _described(early_mhz: Sequence[float], late_mhz: Sequence[float]) -> str:
    if min(len(early_mhz), len(late_mhz)) < FEWEST_READINGS:
        return "was read too seldom to tell"
    first, last = float(np.median(early_mhz)), float(np.median(late_mhz))
    if last < first * FELL_BELOW:
        return f"fell from {first:.0f} to {last:.0f} MHz"
    if last > first / FELL_BELOW:
        return f"rose from {first:.0f} to {last:.0f} MHz"
    return f"held {last:.0f} MHz"


def _clocks_mhz(sample: Sample) -> dict[str, float]:
    processors = [value for name, value in sample.clocks_mhz.items() if name.startswith("cpu")]
    others = {name: value for name, value in sample.clocks_mhz.items() if not name.startswith("cpu")}
    return {"fastest cpu": max(processors), **others} if processors else others


def _with_frames(readings: Sequence[Sample], frames: _Frames) -> tuple[Sample, ...]:
    samples, before_s = [], -inf
    for reading in readings:
        times = frames.within(before_s, reading.seconds)
        samples.append(replace(reading, frames=len(times), frame_p50_ms=_p50_ms(times) if times else None))
        before_s = reading.seconds
    return tuple(samples)


def _p50_ms(times_ns: Sequence[int]) -> float:
    return float(np.median(times_ns)) / 1e6


def _end_s(frame: tuple[float, int]) -> float:
    return frame[0]
