"""Objects in still pictures: each is a sequence of the one frame it is in, made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.frame_files import FileFrames, MissingFrames, list_pictures
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError

__all__ = ["Stills", "check_stems", "present_pictures"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stills(Items[Sequence]):
    """The objects of many pictures, called ``<picture>-<number>``.

    Attributes:
        folder: of the pictures.
        files: their names.
        present: (pictures,) bool: whether they are there.
        sizes_wh: (pictures, 2) int32; None where no file tells them.
        numbers: (N,) int64: of each object; pictures and numbers together are unique.
        pictures: (N,) int32: the place of its picture in ``files``.
        boxes_xywh: (N, 4) float64.
    """

    folder: Path
    files: tuple[str, ...]
    present: NDArray[np.bool_]
    sizes_wh: NDArray[np.int32] | None
    numbers: NDArray[np.int64]
    pictures: NDArray[np.int32]
    boxes_xywh: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int, /) -> Sequence: ...

    @overload
    def __getitem__(self, index: slice, /) -> tuple[Sequence, ...]: ...

    def __getitem__(self, index: int | slice, /) -> Sequence | tuple[Sequence, ...]:
        if isinstance(index, slice):
            return tuple(self[position] for position in range(*index.indices(len(self))))
        picture = int(self.pictures[index])
        file = self.files[picture]
        size_wh: tuple[int, int] | None = None
        if self.sizes_wh is not None:
            width, height = self.sizes_wh[picture].tolist()
            size_wh = width, height
        return Sequence(
            name=f"{Path(file).stem}-{self.numbers[index]}",
            frames=FileFrames(self.folder, (file,)) if self.present[picture] else MissingFrames(self.folder, 1),
            boxes_xywh=self.boxes_xywh[index].reshape(1, 4),
            visible=np.ones(1, dtype=np.bool_),
            size_wh=size_wh,
        )


def check_stems(path: Path, files: Iterable[str]) -> None:
    """Refuses pictures whose objects would have the same names.

    Args:
        path: of the file or folder that names them, for messages.
        files: names of the pictures.

    Raises:
        DatasetError: two have one name but for the ending, or one is there twice.
    """
    seen: dict[str, str] = {}
    for file in files:
        stem = Path(file).stem
        if stem in seen:
            reason = "is there twice" if seen[stem] == file else f"has the name of {seen[stem]!r} but for its ending"
            raise DatasetError(f"{path}: picture {file!r} {reason}; expected each name once")
        seen[stem] = file


def present_pictures(
    folder: Path, files: Items[str], wanted: NDArray[np.int32], path: Path, *, require_frames: bool
) -> NDArray[np.bool_]:
    """Which pictures are there.

    Args:
        folder: of the pictures.
        files: their names.
        wanted: places in ``files`` of those with objects.
        path: of the file that tells the objects, for messages.
        require_frames: whether all of those with objects must be there.

    Returns:
        (pictures,).

    Raises:
        DatasetError: one of them is missing.
    """
    listing = frozenset(list_pictures(folder) if require_frames or folder.is_dir() else ())
    present = np.array([file in listing for file in files], dtype=np.bool_)
    if require_frames and not present[wanted].all():
        missing = np.unique(wanted[~present[wanted]])
        raise DatasetError(
            f"{folder / files[missing[0]]} is missing ({len(missing)} pictures in all), of which {path} has objects; "
            "fetch the data set's pictures"
        )
    return present
