"""A plain folder of photos that nobody annotated: windows of them are proposed as targets.

::

    <folder>/<any name>.jpg ...   photos

Of each photo ``WINDOWS`` windows are sequences of the one frame they are in, called ``<photo>-<number>``, where the
number counts from 1. The side sqrt(w h) of a window is log-uniform in ``SIDES`` of the photo's shorter side and its
aspect ratio w / h is exp(u), u uniform up to ``LOG_ASPECT`` either way, so that none is longer than 0.87 of the photo;
it lies anywhere inside. The numbers come from the photo's file name alone: a photo has the same windows on every
machine, whatever lies beside it.

Windows are no annotations: nobody says that there is an object, or where it ends. Training takes from them what
teachers say about them, see :class:`sdst_edge.training.recipe.Source`. So a folder is never taken for this layout
unless it is named: any folder of pictures would do.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence as Items
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.frame_files import list_pictures
from sdst_edge.datasets.layouts.layout import Entry, Layout
from sdst_edge.datasets.layouts.picture_sizes import picture_size
from sdst_edge.datasets.layouts.stills import Stills, check_stems
from sdst_edge.datasets.sequence import Sequence

__all__ = ["LAYOUT", "LOG_ASPECT", "SIDES", "WINDOWS", "windows_of"]

#: Of a photo.
WINDOWS = 4
#: Shortest and longest side sqrt(w h), over the photo's shorter side.
SIDES = (0.12, 0.55)
#: Largest logarithm of an aspect ratio.
LOG_ASPECT = 0.9


def windows_of(name: str, size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """(WINDOWS, 4): x, y, w, h of the windows of a photo, px, all inside it.

    Args:
        name: of its file: where the randomness comes from.
        size_wh: of the photo, px.
    """
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    bits = np.random.Philox(key=int.from_bytes(digest, "little"))
    of_side, of_aspect, *of_place = np.random.Generator(bits).random((4, WINDOWS))
    low, high = map(math.log, SIDES)
    side = min(size_wh) * np.exp(low + (high - low) * of_side)  # (WINDOWS,)
    root = np.exp(LOG_ASPECT * (2 * of_aspect - 1) / 2)  # of the aspect ratio
    sides = np.stack((side * root, side / root), axis=1)  # (WINDOWS, 2): w, h
    corners = np.stack(of_place, axis=1) * (np.array(size_wh) - sides)
    return np.concatenate((corners, sides), axis=1)


def _never(_root: Path) -> bool:
    return False


def _find(root: Path) -> list[Entry]:
    names = list_pictures(root)
    if not names:
        return []
    # Each picture is watched: another one under its name may be of another size, which moves its windows.
    watched = (root, *(root / name for name in names))
    return [Entry(name=os.path.basename(os.path.abspath(root)), watched=watched)]


def _read(entry: Entry, _require_frames: bool) -> Items[Sequence]:
    folder, *paths = entry.watched
    files = tuple(path.name for path in paths)
    check_stems(folder, files)
    sizes_wh = [picture_size(path) for path in paths]
    return Stills(
        folder=folder,
        files=files,
        present=np.ones(len(files), dtype=np.bool_),
        sizes_wh=np.array(sizes_wh, dtype=np.int32),
        numbers=np.tile(np.arange(1, WINDOWS + 1), len(files)),
        pictures=np.repeat(np.arange(len(files), dtype=np.int32), WINDOWS),
        boxes_xywh=np.concatenate([windows_of(*photo) for photo in zip(files, sizes_wh, strict=True)]),
    )


LAYOUT = Layout(
    name="photos",
    title="folder of photos",
    expects="photos that nobody annotated, to be learnt from through teachers; never found by auto",
    matches=_never,
    find=_find,
    read=_read,
    annotated=False,
)
