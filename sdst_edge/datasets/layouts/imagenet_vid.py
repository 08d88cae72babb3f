"""The ImageNet-VID layout (Russakovsky et al.: ImageNet Large Scale Visual Recognition Challenge, IJCV 2015).

::

    Annotations/VID/train/ILSVRC2015_VID_train_0000/<snippet>/000000.xml ...
    Annotations/VID/val/<snippet>/000000.xml ...
    Data/VID/train/ILSVRC2015_VID_train_0000/<snippet>/000000.JPEG ...
    Data/VID/val/<snippet>/000000.JPEG ...

The folder of these, ``ILSVRC2015`` or the one around it, can be opened, or one part, such as ``Data/VID/val``. The
folders between ``train`` and its snippets may have other names (PySOT links them as a to d, and val as e).

Each ``trackid`` of a snippet is a sequence ``<snippet>-<trackid>``, from the first frame that it is in (a tracker
starts there) to the snippet's end; where it is missing in between or after, the target is absent. ``occluded`` labels
frames ``OCC``.

Boxes are pixels, counted from 0, of which xmax and ymax are the last: w = xmax - xmin + 1, as in the got10k toolkit
(its issue 23 explains it); flow-guided feature aggregation, which clips xmax to the width - 1, reads them so too.
PySOT leaves the 1 out.

A snippet's files are looked at anew when one is added or removed, not when one is changed in place.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.numbered_frames import numbered_frames, without_first
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["LAYOUT"]

_SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class _Track:
    """Of a target, for each frame of its snippet."""

    boxes_xywh: NDArray[np.float64]
    visible: NDArray[np.bool_]
    occluded: NDArray[np.bool_]

    @classmethod
    def absent(cls, frames: int) -> _Track:
        return cls(np.full((frames, 4), np.nan), *np.zeros((2, frames), dtype=np.bool_))


def _matches(root: Path) -> bool:
    return bool(_annotations(root))


def _annotations(root: Path) -> list[Path]:
    """The folders of the parts' annotations."""
    root = Path(os.path.abspath(root))
    if root.name in _SPLITS and root.parent.name == "VID":
        folders = [root.parents[2] / "Annotations" / "VID" / root.name]
    else:
        top = root / "ILSVRC2015" if (root / "ILSVRC2015").is_dir() else root
        folders = [top / "Annotations" / "VID" / split for split in _SPLITS]
    return [folder for folder in folders if folder.is_dir()]


def _find(root: Path) -> list[Entry]:
    seen: set[str] = set()
    return [_entry(part, snippet) for part in _annotations(root) for snippet in _snippets(part, seen)]


def _snippets(folder: Path, seen: set[str]) -> Iterator[Path]:
    """The folders in a folder that hold no folders, by name; one that links made visible twice counts once."""
    if (real := os.path.realpath(folder)) in seen:
        return
    seen.add(real)
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        with os.scandir(path) as items:
            first = next(items, None)
        if first is not None and first.is_dir():
            yield from _snippets(path, seen)
        else:
            yield path


def _entry(part: Path, snippet: Path) -> Entry:
    pictures = part.parents[2] / "Data" / "VID" / part.name / snippet.relative_to(part)
    hints = {"annotations": snippet, "pictures": pictures}
    return Entry(name=snippet.name, watched=(snippet, pictures), hints=hints)


def _read(entry: Entry, require_frames: bool) -> tuple[Sequence, ...]:
    annotations: Path = entry.hints["annotations"]
    paths = _numbered_files(annotations)
    frames = _read_frames(entry.hints["pictures"], annotations, len(paths), require_frames)
    tracks: dict[int, _Track] = {}
    sizes_wh = []
    for index, path in enumerate(paths):
        root = _parse(path)
        try:
            values = _values(root.find("size"))
            sizes_wh.append((_integer(values, "width"), _integer(values, "height")))
            for item in root.iterfind("object"):
                values = _values(item)
                number = _integer(values, "trackid")
                if number not in tracks:
                    tracks[number] = _Track.absent(len(paths))
                _enter(tracks[number], index, values)
        except ValueError as error:
            raise DatasetError(f"{path}: {error}") from None
    return tuple(_sequence(f"{entry.name}-{number}", tracks[number], frames, sizes_wh[0]) for number in sorted(tracks))


def _numbered_files(folder: Path) -> list[Path]:
    names = sorted(name for name in os.listdir(folder) if name.endswith(".xml"))
    for number, name in enumerate(names):
        if name != f"{number:06d}.xml":
            raise DatasetError(f"{folder / name} is where {number:06d}.xml belongs; frames are numbered without gaps")
    if not names:
        raise DatasetError(f"{folder} holds no annotations; expected 000000.xml and so on")
    return [folder / name for name in names]


def _read_frames(pictures: Path, annotations: Path, count: int, required: bool) -> FileFrames | MissingFrames:
    frames = numbered_frames(pictures, required=required)
    if frames is None:
        return MissingFrames(pictures, count)
    if len(frames) != count or int(frames.path(0).stem) != 0:
        raise DatasetError(
            f"{annotations}: XML files 0 to {count - 1}, but {pictures} has {len(frames)} frames "
            f"from {frames.names[0]} on; expected one a frame"
        )
    return frames


def _parse(path: Path) -> ET.Element:
    """The root of a file; a document type is refused, so that nothing in it can be an entity that expands."""
    try:
        text = path.read_text(encoding="utf-8")
        if "<!DOCTYPE" in text:
            raise DatasetError(f"{path} has a document type, which no annotation of the set has")
        return ET.fromstring(text)  # noqa: S314
    except (OSError, UnicodeDecodeError, ET.ParseError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None


def _enter(track: _Track, index: int, values: Mapping[str, str | None]) -> None:
    x1, y1, x2, y2 = (_integer(values, name) for name in ("xmin", "ymin", "xmax", "ymax"))
    if x2 < x1 or y2 < y1:
        raise ValueError(f"the box of track {values['trackid']} has no area")
    if track.visible[index]:
        raise ValueError(f"track {values['trackid']} is there twice")
    track.boxes_xywh[index] = x1, y1, x2 - x1 + 1, y2 - y1 + 1
    track.visible[index] = True
    track.occluded[index] = _integer(values, "occluded") != 0


def _values(item: ET.Element | None) -> dict[str, str | None]:
    """What stands in an element and those within it, by their names."""
    return {} if item is None else {part.tag: part.text for part in item.iter()}


def _integer(values: Mapping[str, str | None], name: str) -> int:
    try:
        return int(values.get(name) or "")
    except ValueError:
        raise ValueError(f"{name} is {values.get(name)!r}, expected a whole number") from None


def _sequence(name: str, track: _Track, frames: FileFrames | MissingFrames, size_wh: tuple[int, int]) -> Sequence:
    start = int(np.argmax(track.visible))
    return Sequence(
        name=name,
        frames=without_first(frames, start),
        boxes_xywh=track.boxes_xywh[start:],
        visible=track.visible[start:],
        frame_attributes={"OCC": track.occluded[start:]},
        size_wh=size_wh,
    )


LAYOUT = Layout(
    name="imagenet-vid",
    title="ImageNet-VID",
    expects="Annotations/VID/ and Data/VID/ with train/ and val/ in them",
    matches=_matches,
    find=_find,
    read=_read,
    attributes=("OCC",),
)
