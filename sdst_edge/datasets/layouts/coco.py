"""The COCO layout (Lin et al.: Microsoft COCO: Common Objects in Context, ECCV 2014).

::

    annotations/instances_<split>.json    images: id, file_name, width, height; annotations: id, image_id, bbox, ...
    <split>/000000000139.jpg ...          pictures; or images/<split>/

Each object is a sequence of the one frame it is in, called ``<picture>-<annotation id>``. Left out are crowds
(``iscrowd``) and objects without area, such as annotation 2206849 of train2017, whose box is a line. Boxes are
x,y,w,h, 0-based.

The 860,000 objects of train2017 are kept as arrays; a sequence is made when it is asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.stills import Stills, present_pictures
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["LAYOUT"]

_PREFIX = "instances_"


def _matches(root: Path) -> bool:
    return bool(_files(root))


def _files(root: Path) -> list[Path]:
    return sorted((root / "annotations").glob(f"{_PREFIX}*.json"))


def _find(root: Path) -> list[Entry]:
    return [_entry(root, path) for path in _files(root)]


def _entry(root: Path, path: Path) -> Entry:
    split = path.stem.removeprefix(_PREFIX)
    inner = root / "images" / split
    folder = inner if inner.is_dir() else root / split
    return Entry(name=split, watched=(path, folder), hints={"file": path, "folder": folder})


def _read(entry: Entry, require_frames: bool) -> Items[Sequence]:
    path: Path = entry.hints["file"]
    folder: Path = entry.hints["folder"]
    images, objects = _load(path)
    files, sizes_wh, places = _read_images(path, images)
    rows = _read_objects(path, objects, places)
    pictures = rows[:, 1].astype(np.int32)
    present = present_pictures(folder, files, pictures, path, require_frames=require_frames)
    return Stills(
        folder=folder,
        files=files,
        present=present,
        sizes_wh=sizes_wh,
        numbers=rows[:, 0].astype(np.int64),
        pictures=pictures,
        boxes_xywh=rows[:, 2:].copy(),
    )


def _load(path: Path) -> tuple[list[Any], list[Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            content = json.load(file, object_pairs_hook=_without_outline)
        images, objects = content["images"], content["annotations"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path} cannot be read as COCO's annotations: {error!r}") from None
    if not isinstance(images, list) or not isinstance(objects, list):
        raise DatasetError(f"{path}: images and annotations must be lists")
    return images, objects


def _without_outline(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if key != "segmentation"}  # most of the file, and not used


def _read_images(path: Path, images: list[Any]) -> tuple[tuple[str, ...], NDArray[np.int32], dict[int, int]]:
    """File names, sizes, and the place of each image id in them."""
    rows = []
    for number, image in enumerate(images, start=1):
        try:
            rows.append((int(image["id"]), str(image["file_name"]), int(image["width"]), int(image["height"])))
        except (KeyError, TypeError, ValueError) as error:
            expected = "id, file_name, width and height"
            raise DatasetError(f"{path}, image {number}: {error!r}, expected {expected}") from None
    sizes_wh = np.array([row[2:] for row in rows], dtype=np.int32).reshape(-1, 2)
    return tuple(row[1] for row in rows), sizes_wh, {row[0]: place for place, row in enumerate(rows)}


def _read_objects(path: Path, objects: list[Any], places: dict[int, int]) -> NDArray[np.float64]:
    """(N, 6): annotation id, place of the picture, box xywh."""
    rows = []
    for number, item in enumerate(objects, start=1):
        try:
            x, y, w, h = map(float, item["bbox"])
            if not math.isfinite(x + y + w + h):
                raise ValueError(f"bbox {item['bbox']}")
            if not item.get("iscrowd", 0) and item["area"] > 0 and w > 0 and h > 0:
                rows.append((int(item["id"]), places[item["image_id"]], x, y, w, h))
        except (KeyError, TypeError, ValueError) as error:
            expected = "id, image_id of an image, area and bbox x,y,w,h"
            raise DatasetError(f"{path}, annotation {number}: {error!r}, expected {expected}") from None
    if not rows:
        raise DatasetError(f"{path} has no objects with a box")
    return np.array(rows, dtype=np.float64)


LAYOUT = Layout(
    name="coco",
    title="COCO",
    expects="annotations/instances_<split>.json and the pictures in <split>/",
    matches=_matches,
    find=_find,
    read=_read,
)
