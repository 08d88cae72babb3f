"""Where a store of regions lies: memory that forked processes share, or a sparse file.

Both are zeros until they are written, and take room only where they have been. What is written is seen by all
processes. A file is written by ``pwrite``, which reports a full disk, and only read through its memory map: writing
through the map would end the process with SIGBUS.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError

__all__ = ["Backing", "FileBacking", "MemoryBacking", "memory_bytes"]

#: Where Linux says how much memory a container may use; "max" for all.
_CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
_CHUNK = 1 << 20


class Backing(Protocol):
    """Bytes that all processes of a store see."""

    view: NDArray[np.uint8]  #: (size,), read-only

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """Raises OSError: there is no room left."""

    def close(self) -> None:
        """Lets go; views keep what they show alive."""


class MemoryBacking:
    """Anonymous memory, shared with processes that are forked afterwards."""

    def __init__(self, size: int) -> None:
        """``size`` bytes of zeros, none of them touched.

        Raises:
            ConfigError: the system does not give as much.
        """
        flags = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
        try:
            self._map = mmap.mmap(-1, size, flags=flags)
        except (OSError, OverflowError) as error:
            raise ConfigError(
                f"{size / 1e9:.1f} GB of shared memory for the cache of regions are not to be had ({error}); "
                "lower loading.cache.limit_gb, or set loading.cache.kind to disk"
            ) from None
        self.view = _read_only(self._map)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """As :class:`Backing` says."""
        self._map[offset : offset + len(data)] = data

    def close(self) -> None:
        """As :class:`Backing` says."""
        self.view = np.empty(0, np.uint8)
        _close(self._map)


class FileBacking:
    """A sparse file that other processes and later runs find again."""

    def __init__(self, path: Path, size: int, header: bytes, dense: int) -> None:
        """Opens the file, or makes it; one that does not begin with ``header`` is made anew.

        Args:
            path: its folders are made.
            size: of the file, bytes.
            header: its first bytes; the others are zeros at first.
            dense: bytes at its beginning that take room at once. Only these and what has been written may be read: in
                a file system in memory a page that is read takes room, too, and SIGBUS ends a process if there is none.

        Raises:
            ConfigError: it cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                _prepare(self._descriptor, size, header, dense)
                self._map = mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ)
            except OSError:
                os.close(self._descriptor)
                raise
        except OSError as error:
            raise ConfigError(
                f"{path} cannot be written ({error.strerror}); it would keep up to {size / 1e9:.1f} GB of regions. "
                "Set loading.cache.folder to a folder of yours, or loading.cache.kind to memory or none"
            ) from None
        self.view = _read_only(self._map)

    def write(self, offset: int, data: bytes | memoryview) -> None:
        """As :class:`Backing` says; raises OSError where the disk is full."""
        _write(self._descriptor, data, offset)

    def close(self) -> None:
        """As :class:`Backing` says."""
        self.view = np.empty(0, np.uint8)
        _close(self._map)
        os.close(self._descriptor)


def _prepare(descriptor: int, size: int, header: bytes, dense: int) -> None:
    """Makes a file of zeros behind the header, unless another process has. The header is written last."""
    import fcntl  # not on Windows, where training is not supported

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        if os.fstat(descriptor).st_size == size and os.pread(descriptor, len(header), 0) == header:
            return
        os.ftruncate(descriptor, 0)
        os.ftruncate(descriptor, size)
        for start in range(0, dense, _CHUNK):
            _write(descriptor, bytes(min(_CHUNK, dense - start)), start)
        _write(descriptor, header, 0)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _write(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(descriptor, left, offset)  # fewer bytes than asked for where the disk ends
        left, offset = left[written:], offset + written


def _read_only(mapped: mmap.mmap) -> NDArray[np.uint8]:
    view = np.frombuffer(mapped, np.uint8)
    view.flags.writeable = False
    return view


def _close(mapped: mmap.mmap) -> None:
    with contextlib.suppress(BufferError):  # a region is still in use; the memory goes with it
        mapped.close()


def memory_bytes() -> int:
    """Memory of the machine, or of the container that this process runs in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(_CONTAINER_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return machine
