"""The one type that every data set is read into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import DatasetError

__all__ = ["FileFrames", "Frames", "Sequence"]


class Frames(Protocol):
    """Pictures that are made when they are asked for; a list or tuple of arrays is one too."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """The frame at ``index``, 0-based: (H, W, 3) uint8 BGR, C-contiguous."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sequence:
    """Frames of one target, with its box in each.

    Attributes:
        name: unique in its data set.
        frames: N pictures of one size.
        boxes_xywh: (N, 4) float64, 0-based continuous image px. Where the target is visible: finite, sides > 0.
        visible: (N,) bool; where it is false the box means nothing.
        attributes: challenges of the sequence by the names of its data set, such as ``OCC``.

    Raises:
        DatasetError: the parts are not of one length, or a visible box is not finite or has no area.
    """

    name: str
    frames: Frames
    boxes_xywh: NDArray[np.float64]
    visible: NDArray[np.bool_]
    attributes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.frames)
        if count == 0 or self.boxes_xywh.shape != (count, 4) or self.visible.shape != (count,):
            raise DatasetError(
                f"sequence {self.name}: {count} frames, boxes {self.boxes_xywh.shape} and visible "
                f"{self.visible.shape}; expected N >= 1 frames, (N, 4) and (N,)"
            )
        boxes = self.boxes_xywh[self.visible]
        if not np.isfinite(boxes).all() or (boxes[:, 2:] <= 0).any():
            raise DatasetError(f"sequence {self.name}: a box of a visible target is not finite or has no area")

    def __len__(self) -> int:
        return len(self.frames)

    def held(self, indices: Iterable[int]) -> Sequence:
        """The sequence of the frames at ``indices``, decoded or rendered now and kept in memory."""
        chosen = list(indices)
        return Sequence(
            name=self.name,
            frames=tuple(self.frames[index] for index in chosen),
            boxes_xywh=self.boxes_xywh[chosen],
            visible=self.visible[chosen],
            attributes=self.attributes,
        )


@dataclass(frozen=True, slots=True)
class FileFrames:
    """Picture files, decoded at each access and not kept."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """The frame at ``index``.

        Raises:
            DatasetError: the file is missing or no picture.
        """
        import cv2

        path = self.paths[index]
        frame = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if frame is None:
            raise DatasetError(f"{path} is missing or no picture that OpenCV reads; fetch the data set again")
        return np.ascontiguousarray(frame, dtype=np.uint8)
