"""The demo's clip, tracked and drawn."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence
from sdst_edge.workflows.contact_sheet import contact_sheet
from sdst_edge.workflows.demo_files import DemoPaths
from sdst_edge.workflows.drawing import draw_result
from sdst_edge.workflows.output_files import video_file
from sdst_runtime.errors import SdstError
from sdst_runtime.tracker import Tracker, TrackResult

__all__ = ["RecordingTracker", "write_clip_video", "write_tracked"]

FPS = 30.0
SHEET_FRAMES = 6
SHEET_COLUMNS = 3
SHEET_FRAME_WIDTH = 480

Box = tuple[float, float, float, float]


class RecordingTracker:
    """A tracker that remembers what it said.

    Attributes:
        results: of the last target: the given box with score 1, then what ``update()`` returned.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.results: list[TrackResult] = []

    def init(self, frame: NDArray[np.uint8], box_xywh: Box) -> None:
        """See :meth:`sdst_runtime.Tracker.init`."""
        self._tracker.init(frame, box_xywh)
        self.results = [TrackResult(box_xywh, 1.0, True)]

    def update(self, frame: NDArray[np.uint8]) -> TrackResult:
        """See :meth:`sdst_runtime.Tracker.update`."""
        self.results.append(self._tracker.update(frame))
        return self.results[-1]


def write_clip_video(paths: DemoPaths, clip: Sequence) -> None:
    """Writes the clip as it is."""
    with video_file(paths.clip_video, FPS) as video:
        for index in range(len(clip)):
            video.write(clip.frames[index])


def write_tracked(paths: DemoPaths, clip: Sequence, results: Items[TrackResult]) -> None:
    """Writes the clip with boxes and scores as a video, and a few of its frames as a picture.

    Args:
        paths: of the demo.
        clip: that was tracked.
        results: one a frame.
    """
    import cv2

    chosen = set(np.linspace(0, len(clip) - 1, SHEET_FRAMES).round().astype(int).tolist())
    shown: list[NDArray[np.uint8]] = []
    with video_file(paths.video, FPS) as video:
        for index, result in enumerate(results):
            picture = draw_result(
                clip.frames[index],
                result.box_xywh,
                score=result.score,
                found=result.found,
                truth_xywh=clip.boxes_xywh[index].tolist(),
                title=f"frame {index + 1}",
            )
            video.write(picture)
            if index in chosen:
                shown.append(picture)
    sheet = contact_sheet(shown, columns=SHEET_COLUMNS, width=SHEET_FRAME_WIDTH)
    if not cv2.imwrite(str(paths.picture), sheet):
        raise SdstError(f"{paths.picture} cannot be written")
