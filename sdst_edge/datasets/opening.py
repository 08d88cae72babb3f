"""From a folder to a data set: its layout is told from what lies in it, broken sequences are named or skipped."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence as Items
from pathlib import Path

from sdst_edge.datasets.boxfile import read_lines
from sdst_edge.datasets.dataset import Dataset, JoinedSequences, Skipped
from sdst_edge.datasets.index import Index, index_path
from sdst_edge.datasets.layouts import LAYOUTS, Entry, Layout
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["detect_layout", "open_dataset"]


def open_dataset(
    root: str | Path,
    layout: str = "auto",
    *,
    skip_broken: bool = False,
    require_frames: bool = True,
    cache: bool = True,
) -> Dataset:
    """The sequences of a data set; pictures are decoded when they are asked for.

    Args:
        root: its folder; or a text file in it, or in a folder of it, that lists the names of the sequences to take,
            one a line, such as ``LaSOT/testing_set.txt``.
        layout: a name in ``LAYOUTS``, or ``auto``: the one that the folder looks like.
        skip_broken: leave broken sequences out, and list them in ``Dataset.skipped``; without it the first one is an
            error.
        require_frames: a sequence without a single picture is broken too; without it, such a sequence is read from
            its annotations alone, to score recorded boxes.
        cache: keep what was read of a large data set, and read only what has changed, see
            :mod:`sdst_edge.datasets.index`.

    Raises:
        ConfigError: there is no layout of that name.
        DatasetError: the folder looks like no layout or like several; a sequence is broken (names file and line); none
            is left.
    """
    given = Path(root)
    folder, chosen = (given, detect_layout(given, layout)) if given.is_dir() else _around_list(given, layout)
    entries = _found(chosen, folder)
    wanted = entries if given.is_dir() else _listed(entries, given, folder)
    index = Index(index_path(folder, chosen.name) if cache else None, folder)
    parts: list[Sequence | Items[Sequence]] = []
    skipped: list[Skipped] = []
    for entry in wanted:
        try:
            parts.append(_read(index, chosen, entry, require_frames))
        except DatasetError as error:
            if not skip_broken:
                raise
            skipped.append(Skipped(entry.name, str(error)))
    index.save(entry.name for entry in entries)
    if not parts:
        raise DatasetError(f"all sequences of {given} are broken; the first: {skipped[0].reason}")
    sequences = _joined(folder, parts)
    if not sequences:
        raise DatasetError(f"{given} holds frames and no target in any")
    return Dataset(
        name=os.path.basename(os.path.abspath(folder)) + ("" if given.is_dir() else f" {given.stem}"),
        root=folder,
        layout=chosen,
        sequences=sequences,
        skipped=tuple(skipped),
    )


def detect_layout(root: Path, name: str = "auto") -> Layout:
    """The layout of this name, or for ``auto`` the one that a folder looks like.

    Raises:
        ConfigError: there is no layout of that name.
        DatasetError: the folder looks like no layout, or like several.
    """
    if name != "auto":
        if name not in LAYOUTS:
            raise ConfigError(f"{name!r} is no layout of data sets; expected auto, {', '.join(LAYOUTS)}")
        return LAYOUTS[name]
    fitting = _fitting(root, name)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DatasetError(f"{root} looks like several layouts, name the one it is:\n{_expectations(fitting)}")
    raise DatasetError(
        f"{root} looks like no data set; expected one of these layouts, or name one for an error that says more:\n"
        f"{_expectations(LAYOUTS.values())}"
    )


def _fitting(root: Path, name: str) -> list[Layout]:
    """What a folder looks like: a plain folder of frames only where it looks like no data set."""
    fitting = [layout for layout in LAYOUTS.values() if name in ("auto", layout.name) and layout.matches(root)]
    return fitting if len(fitting) < 2 else [layout for layout in fitting if layout is not LAYOUTS["folder"]]


def _expectations(layouts: Iterable[Layout]) -> str:
    return "\n".join(f"  {layout.name}: {layout.expects}" for layout in layouts)


def _around_list(listing: Path, name: str) -> tuple[Path, Layout]:
    """The data set that a list of names lies in."""
    if not listing.is_file():
        raise DatasetError(f"{listing} does not exist; expected the folder of a data set, or a list of its sequences")
    near = list(listing.absolute().parents)[:2]
    folder = next((folder for folder in near if _fitting(folder, name)), listing.parent)
    return folder, detect_layout(folder, name)


def _found(layout: Layout, root: Path) -> Items[Entry]:
    try:
        entries = layout.find(root)
    except OSError as error:
        raise DatasetError(f"{root} cannot be read: {error}") from None
    if not entries:
        raise DatasetError(f"{root} holds no sequences; expected {layout.expects}")
    _check_unique(root, (entry.name for entry in entries))
    return entries


def _listed(entries: Items[Entry], listing: Path, root: Path) -> list[Entry]:
    by_name = {entry.name: entry for entry in entries}
    names: dict[str, Entry] = {}
    for number, line in enumerate(read_lines(listing), start=1):
        name = line.strip()
        if name not in by_name:
            raise DatasetError(f"{listing}, line {number}: {root} has no sequence {name!r}")
        names[name] = by_name[name]
    if not names:
        raise DatasetError(f"{listing} is empty, expected the name of a sequence a line")
    return list(names.values())


def _read(index: Index, layout: Layout, entry: Entry, require_frames: bool) -> Sequence | Items[Sequence]:
    try:
        return index.read(layout, entry, require_frames)
    except OSError as error:
        raise DatasetError(f"sequence {entry.name} cannot be read: {error}") from None


def _joined(root: Path, parts: list[Sequence | Items[Sequence]]) -> Items[Sequence]:
    if all(isinstance(part, (Sequence, tuple)) for part in parts):
        sequences = tuple(item for part in parts for item in ((part,) if isinstance(part, Sequence) else part))
        _check_unique(root, (sequence.name for sequence in sequences))
        return sequences
    return JoinedSequences([(part,) if isinstance(part, Sequence) else part for part in parts])


def _check_unique(root: Path, names: Iterable[str]) -> None:
    name, times = next(iter(Counter(names).most_common(1)), ("", 0))
    if times > 1:
        raise DatasetError(f"{root} has {times} sequences of the name {name}; expected each name once")
