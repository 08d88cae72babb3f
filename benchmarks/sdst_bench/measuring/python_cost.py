"""What Python costs a frame, and what timing the stages costs."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import Following, timed_following
from sdst_bench.measuring.stopwatch import TimedCore, timed
from sdst_bench.measuring.subject import Subject
from sdst_bench.report.parts import PythonCost
from sdst_bench.stats import Interval, resampled_medians, summarize
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import ConfigError
from sdst_runtime.session import Outputs, Session, Template, reads_bytes
from sdst_runtime.tracker import Core

__all__ = ["measure_python_cost"]

WARMUP = 10

#: libsdst's functions that ``update()`` calls.
NATIVE = ("sdst_tracker_search_input", "sdst_tracker_search_input_u8", "sdst_tracker_decode")


def measure_python_cost(subject: Subject, clip: Clip, frames: int = 300) -> PythonCost:
    """Times ``update()`` around a session that computes nothing, what Python does around a real one, and the timers.

    Args:
        subject: whose configuration and session are used.
        clip: played back and forth.
        frames: of each of the four, >= 1.

    Raises:
        ConfigError: no frames.
    """
    if frames < 1:
        raise ConfigError(f"frames is {frames}, expected at least 1")
    identity_ns = _around_nothing(subject, clip, frames)
    python_ns = _python_alone(subject, clip, frames)
    timed_ns, untimed_ns = _with_and_without_timers(subject, clip, frames)
    timed_ms, untimed_ms = summarize(timed_ns).p50, summarize(untimed_ns).p50
    return PythonCost(
        identity_update=summarize(identity_ns),
        python_ms=summarize(python_ns).p50,
        timed_ms=timed_ms,
        untimed_ms=untimed_ms,
        timer_share=(timed_ms - untimed_ms) / untimed_ms,
        timer_share_95=_share_interval(timed_ns, untimed_ns),
    )


class _Identity:
    """A session that returns the maps of one real match at once."""

    def __init__(self, session: Session) -> None:
        self.embed, self._session = session.embed, session
        self.reads_bytes = reads_bytes(session)
        self._maps: Outputs | None = None

    def match(self, template: Template, x: NDArray[np.float32]) -> Outputs:
        """The same maps at every call; the first one is the real one."""
        if self._maps is None:
            self._maps = tuple(values.copy() for values in self._session.match(template, x))
        return self._maps

    def close(self) -> None:
        """The session stays open."""


def _around_nothing(subject: Subject, clip: Clip, frames: int) -> list[int]:
    """Durations of ``update()``, ns."""
    with Following(subject, clip, session=_Identity(subject.session)) as following:
        for _ in range(WARMUP):
            following.step()
        return [following.step() for _ in range(frames)]


def _python_alone(subject: Subject, clip: Clip, frames: int) -> list[int]:
    """Durations of what of ``update()`` is neither libsdst nor the session, ns.

    The network runs, for it drives Python from the caches: after a session that does nothing, Python takes a tenth.
    """
    following, watch = timed_following(subject, clip)
    with following:
        native = _TimedLibrary(following._core._library)
        following._core._library = native  # type: ignore[assignment]
        network = [watch.durations_ns[name] for name in watch.stages if name not in ("crop", "decode")]
        python_ns = []
        for _ in range(WARMUP + frames):
            watch.clear()
            native.spent_ns = 0
            python_ns.append(following.step() - native.spent_ns - sum(map(sum, network)))
    return python_ns[WARMUP:]


class _TimedLibrary:
    """libsdst with a clock around what a frame calls.

    Attributes:
        spent_ns: in these calls, the way through ctypes included.
    """

    def __init__(self, library: Any) -> None:
        self.spent_ns = 0
        self._library = library
        for name in NATIVE:
            setattr(self, name, self._timed(getattr(library, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def _timed(self, function: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            start = perf_counter_ns()
            status = function(*arguments)
            self.spent_ns += perf_counter_ns() - start
            return status

        return call


def _share_interval(timed_ns: list[int], untimed_ns: list[int]) -> Interval:
    """95 % of (timed - untimed) / untimed, of medians; both are drawn alike."""
    timed, untimed = (resampled_medians(np.array(times, np.float64) / 1e6) for times in (timed_ns, untimed_ns))
    low, high = (float(value) for value in np.percentile(timed / untimed - 1, (2.5, 97.5)))
    return Interval(low=low, high=high)


def _with_and_without_timers(subject: Subject, clip: Clip, frames: int) -> tuple[list[int], list[int]]:
    """Durations of ``update()``, ns, frames of one target taking turns; of each two, either comes first as often.

    One tracker does both, so that they share kernels, graphs and buffers: only the clocks are put in and taken out.
    """
    switch = _Switch(subject.session)
    times_ns: dict[bool, list[int]] = {True: [], False: []}
    with Following(subject, clip, session=switch.session, wrap=switch.wrap) as following:
        for turn in range(-WARMUP, frames):
            first = turn.bit_count() % 2 == 0  # Thue and Morse's sequence: in step with nothing, such as the clip
            for timers in (first, not first):
                switch.put(timers)
                taken = following.step()
                if turn >= 0:
                    times_ns[timers].append(taken)
    return times_ns[True], times_ns[False]


class _Switch:
    """A session and a libsdst tracker whose timers are put in and taken out between two frames.

    Attributes:
        session: to track with.
    """

    def __init__(self, session: Session) -> None:
        self._timed, self._watch = timed(session)
        self._plain = session
        self.session: Any = SimpleNamespace(embed=session.embed, match=session.match, reads_bytes=reads_bytes(session))

    def wrap(self, native: NativeTracker) -> Core:
        """The tracker; the last one is switched."""
        self._cores: dict[bool, Core] = {False: native, True: TimedCore(native, self._watch)}
        self._core: Any = SimpleNamespace(template_input=native.template_input, state=native.state, close=native.close)
        self._core.search_input = native.search_input  # for init(), which may ask for it
        return self._core

    def put(self, timers: bool) -> None:
        """Has the next frame timed stage by stage, or not."""
        self.session.match = (self._timed if timers else self._plain).match
        core: Core = self._cores[timers]
        self._core.search_input, self._core.decode = core.search_input, core.decode
