"""Runs a tracker over a sequence and times it; over several, and scores what it returned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.raw_results import rounded
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.evaluation.rules.house import HOUSE
from sdst_edge.evaluation.rules.rule import Rule
from sdst_edge.evaluation.scoring import check_scorable, score_trajectory, summarize
from sdst_edge.evaluation.trajectory import Trajectory
from sdst_runtime.errors import DatasetError

__all__ = ["Trackable", "check_runnable", "evaluate", "follow"]

#: Called before each sequence and at the end: sequences done, sequences in all, name of the next (empty at the end).
OnProgress = Callable[[int, int, str], None]


class Trackable(Protocol):
    """What :func:`evaluate` asks of a tracker; ours has it, and so has each of OpenCV's behind two lines."""

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, float, float, float], /) -> object:
        """Takes a target: (H, W, 3) uint8 BGR, 0-based image px. What it returns is not looked at."""
        ...

    def update(self, frame: NDArray[np.uint8], /) -> Any:
        """The target's box in the next frame: an object with ``box_xywh``, or four numbers."""
        ...


def evaluate(
    tracker: Trackable,
    sequences: Iterable[Sequence],
    on_progress: OnProgress | None = None,
    *,
    rule: Rule = HOUSE,
) -> EvaluationResult:
    """Runs a tracker over each sequence from its first box, without resets, and scores it.

    Args:
        tracker: used for all sequences, one after the other.
        sequences: at least one, each with the target visible in its first frame and in one more.
        on_progress: called before each sequence and at the end.
        rule: to score by.

    Returns:
        The figures; its ``tracker`` is the name of the tracker's class.

    Raises:
        DatasetError: no sequences, one that cannot be scored (before any is run), or frames of different sizes.
    """
    chosen = list(sequences)
    for sequence in chosen:
        check_runnable(sequence)
    done = []
    for number, sequence in enumerate(chosen):
        if on_progress is not None:
            on_progress(number, len(chosen), sequence.name)
        done.append(score_trajectory(rule, sequence, follow(tracker, sequence)))
    if on_progress is not None:
        on_progress(len(chosen), len(chosen), "")
    return summarize(rule, done, tracker=type(tracker).__name__)


def check_runnable(sequence: Sequence, *, scored: bool = True) -> None:
    """Refuses a sequence that no tracker can be started on or scored by.

    Args:
        sequence: to run on.
        scored: whether the tracker is to be scored by it.

    Raises:
        DatasetError: the target is absent in frame 1, or it is to be scored and no other frame has a box.
    """
    if not sequence.visible[0]:
        raise DatasetError(f"sequence {sequence.name}: the target is absent in frame 1, where its box is needed")
    if scored:
        check_scorable(sequence)


def follow(tracker: Trackable, sequence: Sequence) -> Trajectory:
    """What a tracker says about a sequence, given the target's box in frame 1.

    Boxes are rounded as :func:`~sdst_edge.evaluation.raw_results.write_result` writes them, so that a run scores the
    same as the files that it leaves.

    Raises:
        DatasetError: a frame is missing, or has another size than the first.
    """
    x, y, w, h = sequence.boxes_xywh[0].tolist()
    boxes, seconds = [(x, y, w, h)], []
    first = sequence.frames[0]
    start = time.perf_counter()
    tracker.init(first, boxes[0])
    seconds.append(time.perf_counter() - start)
    for index in range(1, len(sequence)):
        frame = sequence.frames[index]
        if frame.shape != first.shape:
            raise DatasetError(
                f"sequence {sequence.name}: frame {index + 1} has shape {frame.shape}, frame 1 {first.shape}; "
                "expected frames of one size"
            )
        start = time.perf_counter()
        result = tracker.update(frame)
        seconds.append(time.perf_counter() - start)
        boxes.append(_box_of(result))
    return Trajectory(
        name=sequence.name,
        boxes_xywh=rounded(np.array(boxes, dtype=np.float64), origin=sequence.origin),
        seconds=np.array(seconds, dtype=np.float64),
    )


def _box_of(result: Any) -> tuple[float, float, float, float]:
    x, y, w, h = getattr(result, "box_xywh", result)
    return float(x), float(y), float(w), float(h)
