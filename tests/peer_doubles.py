"""What tests of peers share: the module that plays OpenCV, and frames that it understands."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence

__all__ = [
    "CHATTER",
    "DIE",
    "FAKE_OPENCV",
    "HANG",
    "LOSE",
    "RAISE",
    "CountingFrames",
    "frame_of",
    "load_fake_opencv",
    "network_file",
    "sequence_of",
]

#: Folder of the module, for ``PYTHONPATH``.
FAKE_OPENCV = Path(__file__).parent / "fake_opencv"


def load_fake_opencv() -> ModuleType:
    """A new copy of the module."""
    spec = importlib.util.spec_from_file_location("cv2", FAKE_OPENCV / "cv2.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_FAKE = load_fake_opencv()
DIE, HANG, RAISE, CHATTER, LOSE = _FAKE.DIE, _FAKE.HANG, _FAKE.RAISE, _FAKE.CHATTER, _FAKE.LOSE


def frame_of(index: int, order: int = 0) -> NDArray[np.uint8]:
    """A frame that tells its index, and the module's trackers what to do."""
    frame = np.zeros((6, 4, 3), np.uint8)
    frame[0, 0] = index, order, 0
    return frame


def network_file(path: Path) -> Path:
    """A file that the module takes as weights."""
    path.write_bytes(_FAKE.NETWORK)
    return path


@dataclass
class CountingFrames:
    """Frames that are made when they are asked for, and how often each was.

    Attributes:
        count: how many.
        orders: to the module's trackers, by index.
    """

    count: int
    orders: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asked = [0] * self.count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        self.asked[index] += 1
        return frame_of(index, self.orders.get(index, 0))


def sequence_of(name: str = "a", count: int = 6, orders: dict[int, int] | None = None) -> Sequence:
    """A target that the module's trackers find exactly."""
    boxes = np.array([(10.0 * index, 5.0, 20.0, 10.0) for index in range(count)])
    frames = CountingFrames(count, orders or {})
    return Sequence(name=name, frames=frames, boxes_xywh=boxes, visible=np.ones(count, np.bool_))
