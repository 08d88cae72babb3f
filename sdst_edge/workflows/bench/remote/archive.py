"""Files as one file to send."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

__all__ = ["archive"]


@contextmanager
def archive(files: Mapping[str, Path]) -> Iterator[Path]:
    """A tar file, removed at the end: links are followed, owners are not told, and all may be read.

    Args:
        files: names in the archive to the files that get them.
    """
    with tempfile.TemporaryDirectory(prefix="sdst-") as folder:
        path = Path(folder) / "files.tar"
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, dereference=True) as packed:
            for name, source in files.items():
                packed.add(source, name, recursive=False, filter=_plain)
        yield path


def _plain(item: tarfile.TarInfo) -> tarfile.TarInfo:
    item.uid = item.gid = 0
    item.uname = item.gname = ""
    item.mode = 0o644
    return item
