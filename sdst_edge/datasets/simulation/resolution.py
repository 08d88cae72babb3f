"""Low resolution: the picture as a camera with fewer pixels would have taken it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sdst_edge.datasets.simulation.effect import Box, Frame, Placement, Scene, effect

__all__ = ["FewerPixels"]

#: px^2 of the target's box; LaSOT's definition says under 1000.
_AREA_PX = (200.0, 800.0)
_LEAST_SIDE_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FewerPixels:
    """An effect that makes pictures smaller. It holds for a whole clip, since pictures of a clip have one size.

    Attributes:
        size_wh: of the smaller pictures, px.
        from_wh: of the original ones.
    """

    size_wh: tuple[int, int]
    from_wh: tuple[int, int]

    def place(self, box_xywh: Box, phase: float) -> Placement:  # noqa: ARG002 (the same all the time)
        """The box in px of the smaller picture."""
        x, y, w, h = box_xywh
        across, down = self.size_wh[0] / self.from_wh[0], self.size_wh[1] / self.from_wh[1]
        return Placement((x * across, y * down, w * across, h * down), visible=True)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:  # noqa: ARG002 (no part is treated apart)
        """The smaller picture."""
        import cv2

        return np.asarray(cv2.resize(frame, self.size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@effect("LR", course_frames=None)
def _low_resolution(rng: np.random.Generator, strength: float, scene: Scene) -> FewerPixels:
    """Pictures in which the target has 200 to 800 px^2; they stay as they are where it has no more anyway.

    A tracker cuts its region in proportion to the target and scales it to its network's input, so what the network sees
    is what sampling down and up again in place gives; but here the boxes say low resolution too, and nothing else
    changes: neither the target's scale in the course of a clip nor its way.
    """
    area_px = rng.uniform(_AREA_PX[1] - strength * (_AREA_PX[1] - _AREA_PX[0]), _AREA_PX[1])
    factor = min(1.0, math.sqrt(area_px / (scene.target_xywh[2] * scene.target_xywh[3])))
    width, height = (max(round(side * factor), min(side, _LEAST_SIDE_PX)) for side in scene.size_wh)
    return FewerPixels(size_wh=(width, height), from_wh=scene.size_wh)
