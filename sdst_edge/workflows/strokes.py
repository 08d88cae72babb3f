"""A score in strokes, for pictures: OpenCV 5 writes text by a font of 9 MB, which a short number is not worth.

Each sign is drawn on a grid of 4 x 6 cells, x to the right, y downwards from its top; the base line is at 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["SIGNS", "write_strokes"]

#: Lines of each sign, as corners "xy xy ...".
SIGNS: dict[str, tuple[str, ...]] = {
    "0": ("10 30 41 45 36 16 05 01 10",),
    "1": ("11 20 26",),
    "2": ("01 10 30 41 42 06 46",),
    "3": ("00 40 22 32 43 45 36 16 05",),
    "4": ("36 30 04 44",),
    "5": ("40 00 02 32 43 45 36 16 05",),
    "6": ("41 30 10 01 05 16 36 45 44 33 03",),
    "7": ("00 40 16",),
    "8": ("13 02 01 10 30 41 42 33 13 04 05 16 36 45 44 33",),
    "9": ("05 16 36 45 41 30 10 01 02 13 43",),
    ".": ("26 26",),
    "l": ("20 26",),
    "o": ("12 32 43 45 36 16 05 03 12",),
    "s": ("42 12 03 14 34 45 36 06",),
    "t": ("20 25 36 46", "02 42"),
}

ADVANCE = 6  # from one sign to the next, in cells
HEIGHT = 6
CELL = 1.5  # of a line's width
_SHIFT = 4  # bits of a fraction, as OpenCV takes corners between pixels


def write_strokes(
    picture: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int], unit: int
) -> None:
    """Draws a text of ``SIGNS`` into a picture, with a black outline, so that it reads on anything.

    Args:
        picture: (H, W, 3) uint8 BGR; changed.
        text: signs that there are not leave a gap.
        at: left end of the base line, image px.
        colour: BGR.
        unit: width of a line, px.
    """
    import cv2

    lines = []
    for number, sign in enumerate(text):
        for stroke in SIGNS.get(sign, ()):
            corners = np.array([[int(corner[0]), int(corner[1])] for corner in stroke.split()])
            placed = np.array(at) + CELL * unit * (corners + np.array([number * ADVANCE, -HEIGHT]))
            lines.append(np.rint(placed * (1 << _SHIFT)).astype(np.int32))
    for line_colour, thickness in ((0, 0, 0), 3 * unit), (colour, unit):
        cv2.polylines(picture, lines, False, line_colour, thickness, cv2.LINE_AA, _SHIFT)
