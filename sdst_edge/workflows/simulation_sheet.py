"""Simulated attributes in one picture: a row for each, a few frames over time, the boxes drawn."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.workflows.contact_sheet import contact_sheet
from sdst_edge.workflows.drawing import draw_truth

__all__ = ["shown_frames", "simulation_sheet"]

#: Of a frame on the sheet, px.
_WIDTH_PX = 256
#: Around the boxes of a row, over sqrt(w h).
_MARGIN = 1.2


def simulation_sheet(clips: Items[tuple[str, Sequence]], *, columns: int) -> NDArray[np.uint8]:
    """The clips' first frames and frames around what they show, row by row.

    Args:
        clips: attribute and the clip that shows it, at least one; its flags are in ``frame_attributes``.
        columns: frames of each, >= 2.

    Returns:
        (H, W, 3) uint8 BGR. Each row shows one part of the pictures, the one around all its boxes, enlarged. The box is
        green, orange in frames that carry the attribute's flag; frames without the target have a red frame.
    """
    pictures: list[NDArray[np.uint8]] = []
    size_wh = clips[0][1].picture_size()
    cell_wh = (_WIDTH_PX, round(size_wh[1] * _WIDTH_PX / size_wh[0]))
    for attribute, clip in clips:
        flags = clip.frame_attributes[attribute]
        indices = shown_frames(flags, columns)
        window = _window(clip, indices)
        for index in indices:
            pictures.append(
                draw_truth(
                    _cut(clip.frames[index], window, cell_wh),
                    _in_cell(clip.boxes_xywh[index], window, cell_wh),
                    visible=bool(clip.visible[index]),
                    marked=bool(flags[index]),
                    title=str(index + 1),
                )
            )
    return contact_sheet(pictures, columns=columns, row_titles=[attribute for attribute, _ in clips])


def _window(clip: Sequence, indices: list[int]) -> tuple[int, int, int, int]:
    """x, y, w, h of the part of the picture that a row shows, of its shape: the same for all its frames, px."""
    size = np.array(clip.picture_size())
    seen = [index for index in indices if clip.visible[index]]
    if not seen:
        return 0, 0, int(size[0]), int(size[1])
    boxes = clip.boxes_xywh[seen]
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    margin = _MARGIN * np.sqrt(boxes[:, 2:].prod(axis=1)).mean()
    share = min(1.0, float(((high - low + 2 * margin) / size).max()))
    shown = np.ceil(share * size)
    left, top = np.clip(((low + high - shown) / 2).round(), 0, size - shown).astype(int).tolist()
    return left, top, int(shown[0]), int(shown[1])


def _cut(frame: NDArray[np.uint8], window: tuple[int, int, int, int], cell_wh: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    left, top, width, height = window
    part = frame[top : top + height, left : left + width]
    method = cv2.INTER_NEAREST if part.shape[1] < cell_wh[0] else cv2.INTER_AREA  # pixels are left to be seen
    return np.asarray(cv2.resize(part, cell_wh, interpolation=method), dtype=np.uint8)


def _in_cell(box_xywh: NDArray[np.float64], window: tuple[int, int, int, int], cell_wh: tuple[int, int]) -> list[float]:
    left, top, width, height = window
    across, down = cell_wh[0] / width, cell_wh[1] / height
    box: list[float] = ((box_xywh - (left, top, 0, 0)) * (across, down, across, down)).tolist()
    return box


def shown_frames(flags: NDArray[np.bool_], count: int) -> list[int]:
    """The first frame, and others evenly over the first stretch of flagged ones and as much before and after it.

    Args:
        flags: (N,), which frames carry an attribute; where none does, the frames are those of the whole clip.
        count: how many, >= 2; in a short clip frames are repeated.

    Returns:
        Indices in rising order.
    """
    first, last = 0, len(flags) - 1
    if flags.any():
        start = int(flags.argmax())
        after = flags[start:]
        run = len(after) if after.all() else int((~after).argmax())
        length = max(count - 1, 2 * run)
        first = max(0, start - (length - run) // 2)
        last = min(last, first + length - 1)
    lead = [0] if first > 0 else []
    return [*lead, *np.linspace(first, last, count - len(lead)).round().astype(int).tolist()]
