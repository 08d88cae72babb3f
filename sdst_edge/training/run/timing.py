"""How fast a run is, and where its time goes."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch

from sdst_edge.training.run.result import Profile

__all__ = ["PARTS", "Pace", "Speed", "Stopwatch"]

PARTS = ("data", "forward", "backward", "optimizer", "validation", "rest")


class Speed(NamedTuple):
    """Since the last report.

    Attributes:
        pairs_per_s: over all processes.
        waiting: share of the time that was spent waiting for pairs, 0..1.
        eta_s: seconds that the rest takes at the pace so far.
    """

    pairs_per_s: float
    waiting: float
    eta_s: float


class Pace:
    """Counts from a run's start, or where it was resumed.

    Args:
        step: steps done by then.
        fraction: of the budget that they took.
        batch_size: over all processes.
    """

    def __init__(self, step: int, fraction: float, batch_size: int) -> None:
        self._batch_size = batch_size
        self._begun_at, self._begun = time.perf_counter(), fraction
        self.restart(step, 0.0)

    def restart(self, step: int, waited_s: float) -> None:
        """Begins to count steps anew, after something else than steps took time."""
        self._at, self._step, self._waited_s = time.perf_counter(), step, waited_s

    def speed(self, step: int, fraction: float, waited_s: float) -> Speed:
        """The speed so far; counting goes on from here.

        Args:
            step: steps done.
            fraction: of the budget that they took.
            waited_s: seconds spent waiting for pairs so far.
        """
        now = time.perf_counter()
        took = max(now - self._at, 1e-9)
        speed = Speed(
            pairs_per_s=(step - self._step) * self._batch_size / took,
            waiting=min(1.0, (waited_s - self._waited_s) / took),
            eta_s=(now - self._begun_at) * (1.0 - fraction) / max(fraction - self._begun, 1e-9),
        )
        self.restart(step, waited_s)
        return speed


class Stopwatch:
    """Sums seconds by part. One that is off does nothing, and lets a GPU run ahead.

    Args:
        device: waited for at each lap where it is a GPU.
        on: whether it measures.
    """

    def __init__(self, device: torch.device, *, on: bool) -> None:
        self._on = on
        self._waits = device.type == "cuda"
        self._seconds = dict.fromkeys(PARTS, 0.0)
        self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        """Counts the time since the last lap for a part."""
        if not self._on:
            return
        if self._waits:
            torch.cuda.synchronize()
        now = time.perf_counter()
        self._seconds[part] += now - self._last
        self._last = now

    def profile(self, steps: int) -> Profile | None:
        """What was measured in so many steps; None where it is off."""
        return Profile(steps=steps, seconds=dict(self._seconds)) if self._on else None
