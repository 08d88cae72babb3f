"""Changes of the target's own shape: what is far from it stays, what is between gives way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.simulation.effect import Box, Frame, Placement
from sdst_edge.datasets.simulation.outline import Matrix, bounds, center, clipped, ellipse, grown, moved
from sdst_edge.datasets.simulation.patch import inside
from sdst_edge.datasets.simulation.picture_warp import surrounded

__all__ = ["LocalWarp", "Points", "displaced", "nearness"]

#: (..., 2) float64, continuous image px.
Points = NDArray[np.float64]

_NODES = 33
#: In half sides of the target's box: up to where everything moves with it (its corners are at 1.19), and from where
#: on nothing does. Targets may shrink to 1 / 1.75 before the ground between folds.
_NEAR, _FAR = 1.25, 3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWarp:
    """An effect that moves the target by a homography, and less and less of what is around it.

    Attributes:
        size_wh: of the pictures, px.
        matrix: of a frame, from its box and phase.
    """

    size_wh: tuple[int, int]
    matrix: Callable[[Box, float], Matrix]

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """The bounds of the target's moved outline inside the picture."""
        return clipped(self._target(box_xywh, phase), self.size_wh)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture with its target changed."""
        back: Matrix = np.linalg.inv(self.matrix(box_xywh, phase)).astype(np.float64)
        target_xywh = self._target(box_xywh, phase)

        def displacement(points: Points) -> Points:
            share = nearness(points, target_xywh, near=_NEAR, far=_FAR)[..., None]
            result: Points = np.where(share > 0, share * (moved(points, back) - points), 0.0)
            return result

        return displaced(frame, box_xywh, displacement, grown(target_xywh, _FAR))

    def _target(self, box_xywh: Box, phase: float) -> Box:
        return bounds(moved(ellipse(box_xywh), self.matrix(box_xywh, phase)))


def nearness(points: Points, box_xywh: Box, *, near: float, far: float) -> NDArray[np.float64]:
    """How much points take part in what a box does: (...), 1 up to ``near`` half sides from its middle, 0 from ``far``.

    Distances are those of a rounded square, (|x|^4 + |y|^4)^(1/4).
    """
    offset = (points - center(box_xywh)) / (box_xywh[2] / 2, box_xywh[3] / 2)
    distance = np.sqrt(np.sqrt((offset**4).sum(axis=-1)))
    share = np.clip((far - distance) / (far - near), 0.0, 1.0)
    result: NDArray[np.float64] = share * share * (3 - 2 * share)
    return result


def displaced(frame: Frame, box_xywh: Box, displacement: Callable[[Points], Points], region_xywh: Box) -> Frame:
    """A picture in a region of which pixels come from elsewhere.

    Args:
        frame: (H, W, 3) uint8. Not modified.
        box_xywh: the target in the frame; ground that goes on beyond the picture has no second one.
        displacement: from points of the result to how far away in the frame their pixels come from, px; it is asked on
            a grid and interpolated, so it should be smooth; 0 at the region's rim.
        region_xywh: of the result; may lie partly or wholly outside the picture.

    Returns:
        (H, W, 3) uint8, newly allocated.
    """
    import cv2

    result: Frame = frame.copy()
    height, width = frame.shape[:2]
    region = inside(region_xywh, (width, height))
    if region is None:
        return result
    rows, columns = region
    from_x, from_y = _origins(displacement, rows, columns)
    margin = math.ceil(max(-from_x.min(), -from_y.min(), from_x.max() - width + 1, from_y.max() - height + 1, 0.0))
    source = surrounded(frame, box_xywh, (margin,) * 4) if margin else frame
    shift_px = np.float32(margin)
    result[region] = cv2.remap(source, from_x + shift_px, from_y + shift_px, cv2.INTER_LINEAR)
    return result


def _origins(
    displacement: Callable[[Points], Points], rows: slice, columns: slice
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where the pixels of a region come from: columns and rows of the frame, (h, w) each."""
    import cv2

    # The grid's outer half cells are flat; the margin puts them outside of the region.
    spans = [(part.start, part.stop, -(-(part.stop - part.start) // (2 * _NODES - 4))) for part in (columns, rows)]
    nodes = [
        start - margin + (np.arange(_NODES) + 0.5) * (stop - start + 2 * margin) / _NODES
        for start, stop, margin in spans
    ]
    grid = np.stack(np.meshgrid(*nodes), axis=-1)  # (nodes, nodes, 2)
    (left, right, beside), (top, bottom, above) = spans
    whole_wh = (right - left + 2 * beside, bottom - top + 2 * above)
    moves = cv2.resize(displacement(grid).astype(np.float32), whole_wh)
    moves = moves[above : whole_wh[1] - above, beside : whole_wh[0] - beside]
    from_x = moves[..., 0] + np.arange(left, right, dtype=np.float32)
    from_y = moves[..., 1] + np.arange(top, bottom, dtype=np.float32)[:, None]
    return np.asarray(from_x, dtype=np.float32), np.asarray(from_y, dtype=np.float32)
