"""Where a tracker loses its target: rendered clips of each challenge, followed, and the worst of them as pictures.

Rendered, because pictures of benchmark footage may not be shown. The rule leaves nothing to taste: of the clips of a
challenge the one with the lowest success AUC by the house rule (of equals the first seed), and of those in which the
target is lost, as many as are wanted, from the lowest AUC up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence, render_clip
from sdst_edge.datasets.rendered import CHALLENGES
from sdst_edge.evaluation import follow, iou, score_trajectory
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.workflows.contact_sheet import contact_sheet
from sdst_edge.workflows.drawing import draw_result
from sdst_edge.workflows.recording import RecordingTracker
from sdst_runtime.tracker import Tracker, TrackResult

__all__ = [
    "CLIP_FRAMES",
    "ChallengeRuns",
    "FollowedClip",
    "failure_png",
    "failures_of",
    "follow_challenges",
    "lost_from",
    "shown_frames",
]

CLIP_FRAMES = 120

#: Below this IoU a box is off its target, from the other one on it holds it well.
OFF_IOU, HELD_IOU = 0.1, 0.5
#: Visible frames off the target, one after the other, after which it counts as lost: one bad box is no loss.
LOST_FRAMES = 10

COLUMNS = 4
#: Widths of a frame on the sheet that are tried, px, until the file is small enough.
WIDTHS_PX = (240, 220, 200, 180, 160, 140, 120)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowedClip:
    """A clip, and what the tracker said about it.

    Attributes:
        clip: of the challenge.
        results: one a frame, the given box first.
        overlaps: (N,) IoU with the true box.
        success_auc: by the house rule.
        lost_at: index of the frame from which the target is lost; None where it is not.
    """

    clip: Sequence
    results: tuple[TrackResult, ...]
    overlaps: NDArray[np.float64]
    success_auc: float
    lost_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChallengeRuns:
    """All clips of one challenge.

    Attributes:
        attribute: such as ``FM``.
        success_aucs: of each clip.
        lost: in how many the target is lost.
        worst: the one with the lowest AUC.
    """

    attribute: str
    success_aucs: tuple[float, ...]
    lost: int
    worst: FollowedClip


def follow_challenges(
    tracker: Tracker, seeds: Items[int], on_progress: Callable[[str], None], *, frames: int = CLIP_FRAMES
) -> list[ChallengeRuns]:
    """Follows a clip of each challenge and seed.

    Args:
        tracker: without a target.
        seeds: of the clips, at least one.
        on_progress: called with the name of each challenge before it is followed.
        frames: of a clip, >= 2.

    Returns:
        One a challenge, in the order of ``CHALLENGES``.
    """
    runs = []
    for attribute in CHALLENGES:
        on_progress(attribute)
        done = [_follow(tracker, render_clip(seed, frames=frames, attribute=attribute)) for seed in seeds]
        runs.append(
            ChallengeRuns(
                attribute=attribute,
                success_aucs=tuple(item.success_auc for item in done),
                lost=sum(item.lost_at is not None for item in done),
                worst=min(done, key=lambda item: item.success_auc),
            )
        )
    return runs


def failures_of(runs: Iterable[ChallengeRuns], count: int) -> list[ChallengeRuns]:
    """Those whose worst clip loses the target, at most ``count``, from the lowest success AUC up."""
    lost = [item for item in runs if item.worst.lost_at is not None]
    return sorted(lost, key=lambda item: item.worst.success_auc)[:count]


def lost_from(overlaps: NDArray[np.float64], visible: NDArray[np.bool_]) -> int | None:
    """Index of the first frame of a stretch in which the target can be seen and the box is off it.

    Args:
        overlaps: (N,) IoU.
        visible: (N,); frames without the target neither make nor break a stretch.

    Returns:
        None where no stretch is ``LOST_FRAMES`` long.
    """
    start, length = 0, 0
    for index in np.flatnonzero(visible).tolist():
        if overlaps[index] >= OFF_IOU:
            length = 0
            continue
        start = index if length == 0 else start
        length += 1
        if length == LOST_FRAMES:
            return start
    return None


def shown_frames(followed: FollowedClip) -> list[int]:
    """Four frames that tell of a loss: the first, the last one before it with the target held, that of it, the last.

    Raises:
        ValueError: the target is not lost.
    """
    if followed.lost_at is None:
        raise ValueError(f"the target of {followed.clip.name} is not lost")
    seen = np.flatnonzero(followed.clip.visible)
    held = [index for index in seen.tolist() if index < followed.lost_at and followed.overlaps[index] >= HELD_IOU]
    return [0, held[-1] if held else 0, followed.lost_at, int(seen[-1])]


def failure_png(followed: FollowedClip, max_bytes: int) -> bytes:
    """A row of frames in which a target is lost, as a PNG file.

    Args:
        followed: whose target is lost.
        max_bytes: of the file; frames are shrunk as far as that takes, down to 120 px.
    """
    import cv2

    for width in WIDTHS_PX:
        pictures = [_picture(followed, index, width) for index in shown_frames(followed)]
        sheet = contact_sheet(pictures, columns=COLUMNS)
        _, encoded = cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
        if encoded.size <= max_bytes:
            break
    return encoded.tobytes()


def _follow(tracker: Tracker, clip: Sequence) -> FollowedClip:
    recording = RecordingTracker(tracker)
    trajectory = follow(recording, clip)
    overlaps = iou(trajectory.boxes_xywh, clip.boxes_xywh)
    return FollowedClip(
        clip=clip,
        results=tuple(recording.results),
        overlaps=overlaps,
        success_auc=score_trajectory(HOUSE, clip, trajectory).scores.scores["success_auc"],
        lost_at=lost_from(overlaps, clip.visible),
    )


def _picture(followed: FollowedClip, index: int, width: int) -> NDArray[np.uint8]:
    """A frame on the sheet, shrunk before anything is drawn, so that letters stay letters."""
    import cv2

    clip, result = followed.clip, followed.results[index]
    frame = clip.frames[index]
    share = width / frame.shape[1]
    small = cv2.resize(frame, (width, round(frame.shape[0] * share)), interpolation=cv2.INTER_AREA)
    truth = [value * share for value in clip.boxes_xywh[index].tolist()] if clip.visible[index] else None
    return draw_result(
        np.asarray(small, dtype=np.uint8),
        [value * share for value in result.box_xywh],
        score=result.score,
        found=result.found,
        truth_xywh=truth,
        title=str(index + 1),
    )
