"""A tracker that remembers what it said."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.tracker import Tracker, TrackResult

__all__ = ["RecordingTracker"]


class RecordingTracker:
    """A tracker that remembers what it said.

    Attributes:
        results: of the last target: the given box with score 1, then what ``update()`` returned.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.results: list[TrackResult] = []

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float]) -> None:
        """See :meth:`sdst_runtime.Tracker.init`."""
        self._tracker.init(frame, box_xywh)
        self.results = [TrackResult(box_xywh, 1.0, True)]

    def update(self, frame: NDArray[np.uint8]) -> TrackResult:
        """See :meth:`sdst_runtime.Tracker.update`."""
        self.results.append(self._tracker.update(frame))
        return self.results[-1]
