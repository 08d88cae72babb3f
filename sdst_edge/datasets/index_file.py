"""The file of an index: sequences without their pictures as a few long arrays and one JSON text, in an ``.npz``.

An archive's checksums find damage, and nothing in it is code. Boxes that are whole numbers, as most data sets have
them, take a quarter of the room.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

import sdst_runtime
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames, NumberedNames
from sdst_edge.datasets.sequence import Frames, Sequence

__all__ = ["Content", "Kept", "is_keepable", "load_kept", "save_kept", "sequences_of"]

#: Of the file. Readers may read differently from release to release: the release counts too.
_FORMAT = 1

#: What an entry holds: one sequence or several.
Content: TypeAlias = Sequence | tuple[Sequence, ...]


class Kept(NamedTuple):
    """What an entry held.

    Attributes:
        fingerprint: of what it was read from.
        content: what the layout's reader returned.
    """

    fingerprint: str
    content: Content


def sequences_of(content: Content) -> tuple[Sequence, ...]:
    """The one sequence, or all of them."""
    return (content,) if isinstance(content, Sequence) else content


def is_keepable(content: Sequence | Items[Sequence]) -> TypeGuard[Content]:
    """Whether a file can hold it: frames in files, boxes and flags, and nothing that few sequences have."""
    return isinstance(content, (Sequence, tuple)) and all(
        sequence.regions is None
        and sequence.anchors is None
        and sequence.whole is None
        and sequence.marked_visible is None
        and (
            isinstance(sequence.frames, MissingFrames)
            or (isinstance(sequence.frames, FileFrames) and isinstance(sequence.frames.names, (NumberedNames, tuple)))
        )
        for sequence in sequences_of(content)
    )


def save_kept(path: Path, root: Path, kept: Mapping[str, Kept]) -> None:
    """Writes entries; a reader sees the old file or the new one, never a part.

    Args:
        path: of the file; its folder is made.
        root: of the data set: folders below it are written relative to it.
        kept: by the entry's name.

    Raises:
        OSError: it cannot be written.
    """
    sequences = [sequence for item in kept.values() for sequence in sequences_of(item.content)]
    header = {
        "format": _FORMAT,
        "release": sdst_runtime.__version__,
        "entries": [
            {
                "name": name,
                "fingerprint": item.fingerprint,
                "is_one": isinstance(item.content, Sequence),
                "sequences": [_record(sequence, root) for sequence in sequences_of(item.content)],
            }
            for name, item in kept.items()
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f"{path.stem}-", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(
                file,
                header=np.frombuffer(json.dumps(header).encode("utf-8"), dtype=np.uint8),
                boxes=_packed(np.concatenate([sequence.boxes_xywh for sequence in sequences])),
                visible=np.concatenate([sequence.visible for sequence in sequences]),
                flags=np.concatenate([np.zeros(0, np.bool_), *_flags(sequences)]),
            )
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def load_kept(path: Path, root: Path) -> dict[str, Kept]:
    """The entries in a file of :func:`save_kept`; none if another release wrote it.

    Raises:
        Exception: of any kind, where the file is damaged.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        header = json.loads(arrays["header"].tobytes())
        if (header["format"], header["release"]) != (_FORMAT, sdst_runtime.__version__):
            return {}
        boxes_xywh = arrays["boxes"].astype(np.float64, copy=False)
        rows = _Rows(boxes_xywh, arrays["visible"], arrays["flags"])
    kept: dict[str, Kept] = {}
    for entry in header["entries"]:
        sequences = tuple(rows.sequence(record, root) for record in entry["sequences"])
        kept[entry["name"]] = Kept(entry["fingerprint"], sequences[0] if entry["is_one"] else sequences)
    return kept


class _Rows:
    """Long arrays, from which one sequence after the other takes its rows."""

    def __init__(self, boxes_xywh: NDArray[np.float64], visible: NDArray[np.bool_], flags: NDArray[np.bool_]) -> None:
        self._boxes_xywh = boxes_xywh
        self._visible = visible
        self._flags = flags
        self._row = self._flag = 0

    def sequence(self, record: Mapping[str, Any], root: Path) -> Sequence:
        count = record["length"]
        rows = slice(self._row, self._row + count)
        self._row += count
        flags: dict[str, NDArray[np.bool_]] = {}
        for name in record["flags"]:
            flags[name] = self._flags[self._flag : self._flag + count]
            self._flag += count
        return Sequence(
            name=record["name"],
            frames=_frames(record, root),
            boxes_xywh=self._boxes_xywh[rows],
            visible=self._visible[rows],
            attributes=None if record["attributes"] is None else tuple(record["attributes"]),
            frame_attributes=flags,
            size_wh=None if record["size_wh"] is None else (record["size_wh"][0], record["size_wh"][1]),
            origin=record["origin"],
        )


def _record(sequence: Sequence, root: Path) -> dict[str, Any]:
    frames = sequence.frames
    assert isinstance(frames, (FileFrames, MissingFrames))
    names = frames.names if isinstance(frames, FileFrames) else None
    return {
        "name": sequence.name,
        "length": len(sequence),
        "folder": str(
            frames.folder.relative_to(root) if frames.folder.is_relative_to(root) else frames.folder.absolute()
        ),
        "names": asdict(names) if isinstance(names, NumberedNames) else names,
        "attributes": sequence.attributes,
        "flags": list(sequence.frame_attributes),
        "size_wh": sequence.size_wh,
        "origin": sequence.origin,
    }


def _frames(record: Mapping[str, Any], root: Path) -> Frames:
    folder, names = root / record["folder"], record["names"]
    if names is None:
        return MissingFrames(folder, record["length"])
    return FileFrames(folder, NumberedNames(**names) if isinstance(names, dict) else tuple(names))


def _flags(sequences: Items[Sequence]) -> list[NDArray[np.bool_]]:
    return [flags for sequence in sequences for flags in sequence.frame_attributes.values()]


def _packed(boxes_xywh: NDArray[np.float64]) -> NDArray[Any]:
    """As int16 where that loses nothing."""
    with np.errstate(invalid="ignore"):
        whole = boxes_xywh.astype(np.int16)
    return whole if np.array_equal(whole, boxes_xywh) else boxes_xywh
