"""``update()`` again and again, stage by stage: several bundles take turns, so that what drifts hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import timed_following
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.model import ClosedLoop
from sdst_bench.stats import Summary, median_interval, summarize
from sdst_runtime.errors import ConfigError

__all__ = ["OUTSIDE", "OnProgress", "measure_closed_loop", "outside_share"]

#: Called with the share done, 0..1, and a remark.
OnProgress: TypeAlias = Callable[[float, str], None]

#: Stages that are not the network; ``glue`` is what the others leave of ``update()``: Python, and the clock itself.
OUTSIDE = ("crop", "decode", "glue")

MIN_FRAMES, MAX_FRAMES = 100, 5000  # where the time decides: enough for a p99, and no more than a page draws
CALIBRATION = 5  # updates at least, from which the number of frames follows
SETTLE = 5  # updates after another bundle has run: its graphs have driven this one's from the caches

_Times: TypeAlias = dict[str, NDArray[np.int64]]


def measure_closed_loop(
    subjects: Sequence[Subject],
    clip: Clip,
    *,
    frames: int | None = None,
    seconds: float = 5.0,
    warmup: int = 20,
    rounds: int = 10,
    on_progress: OnProgress | None = None,
) -> dict[str, ClosedLoop]:
    """Times the stages of each frame of each subject, in turns whose order is reversed from round to round.

    Args:
        subjects: at least one, each of another name.
        clip: played back and forth.
        frames: to time of each subject; None for as many as ``seconds`` hold by the warm-up, 100 to 5000.
        seconds: of each subject, where ``frames`` is None.
        warmup: updates of each before the first round.
        rounds: turns of each; at most as many as frames.
        on_progress: called after each turn.

    Returns:
        By the subjects' names.

    Raises:
        ConfigError: a number out of its range, or two subjects of one name.
        Interrupted: the user ended it after a round was full; its partial result is what full rounds gave.
    """
    if warmup < 0 or rounds < 1 or not seconds > 0 or (frames is not None and frames < 1):
        raise ConfigError(
            f"frames is {frames}, seconds {seconds}, warmup {warmup} and rounds {rounds}, "
            "expected frames, seconds and rounds above 0, warmup >= 0"
        )
    if len({subject.name for subject in subjects}) < len(subjects):
        raise ConfigError(f"two bundles have one name: {', '.join(subject.name for subject in subjects)}; copy one")
    with ExitStack() as opened:
        loops = [opened.enter_context(_Loop(subject, clip)) for subject in subjects]
        try:
            for loop in loops:
                loop.plan(warmup, frames, seconds)
            _take_turns(loops, rounds, on_progress)
        except KeyboardInterrupt:
            done = min(len(loop.turns) for loop in loops)
            if done:
                raise Interrupted({loop.name: loop.result(done) for loop in loops}) from None
            raise
        return {loop.name: loop.result(len(loop.turns)) for loop in loops}


def outside_share(loop: ClosedLoop) -> float:
    """(crop + decode + glue) / ``update()``, of means, which add up: 0..1."""
    return sum(loop.stages[name].mean for name in OUTSIDE) / loop.total.mean


def _take_turns(loops: list[_Loop], rounds: int, on_progress: OnProgress | None) -> None:
    rounds = min(rounds, *(loop.frames for loop in loops))
    for turn in range(rounds):
        for place, loop in enumerate(loops if turn % 2 == 0 else reversed(loops)):
            loop.take_turn(turn, rounds, settle=SETTLE if len(loops) > 1 else 0)
            if on_progress is not None:
                share = (turn * len(loops) + place + 1) / (rounds * len(loops))
                on_progress(share, f"{loop.name}, round {turn + 1} of {rounds}")


class _Loop:
    """One subject in the loop.

    Attributes:
        name: of the subject.
        frames: to be timed.
        turns: durations by stage, ns, of each turn that is over.
    """

    def __init__(self, subject: Subject, clip: Clip) -> None:
        self.name = subject.name
        self.frames = self._warmup = 0
        self.turns: list[_Times] = []
        self._capture_ms = clip.capture_ms
        self._following, self._watch = timed_following(subject, clip)

    def __enter__(self) -> _Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self._following.close()

    def plan(self, warmup: int, frames: int | None, seconds: float) -> None:
        """Warms up, and decides on the number of frames."""
        self._warmup = warmup if frames is not None else max(warmup, CALIBRATION)
        warm = self._run(self._warmup)["total"]
        if frames is None:
            frames = min(max(round(seconds * 1e9 / float(np.median(warm))), MIN_FRAMES), MAX_FRAMES)
        self.frames = frames

    def take_turn(self, turn: int, rounds: int, *, settle: int) -> None:
        """Times the frames of one of all rounds."""
        self._run(settle)
        self.turns.append(self._run(self.frames * (turn + 1) // rounds - self.frames * turn // rounds))

    def result(self, rounds: int) -> ClosedLoop:
        """Of the first turns; glue is what the other stages leave of the whole, frame by frame."""
        stages = self._watch.stages
        times = {name: np.concatenate([turn[name] for turn in self.turns[:rounds]]) for name in (*stages, "total")}
        glue = times["total"] - np.sum([times[name] for name in stages], axis=0)
        total, total_ms = summarize(times["total"]), times["total"] / 1e6
        return ClosedLoop(
            frames=len(total_ms),
            rounds=rounds,
            warmup=self._warmup,
            capture=_summary_of_ms(self._capture_ms),
            stages={**{name: summarize(times[name]) for name in stages}, "glue": summarize(glue)},
            total=total,
            median_ms=median_interval(total_ms),
            jitter_ms=total.p99 - total.p50,
            fps=1e3 / total.mean,
            total_ms=tuple(np.round(total_ms, 4).tolist()),
        )

    def _run(self, count: int) -> _Times:
        """Durations of so many frames."""
        self._watch.clear()
        total_ns = self._watch.durations_ns["total"]
        for _ in range(count):
            total_ns.append(self._following.step())
        return {name: np.array(durations, np.int64) for name, durations in self._watch.durations_ns.items()}


def _summary_of_ms(times_ms: Sequence[float]) -> Summary | None:
    return summarize([round(value * 1e6) for value in times_ms]) if times_ms else None
