"""The GOT-10k layout (Huang, Zhao, Huang: GOT-10k, TPAMI 2021).

::

    list.txt                    folder names, one a line; without it every folder with a groundtruth.txt counts
    <name>/00000001.jpg ...     frames, numbered from 1 without gaps
    <name>/groundtruth.txt      x,y,w,h a line, 1-based
    <name>/absence.label        1 = target absent, else 0, a line a frame; may be missing: visible throughout
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_edge.datasets.boxfile import read_boxes, read_lines, write_boxes
from sdst_edge.datasets.frame_files import FileFrames
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["ORIGIN", "read_got10k", "write_got10k_result", "write_got10k_sequence"]

#: Coordinate of the picture's left and top edge in the set's files.
ORIGIN = 1.0

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
_GROUNDTRUTH = "groundtruth.txt"
_ABSENCE = "absence.label"


def read_got10k(root: str | Path) -> tuple[Sequence, ...]:
    """The sequences of a folder in the GOT-10k layout; pictures are decoded when they are asked for.

    Args:
        root: a subset with or without ``list.txt``, or the folder of a single sequence.

    Returns:
        In the order of ``list.txt``, else by name. Boxes are 0-based.

    Raises:
        DatasetError: nothing there, a frame is missing, or the list or an annotation is broken; names file and line.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder; expected sequences in the GOT-10k layout")
    if (folder / _GROUNDTRUTH).is_file():
        return (_read_sequence(folder),)
    return tuple(_read_sequence(path) for path in _sequence_folders(folder))


def write_got10k_result(path: Path, boxes_xywh: ArrayLike) -> None:
    """Writes a tracker's boxes as the toolkit reads them: one a line, 1-based.

    Args:
        path: such as ``<results>/<tracker>/<sequence>/<sequence>_001.txt``; its folder is made.
        boxes_xywh: (N, 4), 0-based image px, the given box of frame 1 first. Not modified.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_boxes(path, boxes_xywh, origin=ORIGIN)


def write_got10k_sequence(folder: Path, sequence: Sequence) -> None:
    """Writes a sequence in the layout that :func:`read_got10k` reads, frames as JPEG of quality 95.

    Args:
        folder: to make; its name is the sequence's name when it is read.
        sequence: frames are taken one by one. Where its target is absent, an empty box is written.

    Raises:
        DatasetError: the folder exists already, or cannot be written.
    """
    import cv2

    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise DatasetError(f"{folder} cannot be made: {error}; choose a folder that does not exist yet") from None
    for index in range(len(sequence)):
        path = folder / f"{index + 1:08d}.jpg"
        if not cv2.imwrite(str(path), sequence.frames[index], [cv2.IMWRITE_JPEG_QUALITY, 95]):
            raise DatasetError(f"{path} cannot be written")
    boxes_xywh = np.where(sequence.visible[:, None], sequence.boxes_xywh, 0.0)
    write_boxes(folder / _GROUNDTRUTH, boxes_xywh, origin=ORIGIN)
    absent = "".join(f"{int(not flag)}\n" for flag in sequence.visible.tolist())
    (folder / _ABSENCE).write_text(absent, encoding="utf-8")


def _sequence_folders(root: Path) -> list[Path]:
    listing = root / "list.txt"
    if listing.is_file():
        folders = [root / name for name in _listed_names(listing)]
    else:
        folders = sorted(path for path in root.iterdir() if (path / _GROUNDTRUTH).is_file())
    if not folders:
        raise DatasetError(f"{root} holds no sequences; expected folders with frames and a {_GROUNDTRUTH}")
    return folders


def _listed_names(listing: Path) -> list[str]:
    names: list[str] = []
    for number, line in enumerate(read_lines(listing), start=1):
        name = line.strip()
        if name in ("", "..") or Path(name).name != name:
            raise DatasetError(f"{listing}, line {number}: {name!r}, expected the name of a folder beside the list")
        if name in names:
            raise DatasetError(f"{listing}, line {number}: {name} is listed twice")
        if not os.path.isdir(listing.parent / name):  # unlike Path.is_dir, false for a name that no folder can have
            raise DatasetError(f"{listing}, line {number}: there is no folder {listing.parent / name}")
        names.append(name)
    return names


def _read_sequence(folder: Path) -> Sequence:
    frames = _read_frames(folder)
    groundtruth = folder / _GROUNDTRUTH
    boxes_xywh = read_boxes(groundtruth, origin=ORIGIN)
    _check_length(groundtruth, len(boxes_xywh), len(frames))
    visible = _read_visible(folder / _ABSENCE, len(frames))
    if (bad := np.flatnonzero(visible & (boxes_xywh[:, 2:] <= 0).any(axis=1))).size:
        raise DatasetError(f"{groundtruth}, line {bad[0] + 1}: a visible target's box has no area")
    return Sequence(name=folder.name, frames=frames, boxes_xywh=boxes_xywh, visible=visible)


def _read_frames(folder: Path) -> FileFrames:
    pictures = (path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    paths = sorted(pictures, key=lambda path: (path.stem.zfill(8), path.name))  # 2.jpg before 10.jpg
    if not paths:
        raise DatasetError(f"{folder} holds no frames; expected 00000001.jpg and so on")
    for number, path in enumerate(paths, start=1):
        if not path.stem.isdecimal() or int(path.stem) != number:
            raise DatasetError(f"{path} is where frame {number:08d} belongs; frames are numbered from 1 without gaps")
    return FileFrames(folder, tuple(path.name for path in paths))


def _read_visible(path: Path, count: int) -> NDArray[np.bool_]:
    if not path.is_file():
        return np.ones(count, dtype=np.bool_)
    labels = [line.strip() for line in read_lines(path)]
    for number, label in enumerate(labels, start=1):
        if label not in ("0", "1"):
            raise DatasetError(f"{path}, line {number}: {label!r}, expected 0 (present) or 1 (absent)")
    _check_length(path, len(labels), count)
    return np.array([label == "0" for label in labels], dtype=np.bool_)


def _check_length(path: Path, lines: int, frames: int) -> None:
    if lines != frames:
        at = f"line {lines} is the last" if lines < frames else f"line {frames + 1} has no frame"
        raise DatasetError(f"{path}: {lines} lines for {frames} frames ({at}); expected one a frame")
