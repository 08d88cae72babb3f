"""Windows, regions, crops from regions, and their colours: against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.training.crops.color import box_blur, gray, recolor
from sdst_edge.training.crops.cutting import cut
from sdst_edge.training.crops.geometry import Window, search_center, search_scale, search_window, template_window
from sdst_edge.training.crops.regions import Region, RegionRule, cut_region
from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.errors import BoxError, FrameError

CONFIG = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=16,
    stride_px=4.0,
    score_kind="logit",
    point_origin_px=-30.0,
    window_influence=0.2,
    penalty_k=0.1,
    size_lr=0.4,
)
RULE = RegionRule(config=CONFIG, scale=3.0)
BOX = (100.0, 80.0, 16.0, 16.0)  # of a template side of 32 px: network px are image px
STATE = State(108.0, 88.0, 16.0, 16.0)
BORDER = (9, 8, 7)


def coordinates(width: int = 240, height: int = 200) -> NDArray[np.uint8]:
    """Pixels that tell their column, their row and nothing."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[..., 0] = np.arange(width)
    frame[..., 1] = np.arange(height)[:, None]
    return frame


def region_of(pixels: NDArray[np.uint8], window: Window) -> Region:
    templates = np.zeros((2, 32, 32, 3), np.uint8)
    return Region(pixels=pixels, templates=templates, window=window, border=BORDER, frame_wh=(240, 200))


def test_windows_are_libsdst_s() -> None:
    assert template_window(CONFIG, BOX) == Window(92.0, 72.0, 32.0, 32.0)
    assert search_window(CONFIG, STATE) == Window(76.0, 56.0, 64.0, 64.0)
    assert search_center(CONFIG, STATE) == (108.0, 88.0)
    assert search_scale(CONFIG, 32.0, 32.0) == (0.5, 0.5)
    rectangular = replace(CONFIG, crop=CropRule(context="rectangular", context_amount=0.5, search_scale=2.0))
    assert search_scale(rectangular, 32.0, 8.0) == (0.5, 2.0)


def test_mirrored_window_is_that_of_the_mirrored_frame() -> None:
    assert Window(10.0, 20.0, 30.0, 40.0).mirrored(240) == Window(200.0, 20.0, 30.0, 40.0)


def test_region_extends_the_search_crop() -> None:
    region = cut_region(coordinates(), BOX, RULE)
    assert RULE.size_px == 96
    assert region.window == Window(60.0, 40.0, 96.0, 96.0)
    assert region.frame_wh == (240, 200)
    assert np.array_equal(region.pixels, coordinates()[40:136, 60:156])


def test_region_carries_its_template_and_the_mirrored_frame_s() -> None:
    box = (100.5, 80.0, 16.0, 16.0)  # corner 92.5, which is rounded down; in the mirrored frame 115.5, of 240 px
    region = cut_region(coordinates(), box, RULE)
    for mirrored, left in ((False, 92), (True, 93)):
        window = Window(float(left), 72.0, 32.0, 32.0)
        crop = cut(region.template(window, mirrored), window, 32, mirrored)
        expected = coordinates()[72:104, left : left + 32]
        assert np.array_equal(crop, expected[:, ::-1] if mirrored else expected)


def test_region_beyond_the_frame_has_its_truncated_mean() -> None:
    frame = coordinates()
    region = cut_region(frame, (0.0, 0.0, 16.0, 16.0), RULE)
    assert region.border == tuple(int(mean) for mean in frame.mean(axis=(0, 1)))
    assert region.window == Window(-40.0, -40.0, 96.0, 96.0)
    assert np.array_equal(region.pixels[40:, 40:], frame[:56, :56])
    assert (region.pixels[:40] == region.border).all()
    assert (region.pixels[:, :40] == region.border).all()


def test_region_of_a_rectangular_context_is_square() -> None:
    config = replace(CONFIG, crop=CropRule(context="rectangular", context_amount=0.5, search_scale=2.0))
    region = cut_region(coordinates(), (100.0, 80.0, 24.0, 8.0), RegionRule(config=config, scale=3.0))
    assert region.window.width == region.window.height


def test_impossible_boxes_and_frames_are_refused() -> None:
    with pytest.raises(BoxError):
        cut_region(coordinates(), (0.0, 0.0, 0.0, 5.0), RULE)
    with pytest.raises(FrameError):
        cut_region(coordinates()[..., 0], BOX, RULE)


@pytest.mark.parametrize("mirrored", [False, True])
def test_windows_on_the_region_s_grid_are_slices(mirrored: bool) -> None:
    region = cut_region(coordinates(), BOX, RULE)
    crop = cut(region, Window(92.0, 72.0, 32.0, 32.0), 32, mirrored)
    expected = coordinates()[72:104, 92:124]
    assert np.array_equal(crop, expected[:, ::-1] if mirrored else expected)
    assert crop.flags.c_contiguous
    assert crop.flags.writeable
    assert not np.shares_memory(crop, region.pixels)


@pytest.mark.parametrize("shift", [-200, -20, 20, 200])
def test_slices_beyond_the_region_have_its_border(shift: int) -> None:
    region = region_of(coordinates()[40:136, 60:156], Window(60.0, 40.0, 96.0, 96.0))
    crop = cut(region, Window(92.0 + shift, 72.0, 32.0, 32.0), 32)
    columns = np.arange(92 + shift, 124 + shift)
    inside = (columns >= 60) & (columns < 156)
    assert (crop[:, inside, 0] == columns[inside]).all()
    assert (crop[:, ~inside] == BORDER).all()


@pytest.mark.parametrize("mirrored", [False, True])
def test_other_windows_are_interpolated(mirrored: bool) -> None:
    ramp = (2 * coordinates(96, 96)).astype(np.uint8)
    region = region_of(ramp, Window(60.0, 40.0, 48.0, 96.0))  # two pixels of the region a px of the image along x
    crop = cut(region, Window(65.25, 50.5, 16.0, 32.0), 32, mirrored)
    columns = 2 * (2 * (5.25 + (np.arange(32) + 0.5) / 2) - 0.5)  # 10, 12, .. levels
    rows = 2 * (10.5 + np.arange(32) + 0.5 - 0.5)
    assert np.abs(crop[0, :, 0] - (columns[::-1] if mirrored else columns)).max() <= 0.5
    assert np.abs(crop[:, 0, 1] - rows).max() <= 0.5


def test_local_window_is_in_px_of_the_region() -> None:
    region = region_of(np.zeros((96, 96, 3), np.uint8), Window(60.0, 40.0, 48.0, 96.0))
    assert region.local(Window(66.0, 50.0, 12.0, 10.0)) == Window(12.0, 10.0, 24.0, 10.0)


def test_recolor_rounds_and_clips() -> None:
    pixels = np.array([[[10, 100, 200], [255, 0, 1]]], np.uint8)
    out = recolor(pixels, np.array([1.25, 0.5, 2.0], np.float32), 3.25)
    assert out.tolist() == [[[16, 53, 255], [255, 3, 5]]]  # of 15.75, 53.25, 403.25, 322, 3.25, 5.25
    assert recolor(pixels, np.ones(3, np.float32), -20.0).tolist() == [[[0, 80, 180], [235, 0, 0]]]
    assert pixels[0, 0, 0] == 10


def test_gray_weighs_channels() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [7, 7, 7]]], np.uint8)
    assert gray(pixels)[0].tolist() == [[29] * 3, [150] * 3, [76] * 3, [7] * 3]


def test_box_blur_is_a_mean_that_repeats_the_edge() -> None:
    pixels = np.zeros((3, 3, 3), np.uint8)
    pixels[0, 0] = 90
    assert box_blur(pixels, 3)[..., 0].tolist() == [[40, 20, 0], [20, 10, 0], [0, 0, 0]]
    assert np.array_equal(box_blur(pixels, 1), pixels)
