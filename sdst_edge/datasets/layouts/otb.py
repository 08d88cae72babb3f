"""The OTB-100 layout (Wu, Lim, Yang: Object Tracking Benchmark, TPAMI 2015), and OTB-50, OTB-2013 with it.

::

    <Name>/img/0001.jpg ...             frames; Board's numbers have five digits, BlurCar1's begin at 247
    <Name>/groundtruth_rect.txt         x,y,w,h a line, 1-based, with commas, tabs or spaces between
    <Name>/groundtruth_rect.<k>.txt     instead of it: target k; the sequence is called <Name>-<k>
    <Name>/attrs.txt                    may be there: names of the sequence's attributes with commas between

Jogging and Skating2 have two targets; of Human4 only the second is annotated, the file of the first is empty. PySOT
wants the folders of these copied for each target: Jogging-1 holds target 1 alone, then, and goes before Jogging's.
Five ground truths cover a part of the folder's frames: David 300 to 770, Football1 1 to 74, Freeman3 1 to 460 and
Freeman4 1 to 283 (as the benchmark's page says), Diving 1 to 215 (as its Python toolkit has it).
Tiger1 has 354 frames and rows, and begins at frame 6 here: the MATLAB toolkit leaves the first five out
(``initOmit/tiger1.txt``), and PySOT and pytracking do as it does; the got10k toolkit does not, and its results are
held against ``Sequence.whole``.

Attributes are the labels of ``attrs.txt``, else those that the benchmark published for the sequence of that name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from sdst_edge.datasets.attributes.names import SEQUENCE_LABELS
from sdst_edge.datasets.boxfile import check_boxes, read_boxes, read_lines
from sdst_edge.datasets.frame_files import list_pictures
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.numbered_frames import annotated_frames, without_first
from sdst_edge.datasets.layouts.otb_attributes import OTB_LABELS
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["LAYOUT"]

_ORIGIN = 1.0
_ATTRIBUTES = SEQUENCE_LABELS["otb"]
_GROUNDTRUTH = re.compile(r"groundtruth_rect(?:\.(\d+))?\.txt")
_SPANS = {
    "David": (300, 770),
    "Diving": (1, 215),
    "Football1": (1, 74),
    "Freeman3": (1, 460),
    "Freeman4": (1, 283),
    "Tiger1": (6, 354),
}
#: Folders that are looked into to judge a root by.
_LOOKED_AT = 20


def _matches(root: Path) -> bool:
    try:
        if _groundtruths(root):
            return not list_pictures(root)  # with frames around it, it is a plain folder's
        return any(map(_groundtruths, islice(_folders(root), _LOOKED_AT)))
    except OSError:
        return False


def _find(root: Path) -> list[Entry]:
    folders = [Path(os.path.abspath(root))] if _groundtruths(root) else sorted(_folders(root))
    entries = [_entry(folder, file) for folder in folders for file in _groundtruths(folder) or _expected(folder)]
    copies = {entry.name for entry in entries if entry.name == entry.hints["folder"].name}
    return [entry for entry in entries if entry.name not in copies or entry.name == entry.hints["folder"].name]


def _folders(root: Path) -> Iterator[Path]:
    with os.scandir(root) as items:
        yield from (Path(item.path) for item in items if item.is_dir())


def _groundtruths(folder: Path) -> list[str]:
    """The names of the annotations in a folder; of several, that of the folder's target, else those that hold boxes."""
    names = sorted(name for name in os.listdir(folder) if _GROUNDTRUTH.fullmatch(name))
    if (own := f"groundtruth_rect.{_target(folder)}.txt") in names:
        return [own]
    return names if len(names) < 2 else [name for name in names if (folder / name).stat().st_size > len("\r\n")]


def _target(folder: Path) -> str:
    """The number that a copy of a folder for one target ends in; empty for all others."""
    copy = re.fullmatch(r".+-(\d+)", folder.name)
    return copy[1] if copy else ""


def _expected(folder: Path) -> list[str]:
    """The annotation that is missing in a folder of frames, to be named when it is read."""
    return ["groundtruth_rect.txt"] if (folder / "img").is_dir() else []


def _entry(folder: Path, file: str) -> Entry:
    target = _GROUNDTRUTH.fullmatch(file)
    number = target[1] if target else None
    name = folder.name if number in (None, _target(folder)) else f"{folder.name}-{number}"
    watched = (folder / file, folder / "img", folder / "attrs.txt")
    return Entry(name=name, watched=watched, hints={"folder": folder, "file": file})


def _read(entry: Entry, require_frames: bool) -> Sequence:
    folder: Path = entry.hints["folder"]
    groundtruth = folder / entry.hints["file"]
    boxes_xywh = read_boxes(groundtruth, origin=_ORIGIN, separator=None)
    visible = np.ones(len(boxes_xywh), dtype=np.bool_)
    check_boxes(groundtruth, boxes_xywh, visible)
    span = _SPANS.get(folder.name)
    frames = annotated_frames(folder / "img", groundtruth, len(boxes_xywh), required=require_frames, span=span)
    whole = Sequence(
        name=entry.name,
        frames=frames,
        boxes_xywh=boxes_xywh,
        visible=visible,
        attributes=_attributes(folder / "attrs.txt", entry.name),
        origin=_ORIGIN,
    )
    if entry.name != "Tiger1" or len(whole) != _SPANS["Tiger1"][1]:
        return whole
    first = _SPANS["Tiger1"][0] - 1
    boxes_xywh, visible = boxes_xywh[first:], visible[first:]
    return replace(whole, frames=without_first(frames, first), boxes_xywh=boxes_xywh, visible=visible, whole=whole)


def _attributes(path: Path, name: str) -> tuple[str, ...] | None:
    if not path.is_file():
        return OTB_LABELS.get(name)
    labels = {label.strip() for line in read_lines(path) for label in line.split(",")} - {""}
    if unknown := sorted(labels - set(_ATTRIBUTES)):
        raise DatasetError(f"{path}: {unknown[0]!r} is no attribute, expected some of {', '.join(_ATTRIBUTES)}")
    return tuple(label for label in _ATTRIBUTES if label in labels)


LAYOUT = Layout(
    name="otb",
    title="OTB-100",
    expects="folders that hold img/ and a groundtruth_rect.txt each",
    matches=_matches,
    find=_find,
    read=_read,
    attributes=_ATTRIBUTES,
    rule="otb",
)
