"""A capture without a camera, for tests of sources."""

from __future__ import annotations

import queue
from typing import Any

import numpy as np

from sdst_runtime.sources.opencv import cv2_module

WIDTH, HEIGHT = 64, 48  # px


def picture(value: int) -> Any:
    """A grey frame."""
    return np.full((HEIGHT, WIDTH, 3), value, np.uint8)


class FakeCapture:
    """A capture whose frames a test hands out; None is a failed read."""

    def __init__(self, *frames: Any, count: float = -1, fps: float = 0) -> None:
        self.frames: queue.Queue[Any] = queue.Queue()
        for frame in frames:
            self.frames.put(frame)
        cv2 = cv2_module()
        self.properties = {cv2.CAP_PROP_FRAME_COUNT: count, cv2.CAP_PROP_FPS: fps}
        self.released = 0

    def read(self) -> tuple[bool, Any]:
        assert not self.released
        frame = self.frames.get(timeout=10)
        return frame is not None, frame

    def get(self, property_id: int) -> float:
        return self.properties[property_id]

    def release(self) -> None:
        self.released += 1
