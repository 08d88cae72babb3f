"""A bright textured target on dark ground, and where it is found again after something was done to the picture."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence

__all__ = ["BRIGHT", "found_box", "painted", "painted_clip"]

#: Grey level between the ground's (under 60) and the target's (over 160).
BRIGHT = 110

Box = tuple[float, float, float, float]


def painted(box_xywh: Box, size_wh: tuple[int, int] = (240, 180), *, round_: bool = False) -> NDArray[np.uint8]:
    """A frame with a rectangle, or an ellipse that touches its sides, of whole pixels; parts outside are cut."""
    ground, texture = _materials(size_wh)
    x, y, w, h = (int(value) for value in box_xywh)
    u = (np.arange(size_wh[0]) + 0.5 - x - w / 2) / (w / 2)
    v = ((np.arange(size_wh[1]) + 0.5 - y - h / 2) / (h / 2))[:, None]
    inside = u**2 + v**2 <= 1 if round_ else np.maximum(np.abs(u), np.abs(v)) <= 1
    return np.where(inside[..., None], texture, ground)


@lru_cache(maxsize=4)
def _materials(size_wh: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Dark noise, and bright checks of five pixels a side."""
    rng = np.random.default_rng(5)
    ground = rng.integers(0, 60, size=(size_wh[1], size_wh[0], 3), dtype=np.uint8)
    checks = (np.arange(size_wh[0]) // 5 + np.arange(size_wh[1])[:, None] // 5) % 2
    texture = np.repeat((160 + 95 * checks)[..., None], 3, axis=2).astype(np.uint8)
    return ground, texture


def painted_clip(boxes_xywh: list[Box], size_wh: tuple[int, int] = (240, 180), *, round_: bool = False) -> Sequence:
    """A clip of such frames."""
    return Sequence(
        name="painted",
        frames=[painted(box, size_wh, round_=round_) for box in boxes_xywh],
        boxes_xywh=np.array(boxes_xywh, dtype=np.float64),
        visible=np.ones(len(boxes_xywh), dtype=np.bool_),
        size_wh=size_wh,
    )


def found_box(frame: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """(4,) x, y, w, h of the bright pixels; None where there are none."""
    bright = frame.mean(axis=2) > BRIGHT
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    if not len(rows):
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0]], dtype=np.float64)
