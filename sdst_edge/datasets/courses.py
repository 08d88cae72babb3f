"""Courses of a challenge: when it comes and goes in a clip, and which frames are labelled with it.

A course runs from phase 0, where nothing has happened yet, through 0.5, its peak, to 1, where all is as it was.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes import derive_frames
from sdst_edge.datasets.sequence import Sequence

__all__ = ["course_phases", "intensity", "labelled", "plan_courses"]

#: Frames before the first course, in which a tracker sees the target as it is; fewer in short clips.
_LEAD = 10
#: Between courses, over a course's length.
_REST = 0.4
#: From this intensity on, an effect that people label by eye counts as shown.
_SHOWN = 0.5 - 1e-9
_HIDING = frozenset({"FOC", "OV"})
_BY_BOXES = frozenset({"SV", "ARC", "FM", "LR"})


def plan_courses(count: int, course_frames: int) -> list[range]:
    """The frames of each course in a clip of ``count`` frames, the first frame never among them.

    Args:
        count: of frames, >= 1.
        course_frames: how many a course takes, odd, so that one is the peak; fewer where the clip is too short.
    """
    start = min(_LEAD, max(1, count // 8))
    length = min(course_frames, (count - start - 1) // 2 * 2 + 1)
    courses: list[range] = []
    while 0 < length <= count - start:
        courses.append(range(start, start + length))
        start += length + max(1, round(_REST * length))
    return courses


def course_phases(course: range) -> NDArray[np.float64]:
    """The phase at each frame of a course, all between 0 and 1, 0.5 in the middle."""
    return np.arange(1, len(course) + 1) / (len(course) + 1)


def intensity(phase: float) -> float:
    """How much of an effect shows at a phase: 0 at its ends, 1 at its peak, smooth in between."""
    return math.sin(math.pi * phase) ** 2


def labelled(sequence: Sequence, attribute: str, phases: NDArray[np.float64], hidden: NDArray[np.bool_]) -> Sequence:
    """The sequence with a label for what it shows by now, beside those that it has.

    Args:
        sequence: with its new boxes and visibility. Not modified.
        attribute: by LaSOT's name. Frames carry it by LaSOT's definition for SV, ARC, FM and LR, where the target is
            hidden or gone for FOC and OV, and else where it is visible and the intensity is half the peak's or more.
        phases: (N,), 0 outside of courses, and where there was no room for the challenge.
        hidden: (N,), where the challenge hides the target.
    """
    if attribute in _HIDING:
        shown = hidden
    elif attribute in _BY_BOXES:
        shown = derive_frames(sequence)[attribute]
    else:
        shown = np.array([intensity(phase) >= _SHOWN for phase in phases.tolist()], dtype=np.bool_) & sequence.visible
    shown = shown | sequence.frame_attributes.get(attribute, np.zeros(len(sequence), dtype=np.bool_))
    names = sequence.attributes
    if shown.any() and attribute not in (names or ()):
        names = (*(names or ()), attribute)
    return replace(sequence, attributes=names, frame_attributes={**sequence.frame_attributes, attribute: shown})
