"""``update()`` again and again, stage by stage: several bundles take turns, so that what drifts hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import timed_following
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.parts import ClosedLoop
from sdst_bench.stats import Summary, median_interval, summarize
from sdst_runtime.errors import ConfigError

__all__ = ["ClosedLoops", "LoopPlan", "OnProgress"]

#: Called with the share done, 0..1, and a remark.
OnProgress: TypeAlias = Callable[[float, str], None]

MIN_FRAMES, MAX_FRAMES = 100, 5000  # where the time decides: enough for a p99, and no more than a page draws
CALIBRATION = 5  # updates at least, from which the number of frames follows
SETTLE = 5  # updates before each turn: what ran before it has driven the graphs from the caches

_Times: TypeAlias = dict[str, NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPlan:
    """How much to time.

    Attributes:
        frames: of each subject; None for as many as ``seconds`` hold by the warm-up, 100 to 5000.
        seconds: of each subject, where ``frames`` is None.
        warmup: updates of each before the first round.
        rounds: turns of each; at most as many as frames.
    """

    frames: int | None = None
    seconds: float = 5.0
    warmup: int = 20
    rounds: int = 10

    def __post_init__(self) -> None:
        if self.warmup < 0 or self.rounds < 1 or not self.seconds > 0 or (self.frames is not None and self.frames < 1):
            raise ConfigError(
                f"frames is {self.frames}, seconds {self.seconds}, warmup {self.warmup} and rounds {self.rounds}, "
                "expected frames, seconds and rounds above 0, warmup >= 0"
            )


class ClosedLoops:
    """Subjects that take turns, whose order is reversed from round to round.

    The rounds may be taken in several visits with other work between them: a host that others use is slower or faster
    for seconds at a time, and only rounds that lie apart see that. On such a one, intervals of the median overlapped in
    70 % of runs and the next, ten seconds later, when all rounds came at once, in 91 % when half of them did.
    """

    def __init__(self, subjects: Sequence[Subject], clip: Clip, plan: LoopPlan | None = None) -> None:
        """Has each subject take the clip's target.

        Args:
            subjects: at least one, each of another name.
            clip: played back and forth.
            plan: None for the defaults.

        Raises:
            ConfigError: two subjects of one name.
        """
        if len({subject.name for subject in subjects}) < len(subjects):
            raise ConfigError(f"two bundles have one name: {', '.join(subject.name for subject in subjects)}; copy one")
        self._plan = LoopPlan() if plan is None else plan
        self._opened = ExitStack()
        with ExitStack() as opened:
            self._loops = [opened.enter_context(_Loop(subject, clip)) for subject in subjects]
            self._opened = opened.pop_all()
        self._rounds = 0  # in all, which the warm-up decides on

    def take_rounds(self, share: float = 1.0, on_progress: OnProgress | None = None) -> dict[str, ClosedLoop]:
        """Goes on until so many of all rounds are done.

        Args:
            share: of the rounds, 0..1, those of visits before included; at least one round is taken.
            on_progress: called after each turn.

        Returns:
            What was measured by now, by the subjects' names.

        Raises:
            Interrupted: the user ended it after a round was full; its partial result is what full rounds gave.
        """
        try:
            if not self._rounds:
                frames = [loop.warm_up(self._plan) for loop in self._loops]
                self._rounds = min(self._plan.rounds, *frames)
            for turn in range(self._done, max(1, round(share * self._rounds))):
                self._take_round(turn, on_progress)
        except KeyboardInterrupt:
            if self._done:
                raise Interrupted(self._results()) from None
            raise
        return self._results()

    def close(self) -> None:
        """Frees the targets. Closing twice is allowed."""
        self._opened.close()

    def __enter__(self) -> ClosedLoops:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _done(self) -> int:
        """Rounds that all subjects have had."""
        return min(len(loop.turns) for loop in self._loops)

    def _take_round(self, turn: int, on_progress: OnProgress | None) -> None:
        for place, loop in enumerate(self._loops if turn % 2 == 0 else reversed(self._loops)):
            loop.take_turn(turn, self._rounds)
            if on_progress is not None:
                share = (turn * len(self._loops) + place + 1) / (self._rounds * len(self._loops))
                on_progress(share, f"{loop.name}, round {turn + 1} of {self._rounds}")

    def _results(self) -> dict[str, ClosedLoop]:
        return {loop.name: loop.result(self._done) for loop in self._loops}


class _Loop:
    """One subject in the loop.

    Attributes:
        name: of the subject.
        turns: durations by stage, ns, of each turn that is over.
    """

    def __init__(self, subject: Subject, clip: Clip) -> None:
        self.name = subject.name
        self._frames = self._warmup = 0
        self.turns: list[_Times] = []
        self._capture_ms = clip.capture_ms
        self._following, self._watch = timed_following(subject, clip)

    def __enter__(self) -> _Loop:
        return self

    def __exit__(self, *_: object) -> None:
        self._following.close()

    def warm_up(self, plan: LoopPlan) -> int:
        """Decides on the number of frames, and returns it."""
        self._warmup = plan.warmup if plan.frames is not None else max(plan.warmup, CALIBRATION)
        warm = self._run(self._warmup)["total"]
        if plan.frames is not None:
            self._frames = plan.frames
        else:
            self._frames = min(max(round(plan.seconds * 1e9 / float(np.median(warm))), MIN_FRAMES), MAX_FRAMES)
        return self._frames

    def take_turn(self, turn: int, rounds: int) -> None:
        """Times the frames of one of all rounds."""
        self._run(SETTLE)
        self.turns.append(self._run(self._frames * (turn + 1) // rounds - self._frames * turn // rounds))

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
