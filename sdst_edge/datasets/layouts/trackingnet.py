"""The TrackingNet layout (Mueller, Bibi, Giancola, Al-Subaihi, Ghanem: TrackingNet, ECCV 2018).

::

    TRAIN_0/ ... TRAIN_11/, TEST/             parts; a single one can be opened too
    <part>/frames/<video>/0.jpg ...           frames, numbered from 0 without leading zeros
    <part>/anno/<video>.txt                   x,y,w,h a line, 0-based

The boxes of the training parts were made by trackers between annotated frames (section 3 of the paper): where one has
no area, the target does not count as visible. Of the test part only the boxes of the first frames are published: such a
sequence is as long as its frames are many, and its target counts as visible in the first one alone. Read without frames
it has this one frame.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from sdst_edge.datasets.boxfile import check_boxes, has_no_area, read_boxes
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.numbered_frames import annotated_frames, numbered_frames
from sdst_edge.datasets.sequence import Sequence

__all__ = ["LAYOUT"]

_ORIGIN = 0.0
_PART = re.compile(r"TRAIN_(\d+)|TEST")


def _matches(root: Path) -> bool:
    try:
        return bool(_parts(root))
    except OSError:
        return False


def _parts(root: Path) -> list[Path]:
    root = Path(os.path.abspath(root))
    if (root / "anno").is_dir() and (_PART.fullmatch(root.name) or (root / "frames").is_dir()):
        return [root]
    parts = [path for path in root.iterdir() if _PART.fullmatch(path.name) and (path / "anno").is_dir()]
    return sorted(parts, key=lambda part: (part.name == "TEST", len(part.name), part.name))  # TRAIN_2 before TRAIN_10


def _find(root: Path) -> list[Entry]:
    return [_entry(part, path) for part in _parts(root) for path in sorted((part / "anno").glob("*.txt"))]


def _entry(part: Path, groundtruth: Path) -> Entry:
    folder = part / "frames" / groundtruth.stem
    hints = {"folder": folder, "groundtruth": groundtruth, "test": part.name == "TEST"}
    return Entry(name=groundtruth.stem, watched=(groundtruth, folder), hints=hints)


def _read(entry: Entry, require_frames: bool) -> Sequence:
    folder: Path = entry.hints["folder"]
    groundtruth: Path = entry.hints["groundtruth"]
    boxes_xywh = read_boxes(groundtruth, origin=_ORIGIN)
    visible = ~has_no_area(boxes_xywh)
    frames: FileFrames | MissingFrames
    if entry.hints["test"] and len(boxes_xywh) == 1:
        check_boxes(groundtruth, boxes_xywh, np.ones(1, dtype=np.bool_))
        frames = numbered_frames(folder, required=require_frames) or MissingFrames(folder, 1)
        boxes_xywh = np.concatenate([boxes_xywh, np.full((len(frames) - 1, 4), np.nan)])
        visible = np.arange(len(frames)) == 0
    else:
        frames = annotated_frames(folder, groundtruth, len(boxes_xywh), required=require_frames)
    return Sequence(name=entry.name, frames=frames, boxes_xywh=boxes_xywh, visible=visible, origin=_ORIGIN)


LAYOUT = Layout(
    name="trackingnet",
    title="TrackingNet",
    expects="folders TRAIN_0 to TRAIN_11 or TEST that hold anno/ and frames/",
    matches=_matches,
    find=_find,
    read=_read,
    rule="trackingnet",
)
