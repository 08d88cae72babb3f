"""Text files of boxes and labels, a line a frame: what data sets and result folders of this field consist of.

Files count pixels from the data set's origin, most from 1; everything else in sdst-edge counts from 0. The conversion
happens here and nowhere else. Whole files are parsed at once; only one that does not parse is looked at line by line,
to name the line.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_runtime.errors import DatasetError

__all__ = [
    "check_boxes",
    "check_length",
    "has_no_area",
    "read_boxes",
    "read_digits",
    "read_lines",
    "split_row",
    "write_boxes",
]

#: What stands between two numbers where a data set does not keep to one separator.
_ANY_SEPARATOR = re.compile(r"\s*[,;]\s*|\s+")


def read_lines(path: Path) -> list[str]:
    """The lines of a text file without their ends; empty lines at the file's end and a byte order mark are left out.

    Raises:
        DatasetError: the file is missing or no UTF-8 text.
    """
    return _read_text(path).splitlines()


def read_boxes(path: Path, *, origin: float, separator: str | None = ",", finite: bool = True) -> NDArray[np.float64]:
    """The boxes of a file, moved to origin 0.

    Args:
        path: one box a line.
        origin: coordinate of the picture's left and top edge in the file.
        separator: between two numbers; None for a comma, semicolon, tab or blanks.
        finite: refuse NaN and infinity. Where a set writes them for an absent target, the caller finds out which
            targets are visible, and calls :func:`check_boxes`.

    Returns:
        (N, 4) xywh, image px, N >= 1.

    Raises:
        DatasetError: the file is missing or empty, or a line is not four (finite) numbers; names file and line.
    """
    rows = _read_rows(path, separator)
    if finite and (bad := np.flatnonzero(~np.isfinite(rows).all(axis=1))).size:
        row = ",".join(f"{value:g}" for value in rows[bad[0]])
        raise DatasetError(
            f"{path}, line {bad[0] + 1}: {row} is not finite; an absent target is marked in its own file"
        )
    rows[:, :2] -= origin
    return rows


def read_digits(path: Path, *, highest: int = 1) -> NDArray[np.uint8]:
    """Flags or grades of one digit, one a line or all in one line with commas between them.

    Args:
        path: of the file.
        highest: digit that can be.

    Returns:
        (N,), each 0..highest.

    Raises:
        DatasetError: the file is missing, or an entry is no such digit; names file and line.
    """
    text = _read_text(path)
    codes = np.frombuffer(text.encode("utf-8"), dtype=np.uint8)
    digits: NDArray[np.uint8] = codes[::2] - np.uint8(ord("0"))  # below "0" it wraps round to a large number
    marks = codes[1::2]
    if len(codes) % 2 and (digits <= highest).all() and ((marks == ord(",")) | (marks == ord("\n"))).all():
        return digits
    parsed = [
        _parse_digit(item.strip(), highest, f"{path}, line {number}" + (f", entry {entry}" if "," in line else ""))
        for number, line in enumerate(text.splitlines(), start=1)
        for entry, item in enumerate(line.split(","), start=1)
    ]
    return np.array(parsed, dtype=np.uint8)


def check_length(path: Path, lines: int, frames: int) -> None:
    """Holds a file's number of entries against the number of frames.

    Raises:
        DatasetError: they differ.
    """
    if lines != frames:
        at = f"line {lines} is the last" if lines < frames else f"line {frames + 1} has no frame"
        raise DatasetError(f"{path}: {lines} lines for {frames} frames ({at}); expected one a frame")


def check_boxes(path: Path, boxes_xywh: NDArray[np.float64], visible: NDArray[np.bool_]) -> None:
    """Holds a file's boxes, a line each from the first one, against what a visible target's box must be.

    Raises:
        DatasetError: a visible target's box is not finite or has no area; names the line.
    """
    finite = np.isfinite(boxes_xywh).all(axis=1)
    if (bad := np.flatnonzero(visible & ~finite)).size:
        raise DatasetError(f"{path}, line {bad[0] + 1}: the box of a visible target is not finite")
    if (bad := np.flatnonzero(visible & has_no_area(boxes_xywh))).size:
        raise DatasetError(f"{path}, line {bad[0] + 1}: a visible target's box has no area")


def has_no_area(boxes_xywh: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which boxes have a side that is not above 0; (N,). Large sets have some in frames that no flag explains."""
    return np.logical_or(boxes_xywh[:, 2] <= 0, boxes_xywh[:, 3] <= 0)


def write_boxes(path: Path, boxes_xywh: ArrayLike, *, origin: float) -> None:
    """Writes boxes, one a line with four decimals, counted from ``origin``; the inverse of :func:`read_boxes`.

    Args:
        path: in an existing folder; overwritten.
        boxes_xywh: (N, 4), 0-based image px. Not modified.
        origin: coordinate of the picture's left and top edge in the file.
    """
    shifted = np.asarray(boxes_xywh, dtype=np.float64).reshape(-1, 4) + np.array((origin, origin, 0.0, 0.0))
    path.write_text("".join(_line(row) for row in shifted.tolist()), encoding="utf-8")


def split_row(line: str, separator: str | None = None) -> list[str]:
    """The entries of a line; without a separator of its own, commas, semicolons, tabs and blanks part them."""
    return line.split(separator) if separator is not None else _ANY_SEPARATOR.split(line.strip())


def _line(row: Iterable[float]) -> str:
    return ",".join(f"{value:.4f}" for value in row) + "\n"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").rstrip()
    except FileNotFoundError:
        raise DatasetError(f"{path} does not exist; the folder is no complete sequence") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None


def _read_rows(path: Path, separator: str | None) -> NDArray[np.float64]:
    text = _read_text(path)
    lines = text.splitlines()
    if not lines:
        raise DatasetError(f"{path} is empty, expected x,y,w,h a line")
    mark = separator if separator is not None else next((mark for mark in ",;" if mark in lines[0]), None)
    rows = _parse_whole_numbers(text, mark)
    if rows is None:
        rows = _parse_at_once(text, mark)
    if rows is not None and rows.shape == (len(lines), 4):
        return rows
    return np.array(
        [_parse_line(line, separator, f"{path}, line {number}") for number, line in enumerate(lines, start=1)]
    )


def _parse_whole_numbers(text: str, separator: str | None) -> NDArray[np.float64] | None:
    """The table in a text of nothing but whole numbers of at most nine digits, which is what most data sets are.

    Three times as fast as ``numpy.loadtxt``: the k-th digits of all numbers are added together.
    """
    codes = np.frombuffer(f"{text}\n".encode(), dtype=np.uint8)
    digits: NDArray[np.uint8] = codes - np.uint8(ord("0"))  # what is none wraps round to a large number
    ends = np.flatnonzero(digits > 9)
    if separator is None or len(ends) % 4:
        return None
    marks = codes[ends].reshape(-1, 4)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts
    is_table = (marks[:, :-1] == ord(separator)).all() and (marks[:, -1] == ord("\n")).all()
    if not is_table or lengths.min() < 1 or lengths.max() > 9:
        return None
    numbers = np.zeros(len(ends), dtype=np.float64)
    for place in range(lengths.max()):
        longer = np.flatnonzero(lengths > place)
        numbers[longer] = 10.0 * numbers[longer] + digits[starts[longer] + place]
    return numbers.reshape(-1, 4)


def _parse_at_once(text: str, separator: str | None) -> NDArray[np.float64] | None:
    """The table in a text; None where it is none. Empty lines are passed over, so count the rows."""
    try:
        rows: NDArray[np.float64] = np.loadtxt(io.StringIO(text), delimiter=separator, comments=None, ndmin=2)
    except ValueError:
        return None
    return rows


def _parse_line(line: str, separator: str | None, where: str) -> list[float]:
    between = "commas between them" if separator == "," else "a comma, semicolon, tab or blank between them"
    try:
        row = [float(item) for item in split_row(line, separator)]
    except ValueError:
        raise DatasetError(f"{where}: {line!r} is not x,y,w,h, 4 numbers with {between}") from None
    if len(row) != 4:
        raise DatasetError(f"{where}: {len(row)} numbers, expected x,y,w,h")
    return row


def _parse_digit(item: str, highest: int, where: str) -> int:
    if not (item.isascii() and item.isdecimal() and int(item) <= highest):
        raise DatasetError(f"{where}: {item!r}, expected {'0 or 1' if highest == 1 else f'0 to {highest}'}")
    return int(item)
