"""Under which name the results of a sequence are filed: toolkits do not agree.

The second target of OTB's Jogging is ``Jogging-2`` in PySOT, ``Jogging.2`` in the got10k toolkit, and ``jogging_2`` in
pytracking, whose early results begin all names of OTB with a small letter. The only annotated target of Human4 is
``Human4-2``, which got10k calls ``Human4``. UAV123's bike1 is ``uav_bike1`` in pytracking.

A file of the sequence's own name goes before all others. Where there is none, names count as alike that differ in
nothing but capitals, and in which of ``.``, ``-`` and ``_`` they have.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

__all__ = ["find_result"]

#: Where a toolkit leaves the number of the only annotated target out.
_ONLY_TARGETS = {"human4-2": "human4"}


def find_result(folder: Path, name: str) -> Path | None:
    """The file of a sequence's boxes in the folder of a tracker, in either form; None where there is none.

    Args:
        folder: of the tracker: ``<name>.txt``, or ``<name>/<name>_001.txt``.
        name: of the sequence.
    """
    own = _of_name(folder, name)
    return own if own is not None else _alike(folder, name)


def _of_name(folder: Path, name: str) -> Path | None:
    choices = (folder / f"{name}.txt", folder / name / f"{name}_001.txt")
    return next((path for path in choices if path.is_file()), None)


def _alike(folder: Path, name: str) -> Path | None:
    """The only file under one of the sequence's other names; several are none."""
    try:
        names = _names_by_key(folder, folder.stat().st_mtime_ns)
    except OSError:
        return None
    for key in _other_keys(name):
        found = [path for other in names.get(key, ()) if (path := _of_name(folder, other)) is not None]
        if len(found) == 1:
            return found[0]
    return None


def _other_keys(name: str) -> Iterator[str]:
    key = _key(name)
    yield key
    if key in _ONLY_TARGETS:
        yield _ONLY_TARGETS[key]
    yield f"uav-{key}"


def _key(name: str) -> str:
    return name.lower().replace(".", "-").replace("_", "-")


@lru_cache(maxsize=4)
def _names_by_key(folder: Path, _changed: int) -> Mapping[str, tuple[str, ...]]:
    """What files and folders lie in a folder that was changed at a time, without ``.txt``."""
    names: dict[str, tuple[str, ...]] = {}
    for name in {entry.removesuffix(".txt") for entry in sorted(os.listdir(folder))}:
        names[_key(name)] = (*names.get(_key(name), ()), name)
    return names
