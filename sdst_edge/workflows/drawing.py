"""Boxes drawn into frames, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sdst_edge.workflows.strokes import write_strokes

__all__ = ["draw_onto", "draw_result", "draw_truth"]

FOUND_BGR = (80, 220, 60)
LOST_BGR = (60, 140, 255)
TRUTH_BGR = (255, 255, 255)
ABSENT_BGR = (60, 60, 255)


def draw_result(
    frame: NDArray[np.uint8],
    box_xywh: Sequence[float],
    *,
    score: float,
    found: bool,
    truth_xywh: Sequence[float] | None = None,
    title: str = "",
) -> NDArray[np.uint8]:
    """A copy of the frame with the tracker's box and score, and a thin white box of the truth.

    Args:
        frame: (H, W, 3) uint8 BGR. Not modified.
        box_xywh: image px, 0-based; green when found, orange when lost.
        score: 0..1.
        found: whether the tracker believes itself.
        truth_xywh: image px, or None where it is not known.
        title: in the upper left corner.
    """
    import cv2

    picture: NDArray[np.uint8] = frame.copy()
    if truth_xywh is not None:
        cv2.rectangle(picture, *_corners(truth_xywh), TRUTH_BGR, 1, cv2.LINE_AA)
    draw_onto(picture, box_xywh, score=score, found=found)
    if title:
        unit = _unit(frame)
        _write(picture, title, (6 * unit, 16 * unit), TRUTH_BGR, unit)
    return picture


def draw_onto(picture: NDArray[np.uint8], box_xywh: Sequence[float], *, score: float, found: bool) -> None:
    """Draws the tracker's box and score into a frame; arguments as in :func:`draw_result`, but the frame is changed."""
    import cv2

    unit = _unit(picture)
    colour = FOUND_BGR if found else LOST_BGR
    first, last = _corners(box_xywh)
    cv2.rectangle(picture, first, last, colour, 2 * unit, cv2.LINE_AA)
    text = f"{score:.2f}" if found else f"{score:.2f} lost"
    write_strokes(picture, text, (max(0, first[0]), max(12 * unit, first[1] - 5 * unit)), colour, unit)


def draw_truth(
    frame: NDArray[np.uint8], box_xywh: Sequence[float], *, visible: bool, marked: bool = False, title: str = ""
) -> NDArray[np.uint8]:
    """A copy of the frame with the true box, or the word absent and a red frame where the target is not visible.

    Args:
        frame: (H, W, 3) uint8 BGR. Not modified.
        box_xywh: image px, 0-based.
        visible: whether the target can be seen; without it no box is drawn.
        marked: the box is orange instead of green.
        title: in the upper left corner.
    """
    import cv2

    picture: NDArray[np.uint8] = frame.copy()
    height, width = frame.shape[:2]
    unit = _unit(frame)
    if visible:
        cv2.rectangle(picture, *_corners(box_xywh), LOST_BGR if marked else FOUND_BGR, unit, cv2.LINE_AA)
    else:
        cv2.rectangle(picture, (0, 0), (width - 1, height - 1), ABSENT_BGR, 4 * unit)
        _write(picture, "absent", (6 * unit, height - 8 * unit), ABSENT_BGR, unit)
    _write(picture, title, (6 * unit, 16 * unit), TRUTH_BGR, unit)
    return picture


def _unit(frame: NDArray[np.uint8]) -> int:
    """Width of a line that suits a frame's size, px."""
    height, width = frame.shape[:2]
    unit: int = max(1, round(min(height, width) / 240))
    return unit


def _corners(box_xywh: Sequence[float]) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last pixel of a box whose pixel i spans [i, i + 1)."""
    x, y, w, h = (float(value) for value in box_xywh)
    return (round(x), round(y)), (round(x + w) - 1, round(y + h) - 1)


def _write(picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int], unit: int) -> None:
    import cv2

    at = (max(0, at[0]), max(12 * unit, at[1]))
    for line_colour, thickness in ((0, 0, 0), 3 * unit), (colour, unit):  # an outline, so that it reads on anything
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45 * unit, line_colour, thickness, cv2.LINE_AA)
