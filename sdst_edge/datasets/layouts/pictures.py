"""A plain folder of pictures and one file of the boxes in them: any photos that somebody annotated.

::

    <folder>/<any name>.jpg ...   pictures
    <folder>/boxes.json           {"<any name>.jpg": [[x, y, width, height], ...], ...}

Each box is a sequence of the one frame it is in, called ``<picture>-<number>``, where the number counts the picture's
boxes from 1. Left out are pictures without boxes, whether their list is empty or the file does not name them. Boxes
are 0-based, in px of the stored picture.

Boxes are kept as arrays; a sequence is made when it is asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.stills import Stills, check_stems, present_pictures
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["LAYOUT"]

_BOXES = "boxes.json"


def _matches(root: Path) -> bool:
    return (root / _BOXES).is_file()


def _find(root: Path) -> list[Entry]:
    path = root / _BOXES
    if not path.is_file():
        return []
    return [Entry(name=os.path.basename(os.path.abspath(root)), watched=(path, root))]


def _read(entry: Entry, require_frames: bool) -> Items[Sequence]:
    path, folder = entry.watched
    content = _load(path)
    files = tuple(name for name, boxes in content if boxes != [])
    check_stems(path, files)
    rows = _read_boxes(path, content, {name: place for place, name in enumerate(files)})
    pictures = rows[:, 0].astype(np.int32)
    return Stills(
        folder=folder,
        files=files,
        present=present_pictures(folder, files, pictures, path, require_frames=require_frames),
        sizes_wh=None,
        numbers=rows[:, 1].astype(np.int64),
        pictures=pictures,
        boxes_xywh=rows[:, 2:].copy(),
    )


def _load(path: Path) -> list[tuple[str, Any]]:
    """Names and what the file has for them, in its order; a name that is there twice comes twice."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = json.load(file, object_pairs_hook=tuple)
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} cannot be read as boxes of pictures: {error}") from None
    if not isinstance(content, tuple):
        expected = 'an object such as {"a.jpg": [[x, y, width, height]]}'
        raise DatasetError(f"{path} holds a value of type {type(content).__name__}, expected {expected}")
    return list(content)


def _read_boxes(path: Path, content: list[tuple[str, Any]], places: dict[str, int]) -> NDArray[np.float64]:
    """(N, 6): place of the picture, number of the box in it, box xywh."""
    rows = []
    for name, boxes in content:
        if not isinstance(boxes, list):
            raise DatasetError(f"{path}, picture {name!r}: {boxes!r:.60}, expected a list of boxes")
        for number, box in enumerate(boxes, start=1):
            if not _is_box(box):
                expected = "x, y, width and height, finite, with sides > 0"
                raise DatasetError(f"{path}, picture {name!r}, box {number}: {box!r:.60}, expected {expected}")
            rows.append((places[name], number, *box))
    if not rows:
        raise DatasetError(f"{path} has no boxes")
    return np.array(rows, dtype=np.float64)


def _is_box(box: Any) -> bool:
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float) for value in box):
        return False
    return all(abs(value) < 1e9 for value in box) and box[2] > 0 and box[3] > 0  # false of NaN


LAYOUT = Layout(
    name="pictures",
    title="folder of pictures",
    expects="pictures, and boxes.json with a list of boxes x, y, width, height for each picture's name",
    matches=_matches,
    find=_find,
    read=_read,
)
