"""The one type that every data set is read into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Region
from sdst_runtime.errors import DatasetError

__all__ = ["Frames", "Sequence"]


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
        visible: (N,) bool; where it is false the box means nothing: the target is absent, or its makers keep the box
            to themselves, as the test sets of GOT-10k and TrackingNet do with all but the first, or it has no area.
        attributes: challenges that the data set's makers labelled the sequence with, by its own names, such as
            ``OCC``; None where the set has no such labels for it, () where it was found to have none.
        frame_attributes: labels a frame by name, (N,) bool each: VOT's tags, LaSOT's ``FOC`` and ``OV``.
        regions: N shapes where the data set marks its targets with more than a box (VOT), else None.
        anchors: (N,) int8 of VOT's multi-start protocol, else None: 1 a run starts here and goes forward, -1 backward.
        size_wh: of the pictures, px, where the data set's files tell it; else None, see :meth:`picture_size`.
        origin: coordinate of a picture's left and top edge in the data set's files, in which results are written.
        whole: the sequence with frames before the first one here, where toolkits disagree on which is the first
            (OTB's Tiger1), else None: recorded boxes of so many frames are held against it.
        marked_visible: (N,) bool, where its makers mark more frames as visible than have a box with an area (LaSOT's
            tiger-6), else None: toolkits score those frames too.

    Raises:
        DatasetError: the parts are not of one length, or a visible box is not finite or has no area.
    """

    name: str
    frames: Frames
    boxes_xywh: NDArray[np.float64]
    visible: NDArray[np.bool_]
    attributes: tuple[str, ...] | None = None
    frame_attributes: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    regions: tuple[Region, ...] | None = None
    anchors: NDArray[np.int8] | None = None
    size_wh: tuple[int, int] | None = None
    origin: float = 0.0
    whole: Sequence | None = None
    marked_visible: NDArray[np.bool_] | None = None

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
        lengths = {name: len(flags) for name, flags in self.frame_attributes.items()}
        optional = {"regions": self.regions, "anchors": self.anchors, "marked_visible": self.marked_visible}
        lengths |= {name: len(part) for name, part in optional.items() if part is not None}
        for name, length in lengths.items():
            if length != count:
                raise DatasetError(f"sequence {self.name}: {length} entries of {name} for {count} frames")

    def __len__(self) -> int:
        return len(self.frames)

    def picture_size(self) -> tuple[int, int]:
        """Width and height of the pictures, px; decodes the first one where the data set's files do not tell.

        Raises:
            DatasetError: the first picture is missing or cannot be read.
        """
        if self.size_wh is not None:
            return self.size_wh
        try:
            height, width = self.frames[0].shape[:2]
        except DatasetError as error:
            raise DatasetError(
                f"sequence {self.name}: the size of its pictures is not known: {error}; or write it where the set "
                "has a file for it: resolution: (640, 480) in GOT-10k's meta_info.ini, width=640 and height=480 in "
                "VOT's file sequence"
            ) from None
        return width, height

    def held(self, indices: Iterable[int]) -> Sequence:
        """The sequence of the frames at ``indices``, decoded or rendered now and kept in memory."""
        chosen = list(indices)
        return Sequence(
            name=self.name,
            frames=tuple(self.frames[index] for index in chosen),
            boxes_xywh=self.boxes_xywh[chosen],
            visible=self.visible[chosen],
            attributes=self.attributes,
            frame_attributes={name: flags[chosen] for name, flags in self.frame_attributes.items()},
            regions=None if self.regions is None else tuple(self.regions[index] for index in chosen),
            anchors=None if self.anchors is None else self.anchors[chosen],
            size_wh=self.size_wh,
            origin=self.origin,
            marked_visible=None if self.marked_visible is None else self.marked_visible[chosen],
        )
