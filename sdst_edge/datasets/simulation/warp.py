"""Effects that move the target by a homography: its box goes with it, and one of two ways draws what is around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sdst_edge.datasets.simulation.effect import Box, Frame, Placement
from sdst_edge.datasets.simulation.outline import Matrix, bounds, clipped, ellipse, moved

__all__ = ["Warp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warp:
    """An effect that moves the target by a homography.

    Attributes:
        size_wh: of the pictures, px.
        matrix: of a frame, from its box and phase; moves continuous px.
        draw: a frame, its box and the matrix to a new frame: ``warp_picture``, where all moves as with a camera, or
            ``warp_target``, where what is far from the target stays.
    """

    size_wh: tuple[int, int]
    matrix: Callable[[Box, float], Matrix]
    draw: Callable[[Frame, Box, Matrix], Frame]

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """The bounds of the moved outline inside the picture."""
        return clipped(bounds(moved(ellipse(box_xywh), self.matrix(box_xywh, phase))), self.size_wh)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture with its target moved."""
        return self.draw(frame, box_xywh, self.matrix(box_xywh, phase))
