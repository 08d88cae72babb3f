"""What was read of a data set, kept for the next time it is opened.

One file a data set and layout, in ``$SDST_CACHE_DIR/datasets``, else ``$XDG_CACHE_HOME/sdst-edge/datasets``, else
``~/.cache/sdst-edge/datasets``; an empty ``SDST_CACHE_DIR`` keeps nothing. The files may be deleted at any time.

An entry is kept under the fingerprint of what it was read from: of every watched file and folder its place in the data
set, its size, and the times at which its content and its inode changed. An entry with another fingerprint is read anew,
alone. A file that is written twice within one tick of its file system's clock (milliseconds; two seconds on FAT), with
as many bytes and with a reading in between, keeps its fingerprint, and the second content is not seen. Pictures are not
kept: one that is replaced under its name is read as it is now.

Not kept are broken sequences, those with more than boxes and flags (VOT's regions), COCO's objects, and data sets so
small that they are read in no time. A file that is damaged, of another version or out of reach is no error: everything
is read as if there were none.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable
from collections.abc import Sequence as Items
from pathlib import Path

from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.index_file import Content, Kept, is_keepable, load_kept, save_kept, sequences_of
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.sequence import Sequence

__all__ = ["WORTH_FRAMES", "Index", "cache_folder", "fingerprint", "index_path"]

_log = logging.getLogger(__name__)

#: A data set with fewer frames is read in a fraction of a second.
WORTH_FRAMES = 50_000


class Index:
    """The entries of one data set, each read from disk at most once for as long as it stays as it is."""

    def __init__(self, path: Path | None, root: Path) -> None:
        """Loads what is kept.

        Args:
            path: of the index's file, see :func:`index_path`; None keeps nothing.
            root: folder of the data set.
        """
        self._path = path
        self._root = root
        self._kept: dict[str, Kept] = {}
        self._is_changed = False
        if path is not None:
            try:
                self._kept = load_kept(path, root)
            except Exception as error:  # it is not there, or whatever a damaged file leads to
                _log.debug("%s is not used: %s", path, error)

    def read(self, layout: Layout, entry: Entry, require_frames: bool) -> Sequence | Items[Sequence]:
        """What ``layout.read`` gives, from the index where nothing has changed.

        Raises:
            DatasetError: the entry is broken.
        """
        mark = fingerprint(entry, self._root)
        kept = self._kept.get(entry.name)
        if kept is not None and kept.fingerprint == mark and not (require_frames and _misses_frames(kept.content)):
            return kept.content
        content = layout.read(entry, require_frames)
        if self._path is not None and is_keepable(content):
            self._kept[entry.name] = Kept(mark, content)
            self._is_changed = True
        return content

    def save(self, names: Iterable[str]) -> None:
        """Writes what is worth keeping, if any of it is new.

        Args:
            names: of all entries that the data set has now; others are dropped.
        """
        if self._path is None or not self._is_changed:
            return
        kept = {name: self._kept[name] for name in names if name in self._kept}
        if sum(len(sequence) for item in kept.values() for sequence in sequences_of(item.content)) < WORTH_FRAMES:
            return
        try:
            save_kept(self._path, self._root, kept)
        except OSError as error:
            _log.debug("%s is not written: %s", self._path, error)


def cache_folder() -> Path | None:
    """Where caches lie: ``$SDST_CACHE_DIR``, else in the user's folder for caches; None where nothing is to be kept."""
    folder = os.environ.get("SDST_CACHE_DIR")
    if folder is None:
        folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sdst-edge")
    return Path(folder) if folder and not folder.startswith("~") else None  # nobody's home


def index_path(root: Path, layout: str) -> Path | None:
    """The file that keeps a data set in this layout; None where nothing is to be kept."""
    folder = cache_folder()
    if folder is None:
        return None
    place = hashlib.blake2b(os.path.realpath(root).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return folder / "datasets" / f"{layout}-{place}.npz"


def fingerprint(entry: Entry, root: Path) -> str:
    """Tells whether an entry's files, and what the layout found out about it, are still the same.

    Args:
        entry: of the data set.
        root: its folder: the same one gives the same fingerprint, however its path is written.
    """
    states = [(path, _state(path)) for path in entry.watched]
    text = json.dumps([states, entry.hints], sort_keys=True, default=lambda path: os.path.relpath(path, root))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _misses_frames(content: Content) -> bool:
    return any(isinstance(sequence.frames, MissingFrames) for sequence in sequences_of(content))
