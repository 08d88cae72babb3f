"""Plain NumPy for what SiamMask's tracker makes of a mask, in float64; the rule is that of PySOT's tracker."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["projected", "smallest_rectangle_area"]

Floats = NDArray[np.float64]

TEMPLATE, SEARCH, STRIDE, BASE = 127, 255, 8, 8


def projected(probability: Floats, target_cxcywh: Floats, cell: tuple[int, int], frame_wh: tuple[int, int]) -> Floats:
    """A mask in the frame, (H, W).

    Args:
        probability: (127, 127).
        target_cxcywh: where the target was believed to be.
        cell: row and column.
        frame_wh: W and H.
    """
    center, size = target_cxcywh[:2], target_cxcywh[2:]
    context = 0.5 * size.sum()
    crop_side = round(np.sqrt((size[0] + context) * (size[1] + context)) * SEARCH / TEMPLATE)
    scale = crop_side / SEARCH  # image px per network px
    left, top = (
        middle - crop_side / 2 + (index - BASE / 2) * STRIDE * scale
        for middle, index in zip(center, (cell[1], cell[0]), strict=True)
    )
    columns, rows = (
        _mask_positions(length, -start / scale, length / scale)  # the mask has as many px as the template
        for length, start in zip(frame_wh, (left, top), strict=True)
    )
    return _bilinear(probability, rows, columns)


def _mask_positions(length: int, start: float, extent: float) -> Floats:
    """Where the frame's pixels lie in the mask: the original spreads ``length`` pixels over the frame's extent there,
    the first on its start and the last on its end."""
    return start + np.arange(length) * extent / (length - 1)


def _bilinear(values: Floats, rows: Floats, columns: Floats) -> Floats:
    """Values at all pairs of rows and columns, with zeros around them."""
    padded = np.pad(values, 1)
    inside_rows, inside_columns = (np.clip(at + 1, 0, len(padded) - 1.000001) for at in (rows, columns))
    top, left = inside_rows.astype(int), inside_columns.astype(int)
    down, right = (inside_rows - top)[:, None], (inside_columns - left)[None, :]
    upper = padded[top][:, left] * (1 - right) + padded[top][:, left + 1] * right
    lower = padded[top + 1][:, left] * (1 - right) + padded[top + 1][:, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def smallest_rectangle_area(points: Floats) -> float:
    """Area of the smallest rotated rectangle around points (N, 2): one of its sides lies on an edge of their hull.

    All pairs of points are tried as edges, which holds the hull's.
    """
    edges = (points[:, None] - points[None, :]).reshape(-1, 2)
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    along = edges[lengths > 0] / lengths[lengths > 0, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    sides = [np.ptp(directions @ points.T, axis=1) for directions in (along, across)]
    return float((sides[0] * sides[1]).min())
