"""Frames that lie in picture files: how they are named, listed and decoded."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import DatasetError

__all__ = [
    "PICTURE_SUFFIXES",
    "FileFrames",
    "MissingFrames",
    "NumberedNames",
    "list_pictures",
    "misplaced_frame",
    "numbered_from",
    "numbered_names",
]

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})

_ENDINGS = tuple(PICTURE_SUFFIXES)


@dataclass(frozen=True, slots=True)
class NumberedNames(Items[str]):
    """File names that count up without a gap, such as ``00000001.jpg`` on: a few bytes for any number of them.

    Attributes:
        prefix: what stands before the number.
        digits: the number is filled with zeros to as many; 0 where it is not filled.
        suffix: what stands after it, such as ``.jpg``.
        first: number of the first file.
        length: how many.
    """

    prefix: str
    digits: int
    suffix: str
    first: int
    length: int

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int, /) -> str: ...

    @overload
    def __getitem__(self, index: slice, /) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice, /) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(self.length)))
        position = index + self.length if index < 0 else index
        if not 0 <= position < self.length:
            raise IndexError(f"name {index} of {self.length}")
        return f"{self.prefix}{self.first + position:0{self.digits}d}{self.suffix}"


@dataclass(frozen=True, slots=True)
class FileFrames:
    """Picture files of one folder, decoded at each access and not kept.

    Attributes:
        folder: that holds them.
        names: of the files in it, in the order of the frames.
    """

    folder: Path
    names: Items[str]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """The frame at ``index``.

        Raises:
            DatasetError: the file is missing or no picture.
        """
        import cv2

        path = self.path(index)
        frame = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if frame is None:
            raise DatasetError(f"{path} is missing or no picture that OpenCV reads; fetch the data set again")
        return np.ascontiguousarray(frame, dtype=np.uint8)

    def path(self, index: int) -> Path:
        """Of the file of the frame at ``index``."""
        return self.folder / self.names[index]


@dataclass(frozen=True, slots=True)
class MissingFrames:
    """Frames that are not on this disk: annotations alone are enough to score recorded boxes.

    Attributes:
        folder: where they belong.
        count: how many.
    """

    folder: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """Never a frame.

        Raises:
            DatasetError: always.
        """
        raise DatasetError(
            f"{self.folder} holds no frames, and frame {index + 1} is needed; fetch the data set's pictures"
        )


def list_pictures(folder: Path) -> list[str]:
    """The names of the picture files in a folder, in the order of the numbers that they end in; others by name.

    Hidden files are left out: ``._0001.jpg`` comes from a Mac's archive and is no picture.

    Raises:
        DatasetError: the folder is missing or cannot be read.
    """
    try:
        files = sorted(os.listdir(folder))
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}; expected a folder of frames") from None
    names = [name for name in files if name.lower().endswith(_ENDINGS) and name[0] != "."]
    if len(set(map(len, names))) <= 1:
        return names  # zeros fill the numbers: the order of the names is that of the numbers
    return sorted(names, key=_number)


def numbered_from(folder: Path, first: int) -> FileFrames:
    """The pictures of a folder whose numbers must count up from ``first`` without a gap.

    Raises:
        DatasetError: there are none, or one is missing or there twice; names the file where another belongs.
    """
    names = list_pictures(folder)
    if not names:
        raise DatasetError(f"{folder} holds no frames; expected {first:08d}.jpg and so on")
    short = numbered_names(names)
    if short is not None and short.first == first:
        return FileFrames(folder, short)
    for expected, name in enumerate(names, start=first):
        number, _ = _number(name)
        if number != expected:
            raise misplaced_frame(folder / name, number, f"{expected:08d}", f"from {first} ")
    return FileFrames(folder, tuple(names))


def misplaced_frame(path: Path, number: int, expected: str, begin: str = "") -> DatasetError:
    """What to raise of a picture that stands where another belongs.

    Args:
        path: of the picture.
        number: that its name ends in.
        expected: number of the one that belongs there, as names write it.
        begin: from which number on they count, for the message.
    """
    missing = f"frame {expected} is missing: " if number > int(expected) else ""
    rule = f"frames are numbered {begin}without gaps"
    return DatasetError(f"{missing}{path} is where frame {expected} belongs; {rule}")


def numbered_names(names: list[str]) -> NumberedNames | None:
    """The same names in short if they count up without a gap, else None.

    Args:
        names: in the order of their numbers, as :func:`list_pictures` gives them.
    """
    first = re.fullmatch(r"(.*?)(\d+)(\.\w+)", names[0]) if names else None
    if first is None:
        return None
    prefix, digits, suffix = first.groups()
    short = NumberedNames(prefix, len(digits), suffix, int(digits), len(names))
    form = f"{prefix.replace('%', '%%')}%0{len(digits)}d{suffix}"
    is_counted = names == [form % number for number in range(short.first, short.first + len(names))]
    return short if is_counted else None  # four times as fast as names == list(short)


def _number(name: str) -> tuple[int, str]:
    digits = re.search(r"(\d+)\D*$", os.path.splitext(name)[0])
    return (int(digits[1]) if digits else -1, name)
