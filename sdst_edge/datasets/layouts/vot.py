"""The layout of the VOT short-term challenges (Kristan et al., 2013 to 2022), as the VOT toolkit reads it.

::

    list.txt                        folder names, one a line; without it every folder that holds a sequence counts
    <name>/groundtruth.txt          a region a line, see sdst_edge.datasets.region_text; 0 or NaN: target absent
    <name>/color/00000001.jpg ...   frames, numbered from 1 without gaps; up to VOT2016 beside groundtruth.txt
    <name>/<tag>.tag                1 = the frame carries the tag, else 0, a line a frame; up to VOT2016 <tag>.label
    <name>/anchor.value             multi-start protocol: 1 = a run starts here, -1 = and goes backward, else 0
    <name>/sequence                 key=value a line: channels.color=color/%08d.jpg, width, height, name, fps, ...

All but the ground truth and the frames may be missing. Files of tags and anchors may end early, and lines beyond the
last frame are not looked at; so it is in the toolkit. Coordinates count from 0. Tags get the names of ``VOT_TAGS``.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes.names import VOT_TAGS
from sdst_edge.datasets.boxfile import check_length, read_digits, read_lines
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames, list_pictures, numbered_from
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.listing import LISTING, listed_folders
from sdst_edge.datasets.region import Region, bounding_box
from sdst_edge.datasets.region_text import SpecialCode, parse_region
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["LAYOUT", "is_vot_sequence"]

_GROUNDTRUTH = "groundtruth.txt"
_METADATA = "sequence"
_ANCHORS = "anchor.value"


def _matches(root: Path) -> bool:
    return any(is_vot_sequence(folder) for folder in (root, *_folders(root)[:3]))


def is_vot_sequence(folder: Path) -> bool:
    """Whether a folder holds ground truth, and anything else by which VOT's differs from that of other sets."""
    groundtruth = folder / _GROUNDTRUTH
    if not groundtruth.is_file():
        return False
    if any((folder / name).exists() for name in (_METADATA, "color", _ANCHORS)) or _tag_files(folder):
        return True
    try:
        with groundtruth.open(encoding="utf-8-sig") as lines:
            first = lines.readline()
    except (OSError, UnicodeDecodeError):
        return False
    return first.startswith("m") or first.count(",") >= 5


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(path for path in root.iterdir() if path.is_dir())
    except OSError:
        return []


def _tag_files(folder: Path) -> dict[str, Path]:
    """Files of tags by the names of the tags; ``.label`` is also what other data sets call other files."""
    older = (folder / f"{tag}.label" for tag in VOT_TAGS)
    found = [path for path in older if path.is_file()] + sorted(folder.glob("[!.]*.tag"))
    return {VOT_TAGS.get(path.stem, path.stem): path for path in found}


def _find(root: Path) -> list[Entry]:
    if (root / _GROUNDTRUTH).is_file():
        return [_entry(root, 0)]
    if (root / LISTING).is_file():
        folders = listed_folders(root / LISTING)
    else:
        folders = {path: 0 for path in _folders(root) if _holds_a_part(path)}
    return [_entry(folder, line) for folder, line in folders.items()]


def _holds_a_part(folder: Path) -> bool:
    """Whether a folder is a sequence, complete or not."""
    return any((folder / name).exists() for name in (_GROUNDTRUTH, _METADATA, "color"))


def _entry(folder: Path, line: int) -> Entry:
    files = (folder / name for name in (_GROUNDTRUTH, _METADATA, _ANCHORS))
    return Entry(
        name=os.path.basename(os.path.abspath(folder)),
        watched=(folder, *files, *_tag_files(folder).values()),
        hints={"folder": folder, "line": line},
    )


def _read(entry: Entry, require_frames: bool) -> Sequence:
    folder: Path = entry.hints["folder"]
    if not os.path.isdir(folder):  # unlike Path.is_dir, false for a name that no folder can have
        raise DatasetError(f"{folder.parent / LISTING}, line {entry.hints['line']}: there is no folder {folder}")
    metadata = _read_metadata(folder / _METADATA)
    regions = _read_regions(folder / _GROUNDTRUTH)
    frames = _read_frames(_frames_folder(folder, metadata), require_frames, len(regions))
    check_length(folder / _GROUNDTRUTH, len(regions), len(frames))
    boxes_xywh = np.array([bounding_box(region) for region in regions], dtype=np.float64)
    visible: NDArray[np.bool_] = np.all(boxes_xywh[:, 2:] > 0, axis=1)
    tags = {name: _read_tag(path, len(frames)) for name, path in _tag_files(folder).items()}
    anchors = folder / _ANCHORS
    return Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=visible,
        frame_attributes={name: tags[name] for name in sorted(tags, key=_tag_order)},
        regions=regions,
        anchors=_read_anchors(anchors, len(frames)) if anchors.is_file() else None,
        size_wh=_size(metadata),
    )


def _read_metadata(path: Path) -> Mapping[str, str]:
    """Keys and values; lines of another form are passed over, as in the toolkit."""
    if not path.is_file():
        return {}
    pairs = (re.match(r"([\w.-]+) *= *(.*)", line.strip()) for line in read_lines(path))
    return {pair[1]: pair[2].strip() for pair in pairs if pair}


def _size(metadata: Mapping[str, str]) -> tuple[int, int] | None:
    width, height = (metadata.get(key, "") for key in ("width", "height"))
    if not (width.isdecimal() and height.isdecimal() and int(width) > 0 and int(height) > 0):
        return None
    return int(width), int(height)


def _frames_folder(folder: Path, metadata: Mapping[str, str]) -> Path:
    pattern = metadata.get("channels.color")
    if pattern is None:
        return folder / "color" if (folder / "color").is_dir() or metadata else folder
    parts = PureWindowsPath(pattern)  # written on either system
    inside = parts if parts.suffix == "" else parts.parent
    if inside.is_absolute() or inside.drive or inside.root or ".." in inside.parts:
        raise DatasetError(f"{folder / _METADATA}: channels.color is {pattern!r}, expected a folder of the sequence")
    return folder.joinpath(*inside.parts)


def _read_frames(folder: Path, required: bool, rows: int) -> FileFrames | MissingFrames:
    if not required and not (folder.is_dir() and list_pictures(folder)):
        return MissingFrames(folder, rows)
    return numbered_from(folder, 1)


def _read_regions(path: Path) -> tuple[Region, ...]:
    regions: list[Region] = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            region = parse_region(line.strip())
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: {error}") from None
        regions.append(None if isinstance(region, SpecialCode) else region)
    if not regions:
        raise DatasetError(f"{path} is empty, expected a region a line")
    return tuple(regions)


def _read_tag(path: Path, count: int) -> NDArray[np.bool_]:
    flags = np.zeros(count, dtype=np.bool_)
    told = read_digits(path)[:count]
    flags[: len(told)] = told == 1
    return flags


def _read_anchors(path: Path, count: int) -> NDArray[np.int8]:
    anchors = np.zeros(count, dtype=np.int8)
    for number, line in enumerate(read_lines(path)[:count], start=1):
        try:
            value = float(line)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            raise DatasetError(f"{path}, line {number}: {line!r} is no number; expected 1, -1 or 0")
        anchors[number - 1] = (value > 0) - (value < 0)
    return anchors


def _tag_order(name: str) -> tuple[int, str]:
    known = list(VOT_TAGS.values())
    return (known.index(name) if name in known else len(known), name)


LAYOUT = Layout(
    name="vot",
    title="VOT",
    expects="list.txt, and folders with groundtruth.txt and color/00000001.jpg ..., and tags, anchors and metadata",
    matches=_matches,
    find=_find,
    read=_read,
    attributes=tuple(VOT_TAGS.values()),
)
