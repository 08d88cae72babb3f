"""Several frames in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["contact_sheet"]

_GAP_PX = 4


def contact_sheet(frames: Sequence[NDArray[np.uint8]], *, columns: int, width: int | None = None) -> NDArray[np.uint8]:
    """Frames side by side, row by row, with thin black gaps; an unfinished last row ends in black.

    Args:
        frames: at least one, (H, W, 3) uint8 BGR, of one size. Not modified.
        columns: frames a row, >= 1.
        width: of each frame on the sheet, px; None for its own.

    Returns:
        (rows * (h + gap) - gap, columns * (w + gap) - gap, 3) uint8 BGR.
    """
    import cv2

    height_px, width_px = frames[0].shape[:2]
    if width is not None:
        height_px, width_px = round(height_px * width / width_px), width
    rows = -(-len(frames) // columns)
    shape = (rows * (height_px + _GAP_PX) - _GAP_PX, columns * (width_px + _GAP_PX) - _GAP_PX, 3)
    sheet = np.zeros(shape, dtype=np.uint8)
    for index, frame in enumerate(frames):
        top, left = (index // columns) * (height_px + _GAP_PX), (index % columns) * (width_px + _GAP_PX)
        small = cv2.resize(frame, (width_px, height_px), interpolation=cv2.INTER_AREA)
        sheet[top : top + height_px, left : left + width_px] = small
    return sheet
