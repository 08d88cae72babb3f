"""Where the time of a run goes."""

from __future__ import annotations

import time

import torch

from sdst_edge.training.run.result import Profile

__all__ = ["PARTS", "Stopwatch"]

PARTS = ("data", "forward", "backward", "optimizer", "validation", "rest")


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
