"""Courses of a challenge: where they lie in a clip, and what frames are labelled with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdst_edge.datasets.courses import course_phases, intensity, labelled, plan_courses
from tests.painted_target import painted_clip

STILL = (40.0, 40.0, 40.0, 40.0)


@pytest.mark.parametrize(
    ("count", "course_frames", "expected"),
    [
        (120, 41, [range(10, 51), range(67, 108)]),
        (30, 9, [range(3, 12), range(16, 25)]),
        (20, 41, [range(2, 19)]),
        (3, 9, [range(1, 2)]),
        (2, 9, [range(1, 2)]),
        (1, 9, []),
    ],
)
def test_plan_courses_leaves_the_first_frame_and_keeps_courses_whole(
    count: int, course_frames: int, expected: list[range]
) -> None:
    assert plan_courses(count, course_frames) == expected


def test_course_phases_have_their_peak_in_the_middle() -> None:
    phases = course_phases(range(10, 15))
    assert phases.tolist() == [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]
    assert [intensity(phase) for phase in (0.0, 0.5)] == [0.0, 1.0]
    assert intensity(0.25) == pytest.approx(0.5)


def test_labelled_goes_by_intensity_for_what_people_label() -> None:
    clip = painted_clip([STILL] * 6)
    phases = np.array([0.0, 0.2, 0.25, 0.5, 0.75, 0.8])
    shown = labelled(clip, "IV", phases, np.zeros(6, dtype=bool))
    assert shown.frame_attributes["IV"].tolist() == [False, False, True, True, True, False]
    assert shown.attributes == ("IV",)


def test_labelled_goes_by_boxes_and_by_what_is_hidden() -> None:
    clip = painted_clip([STILL, STILL, (20.0, 40.0, 90.0, 40.0), (120.0, 40.0, 40.0, 40.0)])
    nothing = np.zeros(4)
    hidden = np.array([False, True, False, False])
    assert labelled(clip, "FOC", nothing, hidden).frame_attributes["FOC"].tolist() == hidden.tolist()
    assert labelled(clip, "SV", nothing, hidden).frame_attributes["SV"].tolist() == [False, False, True, False]
    assert labelled(clip, "FM", nothing, hidden).frame_attributes["FM"].tolist() == [False, False, False, True]
    assert labelled(clip, "LR", nothing, hidden).attributes is None
    assert labelled(replace(clip, attributes=("OCC",)), "LR", nothing, hidden).attributes == ("OCC",)


def test_labelled_keeps_the_labels_that_were_there() -> None:
    clip = painted_clip([STILL] * 3)
    once = labelled(clip, "MB", np.array([0.0, 0.5, 0.0]), np.zeros(3, dtype=bool))
    twice = labelled(once, "BC", np.array([0.0, 0.0, 0.5]), np.zeros(3, dtype=bool))
    assert twice.attributes == ("MB", "BC")
    assert twice.frame_attributes["MB"].tolist() == [False, True, False]
