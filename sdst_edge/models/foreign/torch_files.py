"""The two layouts of ``torch.save``, read without torch's own loader.

That loader runs pickles, or limits them to names that training scripts go beyond; before torch 2.6 there was a way
around its limits (CVE-2025-32434).

``zip`` (torch 1.6 on): an archive without compression; ``<name>/data.pkl`` beside ``<name>/data/<key>``, the bytes of
each storage. ``legacy`` (before): five pickles, which are a magic number, a version, the system, the object and the
keys of its storages; then, for each key in turn, the number of values (int64) and the values.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from typing import IO

import torch

from sdst_edge.models.foreign.pickles import Reference, read_pickle
from sdst_edge.models.foreign.stored_tensors import TorchFile, storage_of
from sdst_runtime.errors import CheckpointError

__all__ = ["read_legacy", "read_zip"]

MAX_PICKLE_BYTES = 64 << 20
MAX_DIRECTORY_BYTES = 2 << 20  # of an archive; an entry takes some 80
MAX_ENTRIES = 20_000
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
BIG_ENDIAN = "was written on a big-endian machine, of which no values are read"


def read_zip(file: IO[bytes], size: int) -> TorchFile:
    """A file in the layout ``zip``.

    Args:
        file: open as long as tensors are asked for.
        size: of the file, bytes: more than that its entries cannot hold.

    Raises:
        CheckpointError: it is damaged, compressed, or claims more than it holds; the text goes on from the file's name.
    """
    archive, folder = _archive(file, size)

    def read(name: str) -> bytes:
        try:
            return archive.read(f"{folder}/{name}")
        except (KeyError, EOFError, OSError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile):
            raise CheckpointError(f"is damaged: {name!r} in it is missing or broken; download it again") from None

    if f"{folder}/byteorder" in archive.namelist() and read("byteorder") != b"little":
        raise CheckpointError(BIG_ENDIAN)
    if archive.getinfo(f"{folder}/data.pkl").file_size > MAX_PICKLE_BYTES:
        raise CheckpointError(f"holds a pickle of over {MAX_PICKLE_BYTES >> 20} MiB, more than any checkpoint has")
    content = read_pickle(read("data.pkl")).value
    return TorchFile(content, lambda key: read(f"data/{key}"))


def _archive(file: IO[bytes], size: int) -> tuple[zipfile.ZipFile, str]:
    """The archive, whose entries together are no longer than the file, and the folder in it."""
    reads = _Reads(file, limit=MAX_DIRECTORY_BYTES)
    try:
        archive = zipfile.ZipFile(reads)
    except (OSError, ValueError, NotImplementedError, struct.error, zipfile.BadZipFile) as error:
        raise CheckpointError(f"is damaged, or no PyTorch checkpoint: {error}; download it again") from None
    reads.limit = size
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MAX_ENTRIES or len(names) < len(entries):
        raise CheckpointError(f"holds {len(entries):,} entries of {len(names):,} names, as no PyTorch checkpoint does")
    is_packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if is_packed or sum(entry.file_size for entry in entries) > size:
        raise CheckpointError("is an archive that unpacks to more than its size, which no PyTorch checkpoint does")
    folders = {name.partition("/")[0] for name in names if name.count("/") == 1 and name.endswith("/data.pkl")}
    if len(folders) != 1:
        raise CheckpointError("is an archive without the one data.pkl of a PyTorch checkpoint")
    return archive, folders.pop()


class _Reads:
    """A file for ``zipfile``, which reads the directory of an archive at once, whatever size it claims to have."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.limit = limit
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, count: int = -1) -> bytes:
        """The next bytes, or all that follow."""
        if count > self.limit:
            raise ValueError(f"it wants {count:,} bytes read at once")
        return self._file.read(count if count >= 0 else self.limit)


def read_legacy(file: IO[bytes], size: int) -> TorchFile:
    """A file in the layout ``legacy``; arguments and errors as of :func:`read_zip`."""
    data = file.read(MAX_PICKLE_BYTES)
    magic = read_pickle(data)
    if magic.value != MAGIC_NUMBER:
        raise CheckpointError("is damaged, or no PyTorch checkpoint: it does not start as one")
    version = read_pickle(data, magic.end)
    system = read_pickle(data, version.end)
    if isinstance(system.value, Mapping) and system.value.get("little_endian") is False:
        raise CheckpointError(BIG_ENDIAN)
    content = read_pickle(data, system.end)
    keys = read_pickle(data, content.end)
    if not isinstance(keys.value, list):
        raise CheckpointError("is damaged: it does not list its storages")
    places = _places(file, keys.value, _dtypes(content.references), start=keys.end, size=size)

    def read(key: str) -> bytes:
        if key not in places:
            raise CheckpointError("is damaged: it uses values that it does not list")
        start, length = places[key]
        file.seek(start)
        return file.read(length)

    return TorchFile(content.value, read)


def _dtypes(references: tuple[Reference, ...]) -> dict[str, torch.dtype]:
    """Types of the values of each storage."""
    storages = [storage_of(reference) for reference in references]
    if None in storages:
        raise CheckpointError("holds values that are no plain numbers; save its state dict anew with torch 1.6 on")
    return {storage.key: storage.dtype for storage in storages if storage is not None}


def _places(
    file: IO[bytes], keys: list[object], dtypes: dict[str, torch.dtype], *, start: int, size: int
) -> dict[str, tuple[int, int]]:
    """Offset and length of each storage's values, bytes."""
    places = {}
    for key in keys:
        file.seek(start)
        head = file.read(8)
        if not isinstance(key, str) or key not in dtypes or len(head) < 8:
            raise CheckpointError("is damaged: it ends before its last values, or lists others than it uses")
        length = struct.unpack("<q", head)[0] * dtypes[key].itemsize
        if not 0 <= length <= size - start - 8:
            raise CheckpointError(f"is damaged: it ends before its last values, at byte {size:,}; download it again")
        places[key] = (start + 8, length)
        start += 8 + length
    return places
