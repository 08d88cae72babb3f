"""The demo's clip: rendered and written, followed, and drawn with the tracker's boxes."""

from __future__ import annotations

from collections.abc import Sequence as Items
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, read_got10k, render_clip, write_got10k_sequence
from sdst_edge.evaluation import EvaluationResult, evaluate
from sdst_edge.workflows.contact_sheet import contact_sheet
from sdst_edge.workflows.demo.files import DemoPaths
from sdst_edge.workflows.drawing import draw_result
from sdst_edge.workflows.output_files import video_file
from sdst_edge.workflows.recording import RecordingTracker
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import SdstError
from sdst_runtime.loading import load
from sdst_runtime.tracker import TrackResult

__all__ = ["Followed", "follow_clip", "write_clip", "write_tracked"]

FPS = 30.0
SHEET_FRAMES = 6
SHEET_COLUMNS = 3
SHEET_FRAME_WIDTH = 480


class Followed(NamedTuple):
    """What a tracker said about the clip, and how good that is.

    Attributes:
        results: one a frame, the given box first.
        evaluation: by the house rule.
    """

    results: Items[TrackResult]
    evaluation: EvaluationResult

    @property
    def found(self) -> int:
        """In how many frames after the first the target was found."""
        return sum(result.found for result in self.results[1:])


def write_clip(paths: DemoPaths, seed: int) -> Sequence:
    """Renders the clip of a seed, and writes it as a sequence and as a video.

    Returns:
        The clip as its files give it, so that whoever reads them later gets the same figures.
    """
    write_got10k_sequence(paths.clip, render_clip(seed))
    (clip,) = read_got10k(paths.clip)
    with video_file(paths.clip_video, FPS) as video:
        for index in range(len(clip)):
            video.write(clip.frames[index])
    return clip


def follow_clip(bundle: Bundle, variant: str, clip: Sequence) -> Followed:
    """Follows the clip's target from its first box.

    Raises:
        SdstError: of the bundle, or of the tracker.
    """
    with load(bundle, variant=variant) as tracker:
        recorder = RecordingTracker(tracker)
        evaluation = evaluate(recorder, [clip])
    return Followed(recorder.results, evaluation)


def write_tracked(paths: DemoPaths, clip: Sequence, results: Items[TrackResult]) -> None:
    """Writes the clip with boxes and scores as a video, and a few of its frames as a picture.

    Args:
        paths: of the demo.
        clip: that was tracked.
        results: one a frame.

    Raises:
        SdstError: a file cannot be written.
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
