"""Picture files whose names are their numbers, of which a sequence may take a part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from sdst_edge.datasets.boxfile import check_length
from sdst_edge.datasets.frame_files import (
    FileFrames,
    MissingFrames,
    NumberedNames,
    list_pictures,
    misplaced_frame,
    numbered_names,
)
from sdst_runtime.errors import DatasetError

__all__ = ["Span", "annotated_frames", "numbered_frames", "without_first"]

#: Numbers of a sequence's first and last picture, both included.
Span: TypeAlias = tuple[int, int]


def annotated_frames(
    folder: Path, annotation: Path, rows: int, *, required: bool, span: Span | None = None
) -> FileFrames | MissingFrames:
    """The frames that the rows of an annotation belong to, one to one.

    Args:
        folder: holds the pictures, named by numbers without gaps, with or without leading zeros.
        annotation: for error messages.
        rows: how many it has.
        required: whether the pictures must be there; if not, a folder without any gives ``MissingFrames``.
        span: the part to take where the folder holds more pictures than there are rows.

    Raises:
        DatasetError: frames are missing, or not as many as rows.
    """
    names = _names(folder, required)
    if not (required or names):
        return MissingFrames(folder, rows)
    frames = _numbered(folder, names, span if len(names) > rows else None)
    check_length(annotation, rows, len(frames))
    return frames


def numbered_frames(folder: Path, *, required: bool) -> FileFrames | None:
    """All pictures of a folder, named by numbers without gaps.

    Args:
        folder: whose pictures are listed.
        required: whether there must be some; if not, None where there are none.

    Raises:
        DatasetError: there are none, or one is missing within.
    """
    names = _names(folder, required)
    return _numbered(folder, names, None) if required or names else None


def without_first(frames: FileFrames | MissingFrames, count: int) -> FileFrames | MissingFrames:
    """The frames that follow the first ``count``."""
    if isinstance(frames, MissingFrames):
        return MissingFrames(frames.folder, len(frames) - count)
    names = frames.names
    if isinstance(names, NumberedNames):
        names = replace(names, first=names.first + count, length=names.length - count)
        return FileFrames(frames.folder, names)
    return FileFrames(frames.folder, names[count:])


def _names(folder: Path, required: bool) -> list[str]:
    return list_pictures(folder) if required or folder.is_dir() else []


def _numbered(folder: Path, names: list[str], span: Span | None) -> FileFrames:
    numbers = [_number(folder, name) for name in names]
    first = span[0] if span else min(numbers, default=0)
    if span:
        names = [name for name, number in zip(names, numbers, strict=True) if span[0] <= number <= span[1]]
    if not names:
        part = f" from {span[0]} to {span[1]}" if span else ""
        raise DatasetError(f"{folder} holds no frames{part}; expected pictures that are named by their numbers")
    short = numbered_names(names)
    if short is not None and short.first == first:
        return FileFrames(folder, short)
    for expected, name in enumerate(names, start=first):
        if (number := _number(folder, name)) != expected:
            raise misplaced_frame(folder / name, number, str(expected))
    return FileFrames(folder, tuple(names))


def _number(folder: Path, name: str) -> int:
    stem = name.partition(".")[0]
    if not (stem.isascii() and stem.isdecimal()):
        raise DatasetError(f"{folder / name}: expected frames that are named by their numbers, such as 0001.jpg")
    return int(stem)
