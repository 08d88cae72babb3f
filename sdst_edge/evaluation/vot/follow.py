"""Lets a tracker make the passes of the VOT protocols."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Rectangle, area_preserving_box, bounding_box
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.run import Trackable
from sdst_edge.evaluation.vot.pysot_overlap import outline_overlaps
from sdst_edge.evaluation.vot.runs import Answer, Run
from sdst_edge.evaluation.vot.supervised import SKIPPED
from sdst_edge.evaluation.vot.truth import true_region, true_regions

__all__ = ["follow_from", "follow_supervised"]


def follow_supervised(tracker: Trackable, sequence: Sequence) -> Run:
    """One pass over the whole sequence, as PySOT's ``tools/test.py`` makes it for VOT2016 to VOT2019.

    The tracker is given :func:`~sdst_edge.datasets.region.area_preserving_box` of the ground truth. Where its box and
    the target share no pixel, it has failed. It is set anew five frames later, or in the first frame from there on
    that shows the target. A frame without a target is no failure (the challenges' own sets have none).

    Raises:
        DatasetError: a region is a mask, or a frame cannot be read.
    """
    truth = true_regions(sequence)
    answers: list[Answer] = [SpecialCode.UNKNOWN] * len(sequence)
    seconds = np.zeros(len(sequence))
    tracking, next_start = False, 0
    for index in range(len(sequence)):
        if tracking:
            frame = sequence.frames[index]
            result, seconds[index] = _timed(tracker.update, frame)
            answers[index] = _answer(result)
            if _is_lost(answers[index], truth[index], frame):
                answers[index] = SpecialCode.FAILURE
                tracking, next_start = False, index + SKIPPED
        elif index >= next_start and sequence.visible[index]:
            box, frame = area_preserving_box(true_region(sequence, index)), sequence.frames[index]
            _, seconds[index] = _timed(tracker.init, frame, box)
            answers[index], tracking = SpecialCode.INITIALIZATION, True
    return Run(start=0, backward=False, answers=tuple(answers), seconds=seconds)


def follow_from(tracker: Trackable, sequence: Sequence, start: int, *, backward: bool) -> Run:
    """One pass from a frame to the sequence's end, or backward to its first frame, without resets.

    The tracker is given the :func:`~sdst_edge.datasets.region.bounding_box` of the ground truth, as the VOT toolkit
    does for trackers that want rectangles.

    Raises:
        DatasetError: a frame cannot be read.
    """
    frames = range(start, -1, -1) if backward else range(start, len(sequence))
    seconds = np.zeros(len(frames))
    first, box = sequence.frames[start], bounding_box(true_region(sequence, start))
    _, seconds[0] = _timed(tracker.init, first, box)
    answers: list[Answer] = [SpecialCode.INITIALIZATION]
    for index in range(1, len(frames)):
        frame = sequence.frames[frames[index]]
        result, seconds[index] = _timed(tracker.update, frame)
        answers.append(_answer(result))
    return Run(start=start, backward=backward, answers=tuple(answers), seconds=seconds)


def _timed(call: Callable[..., Any], *args: object) -> tuple[Any, float]:
    start = time.perf_counter()
    result = call(*args)
    return result, time.perf_counter() - start


def _answer(result: Any) -> Answer:
    """The box of an object with ``box_xywh``, or of four numbers; unknown where one of them is not finite."""
    x, y, w, h = (float(value) for value in getattr(result, "box_xywh", result))
    return Rectangle(x, y, w, h) if all(math.isfinite(value) for value in (x, y, w, h)) else SpecialCode.UNKNOWN


def _is_lost(answer: Answer, truth: Answer, frame: NDArray[np.uint8]) -> bool:
    """By the overlap inside (0, 0) to (width, height), not width - 1; the true box ends at w - 1: as the original."""
    if isinstance(truth, SpecialCode):
        return False
    if isinstance(truth, Rectangle):
        truth = Rectangle(truth.x, truth.y, truth.width - 1, truth.height - 1)
    height, width = frame.shape[:2]
    return not outline_overlaps([answer], [truth], (width, height))[0] > 0
