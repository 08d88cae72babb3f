"""Text files of boxes, one ``x,y,w,h`` a line: what data sets and result folders of this field consist of.

Files count pixels from the data set's origin, most from 1; everything else in sdst-edge counts from 0. The conversion
happens here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_runtime.errors import DatasetError

__all__ = ["read_boxes", "read_lines", "write_boxes"]


def read_lines(path: Path) -> list[str]:
    """The lines of a text file without their ends; empty lines at the file's end and a byte order mark are left out.

    Raises:
        DatasetError: the file is missing or no UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist; the folder is no complete sequence") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None


def read_boxes(path: Path, *, origin: float) -> NDArray[np.float64]:
    """The boxes of a file, moved to origin 0.

    Args:
        path: one box a line, comma separated.
        origin: coordinate of the picture's left and top edge in the file.

    Returns:
        (N, 4) xywh, image px, N >= 1.

    Raises:
        DatasetError: the file is missing or empty, or a line is not four finite numbers; names file and line.
    """
    rows = [_read_box(line, f"{path}, line {number}") for number, line in enumerate(read_lines(path), start=1)]
    if not rows:
        raise DatasetError(f"{path} is empty, expected a box x,y,w,h a line")
    boxes_xywh: NDArray[np.float64] = np.array(rows) - np.array((origin, origin, 0.0, 0.0))
    return boxes_xywh


def write_boxes(path: Path, boxes_xywh: ArrayLike, *, origin: float) -> None:
    """Writes boxes, one a line with four decimals, counted from ``origin``; the inverse of :func:`read_boxes`.

    Args:
        path: in an existing folder; overwritten.
        boxes_xywh: (N, 4), 0-based image px. Not modified.
        origin: coordinate of the picture's left and top edge in the file.
    """
    shifted = np.asarray(boxes_xywh, dtype=np.float64).reshape(-1, 4) + np.array((origin, origin, 0.0, 0.0))
    path.write_text("".join(_line(row) for row in shifted.tolist()), encoding="utf-8")


def _line(row: Iterable[float]) -> str:
    return ",".join(f"{value:.4f}" for value in row) + "\n"


def _read_box(line: str, where: str) -> list[float]:
    try:
        box = [float(item) for item in line.split(",")]
    except ValueError:
        raise DatasetError(f"{where}: {line!r} is not x,y,w,h, four numbers with commas between them") from None
    if len(box) != 4:
        raise DatasetError(f"{where}: {len(box)} numbers, expected x,y,w,h")
    if not np.isfinite(box).all():
        raise DatasetError(f"{where}: {line!r} is not finite; an absent target is marked in its own file")
    return box
