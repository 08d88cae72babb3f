"""The UAV123 layout, and UAV20L and UAV123@10fps with it.

Mueller, Smith, Ghanem: A Benchmark and Simulator for UAV Tracking, ECCV 2016.

::

    data_seq/UAV123/<folder>/000001.jpg ...   frames, numbered from 1
    anno/UAV123/<name>.txt                    x,y,w,h a line, 1-based; NaN,NaN,NaN,NaN where the target is absent
    anno/UAV123/att/<name>.txt                12 times 0 or 1, in the order of the attributes
    anno/UAV20L/...                           the same for the long sequences, with the frames of UAV123
    configSeqs.m                              folder, first and last frame of each sequence, for MATLAB

The folder of these can be opened, the one around it, or ``anno/UAV20L`` and the like for one set; where several lie in
one folder, UAV123 is read. UAV123@10fps has frames of its own, and its files may lie in ``anno`` directly.

Several sequences may share a folder, such as bird1_1, bird1_2 and bird1_3: their frames are those that
``configSeqs.m`` names, else the built-in table. Both may have a stretch for 30 and one for 10 frames per second: the
one as long as the ground truth counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sdst_edge.datasets.attributes.names import SEQUENCE_LABELS
from sdst_edge.datasets.boxfile import check_boxes, read_boxes, read_lines, split_row
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.numbered_frames import Span, annotated_frames
from sdst_edge.datasets.layouts.uav123_spans import UAV123_SPANS, at_10_fps
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["LAYOUT"]

_ORIGIN = 1.0
_ATTRIBUTES = SEQUENCE_LABELS["uav123"]
_SETS = ("UAV123", "UAV123_10fps", "UAV123@10fps", "UAV20L")
_CONFIGURED = re.compile(
    r"'name'\s*,\s*'([^']+)'\s*,\s*'path'\s*,\s*'([^']+)'\s*,\s*'startFrame'\s*,\s*(\d+)\s*,\s*'endFrame'\s*,\s*(\d+)"
)


def _matches(root: Path) -> bool:
    return _annotations(root) is not None


def _annotations(root: Path) -> Path | None:
    """The folder of ground truths; None where this is no UAV123."""
    root = Path(os.path.abspath(root))
    if root.parent.name in ("anno", "data_seq") and root.name in _SETS:
        folder = root.parent.parent / "anno" / root.name
        return folder if folder.is_dir() else None
    for top in (root, root / "UAV123"):
        for name in _SETS:
            if (top / "anno" / name).is_dir():
                return top / "anno" / name
    return root / "anno" if (root / "anno").is_dir() and (root / "data_seq").is_dir() else None


def _find(root: Path) -> list[Entry]:
    annotations = _annotations(root)
    if annotations is None:
        raise DatasetError(f"{root} holds no UAV123; expected {LAYOUT.expects}")
    top = annotations.parent if annotations.name == "anno" else annotations.parent.parent
    config = top / "configSeqs.m"
    spans = _configured(config) if config.is_file() else {}
    pictures = _pictures(top / "data_seq", annotations.name)
    entries = []
    for path in sorted(annotations.glob("*.txt"), key=lambda path: path.stem):
        folder, stretches = spans.get(path.stem) or _built_in(path.stem)
        labels = annotations / "att" / path.name
        watched = (path, labels, pictures / folder, config)
        hints = {"folder": pictures / folder, "groundtruth": path, "labels": labels, "spans": stretches}
        entries.append(Entry(name=path.stem, watched=watched, hints=hints))
    return entries


def _pictures(data: Path, name: str) -> Path:
    names = (name, "UAV123") if name in _SETS else _SETS
    return next((data / name for name in names if (data / name).is_dir()), data)


def _configured(path: Path) -> Mapping[str, tuple[str, tuple[Span, ...]]]:
    spans: dict[str, tuple[str, tuple[Span, ...]]] = {}
    for line in read_lines(path):
        for name, folder, first, last in _CONFIGURED.findall(line):
            known = spans[name][1] if name in spans else ()
            spans[name] = (re.split(r"[\\/]", folder.rstrip("\\/"))[-1], (*known, (int(first), int(last))))
    return spans


def _built_in(name: str) -> tuple[str, tuple[Span, ...]]:
    if name not in UAV123_SPANS:
        return name, ()
    folder, span = UAV123_SPANS[name]
    return folder, (span, at_10_fps(span))


def _read(entry: Entry, require_frames: bool) -> Sequence:
    groundtruth: Path = entry.hints["groundtruth"]
    boxes_xywh = read_boxes(groundtruth, origin=_ORIGIN, separator=None, finite=False)
    visible = np.isnan(boxes_xywh).sum(axis=1) < boxes_xywh.shape[1]
    check_boxes(groundtruth, boxes_xywh, visible)
    rows = len(boxes_xywh)
    spans: tuple[Span, ...] = entry.hints["spans"]
    span = next((span for span in spans if span[1] - span[0] + 1 == rows), spans[0] if spans else None)
    return Sequence(
        name=entry.name,
        frames=annotated_frames(entry.hints["folder"], groundtruth, rows, required=require_frames, span=span),
        boxes_xywh=boxes_xywh,
        visible=visible,
        attributes=_attributes(entry.hints["labels"]),
        origin=_ORIGIN,
    )


def _attributes(path: Path) -> tuple[str, ...] | None:
    if not path.is_file():
        return None
    flags = [flag for line in read_lines(path) for flag in split_row(line)]
    if len(flags) != len(_ATTRIBUTES) or not set(flags) <= {"0", "1"}:
        raise DatasetError(f"{path}: {','.join(flags)!r}, expected 0 or 1 for each of {', '.join(_ATTRIBUTES)}")
    return tuple(name for name, flag in zip(_ATTRIBUTES, flags, strict=True) if flag == "1")


LAYOUT = Layout(
    name="uav123",
    title="UAV123",
    expects="anno/UAV123/ with a file of boxes a sequence, and data_seq/UAV123/ with their frames",
    matches=_matches,
    find=_find,
    read=_read,
    attributes=_ATTRIBUTES,
    rule="uav123",
)
