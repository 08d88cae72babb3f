"""A camera's pace without a camera: frames that arrive at their time, whether the tracker is ready or not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from itertools import islice

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import Following
from sdst_bench.measuring.subject import Subject
from sdst_bench.not_measured import Interrupted
from sdst_bench.report.parts import Camera
from sdst_bench.stats import summarize
from sdst_runtime.errors import ConfigError

__all__ = ["measure_camera"]

WARMUP = 10


def measure_camera(
    subject: Subject,
    clip: Clip,
    *,
    fps: float,
    seconds: float = 5.0,
    clock_ns: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Camera:
    """Latency from a frame's arrival to its box, and the frames that were dropped, at a camera's rate.

    Frame k arrives ``k / fps`` after the start, into a slot that holds one frame: the newest. A tracker that is ready
    takes it; one that was late finds the newest of those that came meanwhile, and the others are dropped. One that is
    early sleeps until the next arrives, as it would wait for a camera, so that the processor may clock down or fall
    asleep in between, and its waking is part of the latency. So is the time that a frame waited in its slot.

    What a real camera adds is not in it: exposure, transfer, the driver's queue, copying or converting the frame. The
    frames lie in memory, in the order of the clip, back and forth; dropped ones are left out.

    Args:
        subject: that tracks.
        clip: whose frames arrive.
        fps: of the camera, above 0.
        seconds: that it runs, above 0; at least one frame arrives.
        clock_ns: that is read.
        sleep: that waits, s.

    Raises:
        ConfigError: a number out of its range.
        Interrupted: the user ended it; its partial result is what was measured by then.
    """
    if not 0 < fps < math.inf or not 0 < seconds < math.inf:
        raise ConfigError(f"fps is {fps} and seconds {seconds}, expected finite numbers above 0")
    with Following(subject, clip) as following:
        for _ in range(WARMUP):
            following.step()
        run = _Run(fps, clock_ns)
        pairs = clip.back_and_forth()
        try:
            for dropped in run.arrivals(max(1, round(fps * seconds)), sleep):
                pair = next(islice(pairs, dropped, None))
                run.done(following.update(*pair))
        except KeyboardInterrupt:
            if run.latency_ns:
                raise Interrupted(run.result()) from None
            raise
        return run.result()


class _Run:
    """Frames that arrive, and what became of them.

    Attributes:
        latency_ns: of each frame that was processed.
    """

    def __init__(self, fps: float, clock_ns: Callable[[], int]) -> None:
        self.latency_ns: list[int] = []
        self._fps = fps
        self._clock_ns = clock_ns
        self._start = self._end = clock_ns()
        self._taken = self._done = -1  # the last frame that was taken from the slot, and whose box is there
        self._busy_ns = 0

    def arrivals(self, frames: int, sleep: Callable[[float], None]) -> Iterator[int]:
        """Waits for each frame that is taken, and gives how many were dropped since the one before."""
        while self._taken < frames - 1:
            now, newest = self._clock_ns(), self._taken
            while newest < frames - 1 and self._arrival(newest + 1) <= now:
                newest += 1
            if newest == self._taken:
                sleep((self._arrival(newest + 1) - now) / 1e9)
                continue
            dropped, self._taken = newest - self._taken - 1, newest
            yield dropped

    def done(self, update_ns: int) -> None:
        """The box of the frame that was taken last is there."""
        self._end = self._clock_ns()
        self._done = self._taken
        self._busy_ns += update_ns
        self.latency_ns.append(self._end - self._arrival(self._taken))

    def result(self) -> Camera:
        """Up to the last frame whose box is there, or to the end of its time in the slot if that comes later."""
        frames, processed = self._done + 1, len(self.latency_ns)
        ran_ns = max(self._end, self._arrival(frames)) - self._start
        return Camera(
            fps=self._fps,
            seconds=ran_ns / 1e9,
            frames=frames,
            processed=processed,
            dropped=frames - processed,
            latency=summarize(self.latency_ns),
            busy_share=self._busy_ns / ran_ns,
            latency_ms=tuple(round(value / 1e6, 4) for value in self.latency_ns),
        )

    def _arrival(self, index: int) -> int:
        return self._start + round(index * 1e9 / self._fps)
