"""An object followed through a video, with the results written down: an annotated video, a table of boxes, or both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from sdst_edge.workflows.drawing import draw_onto
from sdst_edge.workflows.output_files import is_same_file, replacing, video_file
from sdst_runtime.errors import ConfigError, SdstError, SourceError
from sdst_runtime.tracker import Tracker, TrackResult

__all__ = ["CSV_HEADER", "TrackSummary", "TrackedFrame", "track_video"]

CSV_HEADER = "frame,x,y,w,h,score,found"
DEFAULT_FPS = 30.0

Frame = NDArray[np.uint8]
Box = tuple[float, float, float, float]


class TrackedFrame(NamedTuple):
    """Where the target is in one frame.

    Attributes:
        number: of the frame, from 1.
        box_xywh: image px, 0-based.
        score: 0..1; 1 in the first frame, whose box was given.
        found: see :class:`sdst_runtime.TrackResult`.
        frame: (H, W, 3) uint8 BGR, the frame itself.
    """

    number: int
    box_xywh: Box
    score: float
    found: bool
    frame: Frame


class TrackSummary(NamedTuple):
    """What happened.

    Attributes:
        frames: how many, the first included.
        found: in how many the target was found, the first included.
        update_seconds: time in ``update()`` alone, without reading, drawing and writing.
    """

    frames: int
    found: int
    update_seconds: float


def track_video(
    tracker: Tracker,
    frames: Iterable[Frame],
    box_xywh: Box,
    *,
    fps: float | None = None,
    video_out: Path | None = None,
    csv_out: Path | None = None,
    on_result: Callable[[TrackedFrame], None] | None = None,
) -> TrackSummary:
    """Follows one object from its box in the first frame to the end of the frames.

    The files appear when all is done, or when the run is interrupted (Ctrl-C): then with what there is. After an error
    there are none, and what stood in their place before is untouched.

    Args:
        tracker: takes its target from the first frame.
        frames: (H, W, 3) uint8 BGR, of one size. For a video, boxes are drawn into them, as copies take memory.
        box_xywh: in the first frame, image px, 0-based.
        fps: of the annotated video; None for 30.
        video_out: an ``.mp4`` or ``.avi`` file with the boxes drawn in.
        csv_out: a table with the columns of ``CSV_HEADER``, a line per frame.
        on_result: called after each frame, before anything is drawn into it.

    Raises:
        SourceError: there is no frame.
        ConfigError: the name of an output says no format, its folder does not exist, or both outputs are one file.
        SdstError: of the tracker, or an output cannot be written.
    """
    if video_out is not None and csv_out is not None and is_same_file(video_out, csv_out):
        raise ConfigError(f"video and table are one file, {csv_out}; give each a name of its own")
    with ExitStack() as stack:
        table = stack.enter_context(_table(csv_out)) if csv_out is not None else None
        video = stack.enter_context(video_file(video_out, fps or DEFAULT_FPS)) if video_out is not None else None
        taken = found = 0
        steps = _Steps(tracker)
        for tracked in steps.follow(frames, box_xywh):
            taken += 1
            found += tracked.found
            if table is not None:
                table.write(_row(tracked))
            if on_result is not None:
                on_result(tracked)
            if video is not None:
                draw_onto(tracked.frame, tracked.box_xywh, score=tracked.score, found=tracked.found)
                video.write(tracked.frame)
            del tracked  # lets go of the frame before the next one is decoded
        if taken == 0:
            raise SourceError("the source has no frame; check that it plays")
    return TrackSummary(taken, found, steps.seconds)


class _Steps:
    """A tracker's run over frames, with its time."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.seconds = 0.0

    def follow(self, frames: Iterable[Frame], box_xywh: Box) -> Iterator[TrackedFrame]:
        numbers = count(1)
        for frame in frames:  # without enumerate(), which would hold a frame until there is the next one
            number = next(numbers)
            if number == 1:
                self.tracker.init(frame, box_xywh)
                result = TrackResult(box_xywh, 1.0, True)
            else:
                start = time.perf_counter()
                result = self.tracker.update(frame)
                self.seconds += time.perf_counter() - start
            yield TrackedFrame(number, result.box_xywh, result.score, result.found, frame)
            del frame


@contextmanager
def _table(path: Path) -> Iterator[TextIO]:
    with replacing(path) as part:
        try:
            table = part.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise SdstError(f"{path} cannot be written: {error.strerror}; choose another place") from None
        with table:
            table.write(CSV_HEADER + "\n")
            yield table


def _row(tracked: TrackedFrame) -> str:
    x, y, w, h = tracked.box_xywh
    return f"{tracked.number},{x:.4f},{y:.4f},{w:.4f},{h:.4f},{tracked.score:.6f},{int(tracked.found)}\n"
