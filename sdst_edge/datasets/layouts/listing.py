"""The file ``list.txt`` that names the folders of a data set's sequences, as GOT-10k's and VOT's do."""

from __future__ import annotations

from pathlib import Path

from sdst_edge.datasets.boxfile import read_lines
from sdst_runtime.errors import DatasetError

__all__ = ["LISTING", "listed_folders"]

LISTING = "list.txt"


def listed_folders(listing: Path) -> dict[Path, int]:
    """The folders beside a list that it names, one a line; each with the number of its line.

    Raises:
        DatasetError: the list is missing, or a line is no name of a folder or is there twice; names the line.
    """
    folders: dict[Path, int] = {}
    for number, line in enumerate(read_lines(listing), start=1):
        name = line.strip()
        if name in ("", "..") or Path(name).name != name:
            raise DatasetError(f"{listing}, line {number}: {name!r}, expected the name of a folder beside the list")
        if listing.parent / name in folders:
            raise DatasetError(f"{listing}, line {number}: {name} is listed twice")
        folders[listing.parent / name] = number
    return folders
