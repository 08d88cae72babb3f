"""The LaSOT layout (Fan et al., LaSOT, CVPR 2019 and IJCV 2021).

::

    <class>/<class>-<n>/img/00000001.jpg ...      frames, numbered from 1 without gaps
    <class>/<class>-<n>/groundtruth.txt           x,y,w,h a line, 1-based; anything where the target is absent
    <class>/<class>-<n>/full_occlusion.txt        1 = hidden altogether, else 0; commas between the frames
    <class>/<class>-<n>/out_of_view.txt           1 = has left the picture, else 0; likewise
    testing_set.txt, training_set.txt             names of the sequences of a split; open the list to choose them

The folders of the sequences may also lie side by side, or be opened alone. A target is marked as visible where neither
flag is set; a few such frames have boxes without area (frame 118 of tiger-6), and are not visible here. The 14
attributes of a sequence come with the evaluation toolkit, a line of 0 and 1 in ``att/<class>-<n>.txt``, looked for in
the root, in ``annos/`` there, and in ``annos/`` beside it.

The toolkit's own folder ``annos`` (boxes, ``absent/<class>-<n>.txt``, ``att/``) is a data set too, but for the frames:
recorded boxes can be scored by it. It does not tell occlusion from out of view.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes.names import SEQUENCE_LABELS
from sdst_edge.datasets.boxfile import check_boxes, check_length, has_no_area, read_boxes, read_digits
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames, list_pictures, numbered_from
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["ATTRIBUTES", "LAYOUT", "ORIGIN"]

#: Coordinate of the picture's left and top edge in the set's files.
ORIGIN = 1.0

#: In the order of the attribute files.
ATTRIBUTES = SEQUENCE_LABELS["lasot"]

_GROUNDTRUTH = "groundtruth.txt"
_OCCLUSION = "full_occlusion.txt"
_OUT_OF_VIEW = "out_of_view.txt"

#: Its makers annotated fewer frames than its folder may hold; the toolkit cuts tracks to the annotation.
_CUT_SHORT = "monkey-17"


def _matches(root: Path) -> bool:
    if _is_sequence(root) or _annotations(root) is not None:
        return True
    return any(_is_sequence(path) or any(map(_is_sequence, _folders(path)[:3])) for path in _folders(root)[:10])


def _is_sequence(folder: Path) -> bool:
    return (folder / _GROUNDTRUTH).is_file() and (folder / _OCCLUSION).is_file()


def _annotations(root: Path) -> Path | None:
    """The folder of the toolkit's annotations, where the root is or holds it and holds nothing else."""
    return next((path for path in (root, root / "annos") if (path / "absent").is_dir()), None)


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return [folder / name for name in sorted(item.name for item in found if item.is_dir())]
    except OSError:
        return []


def _find(root: Path) -> list[Entry]:
    if (root / _GROUNDTRUTH).is_file():
        return [_entry(root, None)]
    labels = next(
        (path for path in (root / "att", root / "annos/att", root.parent / "annos/att") if path.is_dir()), None
    )
    entries = [_entry(folder, labels) for folder in _sequence_folders(root)]
    annotations = _annotations(root)
    if not entries and annotations is not None:
        entries = [_annotation_entry(path) for path in annotations.glob("*.txt")]
    return sorted(entries, key=lambda entry: _order(entry.name))


def _sequence_folders(root: Path) -> Iterator[Path]:
    """Folders of sequences, complete or not: a name of the form class-number is enough."""
    for folder in _folders(root):
        if re.fullmatch(r".+-\d+", folder.name) or (folder / _GROUNDTRUTH).is_file():
            yield folder
        else:
            yield from (path for path in _folders(folder) if re.fullmatch(re.escape(folder.name) + r"-\d+", path.name))


def _order(name: str) -> tuple[str, int, str]:
    """airplane-2 before airplane-10."""
    kind, _, number = name.rpartition("-")
    return (kind, int(number), name) if number.isdecimal() else (name, 0, name)


def _entry(folder: Path, labels: Path | None) -> Entry:
    name = os.path.basename(os.path.abspath(folder))
    files = [folder / "img", folder / _GROUNDTRUTH, folder / _OCCLUSION, folder / _OUT_OF_VIEW]
    return Entry(name=name, watched=(*files, *((labels / f"{name}.txt",) if labels else ())))


def _annotation_entry(boxes: Path) -> Entry:
    watched = (boxes, boxes.parent / "absent" / boxes.name, boxes.parent / "att" / boxes.name)
    return Entry(name=boxes.stem, watched=watched, hints={"annotation": True})


def _read(entry: Entry, require_frames: bool) -> Sequence:
    if "annotation" in entry.hints:
        return _read_annotation(entry, require_frames)
    _, groundtruth, occlusion, out_of_view, *labels = entry.watched
    boxes_xywh = read_boxes(groundtruth, origin=ORIGIN, finite=False)
    frames = _read_frames(entry, require_frames, len(boxes_xywh))
    flags = {"FOC": _read_flags(occlusion, entry, frames), "OV": _read_flags(out_of_view, entry, frames)}
    visible, marked = _visibility(groundtruth, boxes_xywh, ~(flags["FOC"] | flags["OV"]))
    return Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=visible,
        attributes=_read_attributes(labels[0]) if labels else None,
        frame_attributes=flags,
        origin=ORIGIN,
        marked_visible=marked,
    )


def _read_annotation(entry: Entry, require_frames: bool) -> Sequence:
    groundtruth, absence, labels = entry.watched
    if require_frames:
        raise DatasetError(f"{groundtruth} has no frames beside it; recorded boxes alone can be scored by it")
    boxes_xywh = read_boxes(groundtruth, origin=ORIGIN, finite=False)
    frames = MissingFrames(groundtruth.parent, len(boxes_xywh))
    absent = _read_flags(absence, entry, frames)
    visible, marked = _visibility(groundtruth, boxes_xywh, ~absent)
    return Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=visible,
        attributes=_read_attributes(labels),
        frame_attributes={"absence": absent},
        origin=ORIGIN,
        marked_visible=marked,
    )


def _read_frames(entry: Entry, required: bool, rows: int) -> FileFrames | MissingFrames:
    folder, groundtruth, *_ = entry.watched
    if not required and not (folder.is_dir() and list_pictures(folder)):
        return MissingFrames(folder, rows)
    frames = numbered_from(folder, 1)
    if entry.name == _CUT_SHORT and len(frames) > rows:
        return FileFrames(folder, frames.names[:rows])
    check_length(groundtruth, rows, len(frames))
    return frames


def _visibility(
    groundtruth: Path, boxes_xywh: NDArray[np.float64], marked: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_] | None]:
    """Where the target is marked as visible and its box has an area; and the marks, where they say more."""
    visible = marked & ~has_no_area(boxes_xywh)
    check_boxes(groundtruth, boxes_xywh, visible)
    return visible, None if np.array_equal(visible, marked) else marked


def _read_flags(path: Path, entry: Entry, frames: FileFrames | MissingFrames) -> NDArray[np.bool_]:
    flags = read_digits(path)
    if entry.name == _CUT_SHORT:
        flags = flags[: len(frames)]
    if len(flags) != len(frames):
        raise DatasetError(f"{path}: {len(flags)} flags for {len(frames)} frames; expected one a frame")
    return flags.astype(np.bool_)


def _read_attributes(path: Path) -> tuple[str, ...] | None:
    if not path.is_file():
        return None
    flags = read_digits(path)
    if len(flags) != len(ATTRIBUTES):
        raise DatasetError(f"{path}, line 1: {len(flags)} flags, expected {len(ATTRIBUTES)}: {','.join(ATTRIBUTES)}")
    return tuple(name for name, flag in zip(ATTRIBUTES, flags, strict=True) if flag)


LAYOUT = Layout(
    name="lasot",
    title="LaSOT",
    expects="<class>/<class>-<n>/ with img/00000001.jpg ..., groundtruth.txt, full_occlusion.txt and out_of_view.txt",
    matches=_matches,
    find=_find,
    read=_read,
    attributes=ATTRIBUTES,
    rule="lasot",
)
