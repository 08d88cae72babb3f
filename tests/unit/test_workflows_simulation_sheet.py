"""The contact sheet of simulated attributes: which frames it shows, and how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdst_edge.datasets.simulation import simulate_clip
from sdst_edge.workflows.contact_sheet import contact_sheet
from sdst_edge.workflows.drawing import ABSENT_BGR, FOUND_BGR, LOST_BGR, draw_truth
from sdst_edge.workflows.simulation_sheet import shown_frames, simulation_sheet
from tests.painted_target import Box, painted_clip


@pytest.mark.parametrize(
    ("flagged", "expected"),
    [
        (range(20, 21), [0, 18, 19, 20, 21, 22, 23]),
        (range(10, 30), [0, 6, 13, 20, 26, 32, 39]),
        (range(0), [0, 10, 20, 30, 39, 49, 59]),
        (range(60), [0, 10, 20, 30, 39, 49, 59]),
        (range(58, 60), [0, 56, 57, 57, 58, 58, 59]),
    ],
)
def test_shown_frames_are_around_the_first_flagged_stretch(flagged: range, expected: list[int]) -> None:
    flags = np.zeros(60, dtype=bool)
    flags[list(flagged)] = True
    assert shown_frames(flags, 7) == expected


def test_simulation_sheet_has_a_row_a_clip() -> None:
    boxes: list[Box] = [(100.0, 70.0, 40.0, 30.0)] * 30
    clip = painted_clip(boxes)
    names = ("FOC", "LR", "OV")
    sheet = simulation_sheet([(name, simulate_clip(clip, name, seed=0)) for name in names], columns=5)
    assert sheet.shape == (3 * (192 + 4) - 4, 56 + 5 * (256 + 4) - 4, 3)
    rows = [sheet[row * 196 : row * 196 + 192] for row in range(3)]
    for row in rows:
        assert row[:, :56].max() > 200  # its name
    absent = [(row == ABSENT_BGR).all(axis=2).sum() > 1000 for row in rows]
    assert absent == [True, False, True]


def test_simulation_sheet_takes_frames_without_a_target() -> None:
    clip = painted_clip([(100.0, 70.0, 40.0, 30.0)] * 3)
    nowhere, gone = np.full((3, 4), np.nan), np.zeros(3, dtype=bool)
    absent = replace(clip, boxes_xywh=nowhere, visible=gone, frame_attributes={"FOC": ~gone})
    assert (simulation_sheet([("FOC", absent)], columns=2) == ABSENT_BGR).all(axis=2).sum() > 2000


def test_contact_sheet_scales_frames_of_another_size_to_the_first() -> None:
    large, small = np.full((40, 60, 3), 200, np.uint8), np.full((4, 6, 3), 90, np.uint8)
    sheet = contact_sheet([large, small], columns=2, row_titles=["A"])
    assert sheet.shape == (40, 56 + 60 + 4 + 60, 3)
    assert (sheet[:, 120:] == 90).all()
    assert (sheet[:, 56:116] == 200).all()
    assert (sheet[:, :56] > 200).any()


@pytest.mark.parametrize(
    ("visible", "marked", "colour"),
    [(True, False, FOUND_BGR), (True, True, LOST_BGR), (False, True, ABSENT_BGR)],
)
def test_draw_truth_shows_the_state_by_its_colour(visible: bool, marked: bool, colour: tuple[int, int, int]) -> None:
    frame = np.zeros((100, 120, 3), np.uint8)
    picture = draw_truth(frame, (30.0, 40.0, 50.0, 20.0), visible=visible, marked=marked)
    assert frame.max() == 0
    known = np.array([FOUND_BGR, LOST_BGR, ABSENT_BGR, (0, 0, 0)])
    for pixel, drawn in ((picture[40, 50], visible), (picture[1, 50], not visible)):
        nearest = known[np.abs(known - pixel).sum(axis=1).argmin()]
        assert nearest.tolist() == list(colour if drawn else (0, 0, 0))
