"""Frames in memory that a tracker is measured on, with the target's place in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from time import perf_counter_ns
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import render_clip
from sdst_runtime.errors import ConfigError, FrameError
from sdst_runtime.sources import FrameSource, open_source
from sdst_runtime.tracker import Tracker

__all__ = ["Box", "Clip"]

Box: TypeAlias = tuple[float, float, float, float]

RENDERED_FRAMES = 32  # 88 MB at 1280x720: more than most caches hold, so that frames come from memory as a camera's do
RENDERED_SEED = 11  # a target of about 100 px at 1280x720, whose search crop stays inside the frame
MAX_BYTES = 2**30  # above a rendered clip of 3840x2160, below what a board with 2 GB of memory holds
MAX_SOURCE_FRAMES = 300
BLOCK = 16  # frames that memory is taken for at once


class Clip:
    """Frames of one size, and boxes of the target.

    Attributes:
        frames: (H, W, 3) uint8, BGR, at least one.
        boxes_xywh: of the target in each frame, image px. Of a user's source only the first is known until
            :meth:`place_by` has found the others; until then they are the first.
        frames_from: in words.
        capture_ms: how long the source took for each frame after the first, which it reads when it is opened; a live
            source's frames are waited for. Empty for frames that were rendered.
        is_placed: whether all boxes are known.
    """

    def __init__(
        self, frames: Sequence[NDArray[np.uint8]], boxes_xywh: Sequence[Box], frames_from: str = "frames in memory"
    ) -> None:
        """Frames whose boxes are known.

        Args:
            frames: as above.
            boxes_xywh: one a frame.
            frames_from: as above.
        """
        self.frames = list(frames)
        self.boxes_xywh = list(boxes_xywh)
        self.frames_from = frames_from
        self.capture_ms: tuple[float, ...] = ()
        self.is_placed = True

    @classmethod
    def rendered(cls, size_wh: tuple[int, int]) -> Clip:
        """A rendered clip, the same for everybody.

        Args:
            size_wh: of the frames, px, sides >= 96.

        Raises:
            ConfigError: frames too small, or too large for all of them to be kept in memory.
        """
        width, height = size_wh
        if (size_bytes := RENDERED_FRAMES * width * height * 3) > MAX_BYTES:
            raise ConfigError(
                f"{RENDERED_FRAMES} frames of {width}x{height} take {size_bytes / 1e9:.1f} GB of memory, "
                f"expected at most {MAX_BYTES / 1e9:.1f} GB; choose smaller frames"
            )
        clip = render_clip(RENDERED_SEED, frames=RENDERED_FRAMES, size_wh=size_wh)
        boxes = [(x, y, w, h) for x, y, w, h in clip.boxes_xywh.tolist()]
        return cls([clip.frames[index] for index in range(len(clip))], boxes, "rendered clip")

    @classmethod
    def of_source(
        cls, source: str, box_xywh: Box, *, max_frames: int = MAX_SOURCE_FRAMES, max_bytes: int = MAX_BYTES
    ) -> Clip:
        """The first frames of a user's source, as many as the limits hold, with the time that each took.

        Args:
            source: as :func:`sdst_runtime.open_source` takes it.
            box_xywh: of the target in the first frame, image px.
            max_frames: at least 1.
            max_bytes: of all frames; one frame is always taken.

        Raises:
            SourceError: the source cannot be read.
            FrameError: its frames are not of one size.
            BackendUnavailable: OpenCV is missing.
        """
        with open_source(source) as opened:
            frames, capture_ms = _read(opened, max_frames, max_bytes)
            wait = ", live: capture includes the wait for the frame" if opened.is_live else ""
            clip = cls(frames, [box_xywh] * len(frames), f"{opened.name}{wait}")
        clip.capture_ms = tuple(capture_ms)
        clip.is_placed = len(frames) == 1
        return clip

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the frames, px."""
        height, width, _ = self.frames[0].shape
        return width, height

    @property
    def target_px(self) -> float:
        """Mean of sqrt(w h) of the boxes, px, to the hundredth."""
        return round(float(np.sqrt(np.array(self.boxes_xywh)[:, 2:].prod(axis=1)).mean()), 2)

    def place_by(self, tracker: Tracker) -> None:
        """Takes the boxes after the first from a tracker that follows the target through all frames.

        Args:
            tracker: without a target; it is left with this one.

        Raises:
            SdstError: the tracker refuses the first box or the frames.
        """
        tracker.init(self.frames[0], self.boxes_xywh[0])
        self.boxes_xywh[1:] = [tracker.update(frame).box_xywh for frame in self.frames[1:]]
        self.is_placed = True

    def back_and_forth(self) -> Iterator[tuple[int, int]]:
        """Pairs (index of the frame before, index of the frame) without end: 1, ..., N - 1, N - 2, ..., 0, 1, ..."""
        last = len(self.frames) - 1
        forth = [(index - 1, index) for index in range(1, last + 1)]
        back = [(index + 1, index) for index in range(last - 1, -1, -1)]
        return cycle(forth + back or [(0, 0)])


def _read(source: FrameSource, max_frames: int, max_bytes: int) -> tuple[list[NDArray[np.uint8]], list[float]]:
    """Frames, and how long each after the first took, ms.

    Frames are copied into blocks of memory, so that the source writes each where an earlier one was, as it does for
    whoever lets go of them: frames that are kept all need memory of their own, the first touch of which made a video
    of 1280x720 seem two to three times as slow to read.
    """
    first = next(source)
    block = np.empty((BLOCK, *first.shape), np.uint8)
    block[0] = first
    frames, capture_ms = [block[0]], []
    while len(frames) < max_frames and (len(frames) + 1) * first.nbytes <= max_bytes:
        start = perf_counter_ns()
        frame = next(source, None)
        end = perf_counter_ns()
        if frame is None:
            break
        if frame.shape != first.shape:
            raise FrameError(
                f"frame {len(frames)} of {source.name} has shape {frame.shape}, the first {first.shape}; "
                "a target is followed in frames of one size"
            )
        if (place := len(frames) % BLOCK) == 0:
            block = np.empty((BLOCK, *first.shape), np.uint8)
        block[place] = frame
        frames.append(block[place])
        capture_ms.append((end - start) / 1e6)
    return frames, capture_ms
