"""A plain folder of frames and one file of boxes: any video that somebody annotated.

::

    <folder>/<any name><number>.jpg ...   frames, in the order of their numbers
    <folder>/<boxes>                      or <boxes> beside the folder

The boxes' file goes by one of the names in ``INSIDE``, or by the folder's own name; its forms are those of
:mod:`sdst_edge.datasets.boxtable`. Boxes count from 0, but from 1 where the name or the form is that of a data set
that does: ``groundtruth.txt``, ``groundtruth_rect.txt`` without a header (GOT-10k, LaSOT, OTB), and MOTChallenge's
form.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from sdst_edge.datasets.boxtable import read_box_table
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames, list_pictures, numbered_names
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["INSIDE", "LAYOUT"]

#: Names of the boxes' file, the likeliest first.
INSIDE = (
    "groundtruth.txt",
    "groundtruth_rect.txt",
    "groundtruth.csv",
    "gt.txt",
    "gt.csv",
    "boxes.csv",
    "boxes.txt",
    "annotation.txt",
    "annotations.csv",
    "gt/gt.txt",
)
#: Those whose data sets count pixels from 1.
_FROM_1 = ("groundtruth.txt", "groundtruth_rect.txt")


def _matches(root: Path) -> bool:
    return root.is_dir() and _box_file(root) is not None and bool(list_pictures(root))


def _box_file(root: Path) -> Path | None:
    folder = Path(os.path.abspath(root))
    inside = [root / name for name in (*INSIDE, f"{folder.name}.txt", f"{folder.name}.csv")]
    beside = [folder.parent / name for name in (f"{folder.name}.txt", f"{folder.name}.csv", *INSIDE)]
    return next((path for path in (*inside, *beside) if path.is_file()), None)


def _find(root: Path) -> list[Entry]:
    boxes = _box_file(root)
    if boxes is None:
        raise DatasetError(
            f"{root} has no file of boxes; expected {', '.join(INSIDE)}, or the folder's name with .txt or .csv, "
            f"in it or beside it"
        )
    return [Entry(name=os.path.basename(os.path.abspath(root)), watched=(root, boxes))]


def _read(entry: Entry, require_frames: bool) -> Sequence:
    folder, boxes = entry.watched
    names = list_pictures(folder)
    if require_frames and not names:
        raise DatasetError(f"{folder} holds no frames; expected pictures")
    table = read_box_table(boxes, len(names) or None)
    is_from_1 = table.form == "mot" or (table.form == "plain" and boxes.name in _FROM_1)
    origin = 1.0 if is_from_1 else 0.0
    frames: FileFrames | MissingFrames = MissingFrames(folder, len(table.visible))
    if names:
        frames = FileFrames(folder, numbered_names(names) or tuple(names))
    return Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=table.boxes_xywh - np.array((origin, origin, 0.0, 0.0)),
        visible=table.visible,
        origin=origin,
    )


LAYOUT = Layout(
    name="folder",
    title="folder of frames",
    expects="pictures, and in the folder or beside it a file of boxes such as groundtruth.txt or boxes.csv",
    matches=_matches,
    find=_find,
    read=_read,
)
