"""Sequences and trackers for the VOT protocols: the picture at an index says which one it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Rectangle, Region, bounding_box
from sdst_edge.datasets.sequence import Sequence

__all__ = ["SIZE_WH", "ScriptedTracker", "clip", "moving_boxes"]

SIZE_WH = (100, 80)

Box = tuple[float, float, float, float]


def clip(
    regions: list[Region],
    *,
    name: str = "clip",
    anchors: Mapping[int, int] | None = None,
    tags: Mapping[str, list[int]] | None = None,
) -> Sequence:
    """A sequence of black pictures whose first pixel holds the number of the frame.

    Args:
        regions: one a frame; None where the target is absent.
        name: of the sequence.
        anchors: frames to start from, 1 forward and -1 backward.
        tags: by name, the frames that carry it.
    """
    frames = [np.full((SIZE_WH[1], SIZE_WH[0], 3), index, np.uint8) for index in range(len(regions))]
    boxes_xywh = np.array([bounding_box(region) for region in regions])
    signs = np.zeros(len(regions), np.int8)
    for index, sign in (anchors or {}).items():
        signs[index] = sign
    return Sequence(
        name=name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=(boxes_xywh[:, 2:] > 0).all(axis=1),
        regions=tuple(regions),
        anchors=None if anchors is None else signs,
        frame_attributes={tag: np.isin(np.arange(len(regions)), held) for tag, held in (tags or {}).items()},
        size_wh=SIZE_WH,
    )


class ScriptedTracker:
    """Answers by the number of the frame, and notes what it was given."""

    def __init__(self, answer: Callable[[int], Box]) -> None:
        self._answer = answer
        self.starts: list[tuple[int, Box]] = []
        self.updates: list[int] = []

    def init(self, frame: NDArray[np.uint8], box_xywh: Box) -> None:
        self.starts.append((int(frame[0, 0, 0]), box_xywh))

    def update(self, frame: NDArray[np.uint8]) -> Box:
        self.updates.append(int(frame[0, 0, 0]))
        return self._answer(self.updates[-1])

    @classmethod
    def perfect(cls, sequence: Sequence) -> ScriptedTracker:
        """Gives the true boxes."""
        return cls(lambda index: tuple(sequence.boxes_xywh[index].tolist()))

    @classmethod
    def lost(cls) -> ScriptedTracker:
        """Is always in a corner, outside the picture."""
        return cls(lambda _: (-50.0, -50.0, 10.0, 10.0))


def moving_boxes(count: int) -> list[Region]:
    """A target of 20 x 16 px that moves 1 px a frame."""
    return [Rectangle(5 + index % 60, 10, 20, 16) for index in range(count)]
