"""Sequences of boxes without pictures, for tests of what boxes and flags tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from sdst_edge.datasets import Sequence
from sdst_edge.datasets.frame_files import MissingFrames

__all__ = ["boxes_only"]


def boxes_only(
    boxes_xywh: Iterable[Iterable[float]],
    *,
    absent: Iterable[int] = (),
    labels: tuple[str, ...] | None = None,
    tags: Mapping[str, Iterable[int]] | None = None,
    name: str = "s",
) -> Sequence:
    """A sequence from its boxes.

    Args:
        boxes_xywh: one a frame.
        absent: frames without the target.
        labels: attributes of the sequence.
        tags: frames that carry each label of frames.
        name: of the sequence.
    """
    boxes = np.array([tuple(box) for box in boxes_xywh], dtype=np.float64)
    count = len(boxes)
    return Sequence(
        name=name,
        frames=MissingFrames(Path(name), count),
        boxes_xywh=boxes,
        visible=~np.isin(np.arange(count), list(absent)),
        attributes=labels,
        frame_attributes={tag: np.isin(np.arange(count), list(frames)) for tag, frames in (tags or {}).items()},
    )
