"""The GOT-10k layout (Huang, Zhao, Huang: GOT-10k, TPAMI 2021).

::

    list.txt                      folder names, one a line; without it every folder that holds a sequence counts
    attributes.json               challenges of each sequence, as ``sdst-edge attributes`` writes them; may be missing
    <name>/00000001.jpg ...       frames, numbered from 1 without gaps
    <name>/groundtruth.txt        x,y,w,h a line, 1-based; the test subset's has the first line only
    <name>/absence.label          1 = target absent, else 0, a line a frame; may be missing: visible throughout
    <name>/cover.label            how much of the target is seen, 0 (nothing) to 8 (all), a line a frame; may be missing
    <name>/cut_by_image.label     1 = the picture's border cuts the target, else 0; may be missing
    <name>/meta_info.ini          says the size of the pictures, among others; may be missing

A target counts as absent where absence.label or cover.label says so, or where its box has no area: the training set has
such boxes that no label explains. From the labels follow marks of frames: ``absence``; ``cut``, by the picture's
border; and ``POC``, partial occlusion, where at most 60 % of the target is seen (cover 1 to 4) and no border cuts it,
as what hides it then lies in front of it. Above 60 % the grades tell light from no occlusion by eye, which is no
challenge worth a mark. A sequence with no grade but 0 and 8 may be one whose maker did not grade: its partial occlusion
is not known, and ``POC`` is left out. So are the grades of a sequence that has nothing but 0, such as
GOT-10k_Train_000385 (issue 20 of the toolkit): its target is there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes.file import read_labels
from sdst_edge.datasets.boxfile import check_boxes, check_length, has_no_area, read_boxes, read_digits
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames, list_pictures, numbered_from
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.listing import LISTING, listed_folders
from sdst_edge.datasets.layouts.vot import is_vot_sequence
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["ABSENCE", "GROUNDTRUTH", "LAYOUT", "ORIGIN", "read_got10k"]

#: Coordinate of the picture's left and top edge in the set's files.
ORIGIN = 1.0

GROUNDTRUTH = "groundtruth.txt"
ABSENCE = "absence.label"
_SUBSETS = ("train", "val", "test")
_COVER = "cover.label"
_CUT = "cut_by_image.label"
_META = "meta_info.ini"

#: Grades of cover.label that count as partial occlusion: more than 0 and at most 60 % of the target is seen.
_PARTIAL = (1, 4)


def read_got10k(root: str | Path) -> tuple[Sequence, ...]:
    """The sequences of a folder in the GOT-10k layout; pictures are decoded when they are asked for.

    Args:
        root: a subset with or without ``list.txt``, or the folder of a single sequence.

    Returns:
        In the order of ``list.txt``, else by name. Boxes are 0-based.

    Raises:
        DatasetError: nothing there, a frame is missing, or the list or an annotation is broken; names file and line.
    """
    return tuple(_read(entry, True) for entry in _find(Path(root)))


def _matches(root: Path) -> bool:
    return bool(_subsets(root)) or _is_sequence(root) or any(_is_sequence(path) for path in _first_folders(root))


def _first_folders(root: Path) -> list[Path]:
    """A few of the folders in a root, to judge it by."""
    try:
        return sorted(path for path in root.iterdir() if path.is_dir())[:10]
    except OSError:
        return []


def _is_sequence(folder: Path) -> bool:
    """Whether a folder looks like a sequence of this layout and no other: VOT's older ones hold frames too."""
    if not (folder / GROUNDTRUTH).is_file():
        return False
    if any((folder / name).is_file() for name in (ABSENCE, _COVER, _META)):
        return True
    is_alike = (folder / "00000001.jpg").is_file() and _has_plain_boxes(folder / GROUNDTRUTH)
    return is_alike and not is_vot_sequence(folder)


def _has_plain_boxes(groundtruth: Path) -> bool:
    try:
        with groundtruth.open(encoding="utf-8-sig") as lines:
            return lines.readline().count(",") == 3
    except (OSError, UnicodeDecodeError):
        return False


def _subsets(root: Path) -> list[Path]:
    return [root / name for name in _SUBSETS if (root / name / LISTING).is_file()]


def _find(root: Path) -> list[Entry]:
    if not root.is_dir():
        raise DatasetError(f"{root} is no folder; expected sequences in the GOT-10k layout")
    if (root / GROUNDTRUTH).is_file():
        return [_entry(root, {}, 0)]
    if subsets := _subsets(root):
        if len(subsets) > 1:
            names = ", ".join(path.name for path in subsets)
            raise DatasetError(f"{root} holds the subsets {names}; give one of them, such as {subsets[-1]}")
        return _find(subsets[0])
    if (root / LISTING).is_file():
        folders = listed_folders(root / LISTING)
    else:
        folders = {path: 0 for path in sorted(root.iterdir()) if _holds_a_part(path)}
    if not folders:
        raise DatasetError(f"{root} holds no sequences; expected folders with frames and a {GROUNDTRUTH}")
    attributes = root / "attributes.json"
    labels = read_labels(attributes) if attributes.is_file() else {}
    return [_entry(folder, labels, line) for folder, line in folders.items()]


def _holds_a_part(folder: Path) -> bool:
    """Whether a folder is a sequence, complete or not."""
    return any((folder / name).is_file() for name in (GROUNDTRUTH, ABSENCE, _COVER, _META, "00000001.jpg"))


def _entry(folder: Path, labels: dict[str, tuple[str, ...]], line: int) -> Entry:
    name = os.path.basename(os.path.abspath(folder))
    files = (folder / file for file in (GROUNDTRUTH, ABSENCE, _COVER, _CUT, _META))
    hints: dict[str, Any] = {"labels": labels.get(name)}
    if not os.path.isdir(folder):  # unlike Path.is_dir, false for a name that no folder can have
        hints["line"] = line
    return Entry(name=name, watched=(folder, *files), hints=hints)


def _read(entry: Entry, require_frames: bool) -> Sequence:
    folder = entry.watched[0]
    if "line" in entry.hints:
        raise DatasetError(f"{folder.parent / LISTING}, line {entry.hints['line']}: there is no folder {folder}")
    groundtruth = folder / GROUNDTRUTH
    boxes_xywh = read_boxes(groundtruth, origin=ORIGIN)
    if len(boxes_xywh) == 1 and _is_test(folder):
        return _read_test(entry, boxes_xywh, require_frames)
    frames = _read_frames(folder, require_frames, len(boxes_xywh))
    check_length(groundtruth, len(boxes_xywh), len(frames))
    visible, marks = _read_marks(folder, len(frames))
    return Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=visible & ~has_no_area(boxes_xywh),
        attributes=entry.hints["labels"],
        frame_attributes=marks,
        size_wh=_read_size(folder / _META),
        origin=ORIGIN,
    )


def _is_test(folder: Path) -> bool:
    return Path(os.path.abspath(folder)).parent.name == "test" or folder.name.startswith("GOT-10k_Test_")


def _read_test(entry: Entry, first_box: NDArray[np.float64], require_frames: bool) -> Sequence:
    """A sequence whose makers keep all boxes but the first to themselves: to run, not to score."""
    folder = entry.watched[0]
    frames = _read_frames(folder, require_frames, 1)
    boxes_xywh = np.full((len(frames), 4), np.nan)
    boxes_xywh[0] = first_box
    visible = np.zeros(len(frames), dtype=np.bool_)
    visible[0] = True
    check_boxes(folder / GROUNDTRUTH, boxes_xywh, visible)
    return Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=visible,
        size_wh=_read_size(folder / _META),
        origin=ORIGIN,
    )


def _read_frames(folder: Path, required: bool, rows: int) -> FileFrames | MissingFrames:
    return numbered_from(folder, 1) if required or list_pictures(folder) else MissingFrames(folder, rows)


def _read_marks(folder: Path, count: int) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.bool_]]]:
    """Visibility and marks of frames, from as many label files as there are."""
    absence, cover, cut = (
        _read_label(folder / name, highest, count) for name, highest in ((ABSENCE, 1), (_COVER, 8), (_CUT, 1))
    )
    if cover is not None and not cover.any():
        cover = None
    absent = np.zeros(count, dtype=np.bool_)
    if absence is not None:
        absent |= absence == 1
    if cover is not None:
        absent |= cover == 0
    marks: dict[str, NDArray[np.bool_]] = {}
    if cover is not None and cut is not None and (cover % 8).any():
        marks["POC"] = (cover >= _PARTIAL[0]) & (cover <= _PARTIAL[1]) & (cut == 0) & ~absent
    if absence is not None or cover is not None:
        marks["absence"] = absent
    if cut is not None:
        marks["cut"] = (cut == 1) & ~absent
    return ~absent, marks


def _read_label(path: Path, highest: int, count: int) -> NDArray[np.uint8] | None:
    if not path.is_file():
        return None
    labels = read_digits(path, highest=highest)
    check_length(path, len(labels), count)
    return labels


def _read_size(path: Path) -> tuple[int, int] | None:
    """Width and height, px, where the file tells them: it is for people, and its form varies."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    size = re.search(r"^\s*resolution\s*[:=]\s*\(?\s*(\d+)\s*[,x]\s*(\d+)", text, re.MULTILINE | re.IGNORECASE)
    return (int(size[1]), int(size[2])) if size and int(size[1]) and int(size[2]) else None


LAYOUT = Layout(
    name="got10k",
    title="GOT-10k",
    expects="list.txt, and folders with 00000001.jpg ..., groundtruth.txt and absence.label",
    matches=_matches,
    find=_find,
    read=_read,
    attributes=("POC", "absence", "cut"),
    rule="got10k",
)
