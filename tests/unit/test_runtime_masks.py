"""Masks in the image: pysot's square, bilinear probabilities, and the rotated box around the largest part."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.masks import MaskSquare, mask_square, outline, project_mask
from tests.tolerances import ABS_MASK_PROBABILITY

CONFIG = TrackerConfig(  # SiamMask's sizes
    template_size=127,
    search_size=255,
    response_size=25,
    stride_px=8.0,
    score_kind="softmax2",
    point_origin_px=-96.0,
    window_influence=0.41,
    penalty_k=0.1,
    size_lr=0.32,
    anchors=((64.0, 64.0),),
)
CONFIG = replace(CONFIG, crop=replace(CONFIG.crop, search_scale=255 / 127))


@pytest.mark.parametrize("cell", [(0, 0), (12, 12), (3, 20), (24, 1)])
@pytest.mark.parametrize("state", [State(100.5, 60.25, 31.0, 77.0), State(0.0, 640.0, 200.3, 10.0)])
def test_mask_square_is_where_pysot_has_it(state: State, cell: tuple[int, int]) -> None:
    total = state.width + state.height
    template_side = math.sqrt((state.width + 0.5 * total) * (state.height + 0.5 * total))
    crop_side = round(template_side * (255 / 127))
    scale = crop_side / 255
    base_size = 8
    expected = (
        state.center_x - crop_side / 2 + (cell[1] - base_size / 2) * 8 * scale,
        state.center_y - crop_side / 2 + (cell[0] - base_size / 2) * 8 * scale,
        127 * scale,
    )
    assert mask_square(CONFIG, state, cell) == pytest.approx(expected, abs=1e-9)


def test_mask_square_of_the_middle_cell_is_about_the_target() -> None:
    square = mask_square(CONFIG, State(50.0, 40.0, 20.0, 20.0), (12, 12))  # template side 40, crop side 80
    assert square == pytest.approx((50 - 20 * (80 * 127 / 255) / 40, 40 - 20 * (80 * 127 / 255) / 40, 80 * 127 / 255))


def bilinear(mask: NDArray[np.float64], x: float, y: float) -> float:
    """At a point of the mask in whole-pixel coordinates; zeros are around it."""
    padded = np.pad(mask, 1)
    column, row = math.floor(x), math.floor(y)
    if not (-1 <= column < mask.shape[1] and -1 <= row < mask.shape[0]):
        return 0.0
    right, down = x - column, y - row
    window = padded[row + 1 : row + 3, column + 1 : column + 3]
    return float(np.array([1 - down, down]) @ window @ np.array([1 - right, right]))


@pytest.mark.parametrize(
    "square", [MaskSquare(10.25, 5.5, 18.0), MaskSquare(-6.0, 20.75, 30.0), MaskSquare(30.0, -3.5, 7.0)]
)
def test_project_mask_is_bilinear_with_zeros_around(square: MaskSquare) -> None:
    width, height, side = 40, 30, 9
    logits = np.random.default_rng(4).normal(0, 3, (1, 1, side, side)).astype(np.float32)
    probability = 1 / (1 + np.exp(-logits[0, 0].astype(np.float64)))
    got = project_mask(logits, square, (width, height))
    expected = np.array(
        [
            [
                bilinear(
                    probability,
                    (column * width / (width - 1) - square.x) * side / square.side,
                    (row * height / (height - 1) - square.y) * side / square.side,
                )
                for column in range(width)
            ]
            for row in range(height)
        ]
    )
    assert got.shape == (height, width)
    assert np.abs(got - expected).max() <= ABS_MASK_PROBABILITY


def test_project_mask_takes_any_logit() -> None:
    logits = np.array([[-1e30, 1e30], [-300, 300]], np.float32)
    got = project_mask(logits, MaskSquare(0, 0, 2), (2, 2))
    assert np.isfinite(got).all()
    assert got[0, 0] == 0


def rotated_bar(
    center: tuple[float, float], half_wh: tuple[float, float], degrees: float, size_wh: tuple[int, int]
) -> NDArray[np.bool_]:
    x, y = np.meshgrid(np.arange(size_wh[0]) - center[0], np.arange(size_wh[1]) - center[1])
    turn = math.radians(degrees)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    return np.asarray((np.abs(along) <= half_wh[0]) & (np.abs(across) <= half_wh[1]))


@pytest.mark.parametrize("degrees", [0.0, 20.0, 45.0, 70.0])
def test_outline_is_the_rotated_rectangle_around_a_bar(degrees: float) -> None:
    polygon = outline(rotated_bar((60, 50), (30, 10), degrees, (120, 100)), (0, 0, 5, 5))
    assert polygon.shape == (4, 2)
    assert polygon.mean(axis=0) == pytest.approx((60, 50), abs=1)
    sides = np.linalg.norm(np.roll(polygon, -1, axis=0) - polygon, axis=1)
    assert sorted(sides) == pytest.approx([20, 20, 60, 60], abs=2.5)
    longest = (np.roll(polygon, -1, axis=0) - polygon)[int(np.argmax(sides))]
    turned = math.degrees(math.atan2(longest[1], longest[0])) % 180
    assert min(abs(turned - degrees), 180 - abs(turned - degrees)) < 3


def test_outline_takes_the_largest_part_and_not_its_holes() -> None:
    mask = rotated_bar((30, 30), (12, 12), 0, (120, 100)) | rotated_bar((90, 60), (15, 20), 0, (120, 100))
    mask[45:75, 80:100] = False  # a hole in the larger one, which its outline does not see
    corners = outline(mask, (0, 0, 5, 5))
    assert sorted(map(tuple, corners.tolist())) == [(75, 40), (75, 80), (105, 40), (105, 80)]


@pytest.mark.parametrize("half", [-1.0, 5.0])
def test_outline_is_the_box_where_the_mask_is_too_small(half: float) -> None:
    mask = rotated_bar((30, 30), (half, half), 0, (60, 60))  # a contour of 10 x 10 px does not pass 100
    np.testing.assert_array_equal(outline(mask, (3.5, 4, 10, 20)), [(3.5, 4), (13.5, 4), (13.5, 24), (3.5, 24)])


def test_outline_is_that_of_a_mask_just_large_enough() -> None:
    mask = np.zeros((60, 60), bool)
    mask[10:21, 10:22] = True  # a contour of 11 x 10 px
    assert sorted(map(tuple, outline(mask, (0, 0, 5, 5)).tolist())) == [(10, 10), (10, 20), (21, 10), (21, 20)]
