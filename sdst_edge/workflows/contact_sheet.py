"""Several frames in one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["contact_sheet"]

_GAP_PX = 4
_TITLE_WIDTH_PX = 56


def contact_sheet(
    frames: Sequence[NDArray[np.uint8]],
    *,
    columns: int,
    width: int | None = None,
    row_titles: Sequence[str] | None = None,
) -> NDArray[np.uint8]:
    """Frames side by side, row by row, with thin black gaps; an unfinished last row ends in black.

    Args:
        frames: at least one, (H, W, 3) uint8 BGR. Not modified. Those of another size than the first one are scaled to
            its size, with their pixels left to be seen.
        columns: frames a row, >= 1.
        width: of each frame on the sheet, px; None for its own.
        row_titles: one a row, plain ASCII, written in front of it; none without them.

    Returns:
        (rows * (h + gap) - gap, titles + columns * (w + gap) - gap, 3) uint8 BGR.
    """
    import cv2

    height_px, width_px = frames[0].shape[:2]
    if width is not None:
        height_px, width_px = round(height_px * width / width_px), width
    rows = -(-len(frames) // columns)
    margin_px = _TITLE_WIDTH_PX if row_titles is not None else 0
    shape = (rows * (height_px + _GAP_PX) - _GAP_PX, margin_px + columns * (width_px + _GAP_PX) - _GAP_PX, 3)
    sheet = np.zeros(shape, dtype=np.uint8)
    for index, frame in enumerate(frames):
        top, left = (index // columns) * (height_px + _GAP_PX), margin_px + (index % columns) * (width_px + _GAP_PX)
        smaller = frame.shape[1] < width_px
        small = cv2.resize(frame, (width_px, height_px), interpolation=cv2.INTER_NEAREST if smaller else cv2.INTER_AREA)
        sheet[top : top + height_px, left : left + width_px] = small
    for row, title in enumerate(row_titles or ()):
        at = (_GAP_PX, row * (height_px + _GAP_PX) + height_px // 2)
        cv2.putText(sheet, title, at, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return sheet
