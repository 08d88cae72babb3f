"""Checkpoints as other projects write them, and such as no one should."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from sdst_edge.models import SiameseModel
from sdst_edge.models.registry import families

__all__ = ["Runs", "foreign_state", "storage_reference", "write_pickle", "write_zip"]

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C


def foreign_state(model: SiameseModel, family: str) -> dict[str, torch.Tensor]:
    """Our weights under the original's names, by the mapping table read backwards."""
    published = families()[family].published
    assert published is not None
    original = {ours: theirs for theirs, ours in published.items() if ours is not None}
    state = {}
    for key, value in model.state_dict().items():
        module, _, leaf = key.rpartition(".")
        name = original.get(key) or f"{original[module]}.{leaf}"
        is_linear = ".fc." in name and leaf == "weight"
        state[name] = value[:, :, 0, 0] if is_linear else value
    return state


class Runs:
    """Its pickle calls a function when it is loaded without care."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def write_zip(path: Path, entries: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> Path:
    """An archive of these entries, in a folder as torch's are."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(f"archive/{name}", data)
    return path


def write_pickle(path: Path, data: bytes, *, zipped: bool, keys: Sequence[str] = ()) -> Path:
    """A checkpoint whose object is the pickle ``data``, in torch's zip layout or in its legacy one.

    A legacy one lists the storages ``keys``, whose values are for the caller to append.
    """
    if zipped:
        return write_zip(path, {"data.pkl": data, "version": b"3"})
    file = io.BytesIO()
    for value in (MAGIC_NUMBER, 1001, {"little_endian": True}):
        pickle.dump(value, file, protocol=2)
    file.write(data)
    pickle.dump(list(keys), file, protocol=2)
    path.write_bytes(file.getvalue())
    return path


def storage_reference(key: str, *, count: int, kind: str = "FloatStorage") -> bytes:
    """Instructions that push a reference to a storage."""
    text = struct.pack("<I", len(key)) + key.encode()
    number = b"\x8a\x08" + struct.pack("<q", count)
    return (
        b"(X\x07\x00\x00\x00storagectorch\n" + kind.encode() + b"\nX" + text + b"X\x03\x00\x00\x00cpu" + number + b"tQ"
    )
