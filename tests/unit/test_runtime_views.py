"""What crops show of an image, as libsdst says it to Python."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.errors import BoxError, ConfigError
from sdst_runtime.views import search_view, template_view, window_u8

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
BOX = (100.0, 80.25, 16.4, 16.4)  # template side 32.8, search side 65.6, centre 108.2, 88.45
STATE = State(108.2, 88.45, 16.4, 16.4)


def test_views_are_rounded_as_crops_are() -> None:
    assert template_view(CONFIG, BOX).window_xywh == (91.0, 71.0, 33.0, 33.0)
    view = search_view(CONFIG, STATE)
    assert view.window_xywh == (75.0, 55.0, 66.0, 66.0)
    assert view.center_xy == (108.2, 88.45)
    assert view.scale_xy == pytest.approx((64 / 65.6, 64 / 65.6))


def test_fear_s_outputs_lie_in_its_whole_pixels() -> None:
    fear = replace(CONFIG, crop=CropRule(rounding="fear"))
    view = search_view(fear, STATE)
    assert view.window_xywh == (75.0, 55.0, 65.0, 65.0)
    assert view.center_xy == (107.5, 87.5)
    assert view.scale_xy == (64 / 65, 64 / 65)


def test_family_s_offset_moves_the_template() -> None:
    moved = replace(CONFIG, init_center_offset_px=-0.5)
    assert template_view(moved, (100, 80, 16, 16)).window_xywh == (91.0, 71.0, 32.0, 32.0)
    assert search_view(moved, State(108, 88, 16, 16)).window_xywh == (76.0, 56.0, 64.0, 64.0)


@pytest.mark.parametrize("side", [math.nan, math.inf, 0.0, -1.0])
def test_impossible_boxes_are_refused(side: float) -> None:
    with pytest.raises(BoxError, match="expected finite numbers and sides > 0"):
        template_view(CONFIG, (0, 0, side, 9))
    with pytest.raises(BoxError, match="expected finite numbers and sides > 0"):
        search_view(CONFIG, State(0, 0, 9, side))


def test_boxes_without_a_crop_are_refused() -> None:
    with pytest.raises(BoxError, match="wider than 32767 px"):
        search_view(CONFIG, State(0, 0, 9000, 9000))


def test_bad_configuration_is_named() -> None:
    bad = replace(CONFIG, crop=CropRule(search_scale=500.0), search_size=64, stride_px=4.0)
    object.__setattr__(bad, "search_size", 5000)
    with pytest.raises(ConfigError, match="libsdst refuses"):
        search_view(bad, STATE)


def test_windows_are_interpolated_between_pixel_centres() -> None:
    ramp = np.zeros((40, 40, 3), np.uint8)
    ramp[..., 0], ramp[..., 1] = 2 * np.arange(40), np.arange(40)[:, None]
    out = window_u8(ramp, (10.25, 3.0, 4.0, 8.0), 8, (7, 8, 9))
    assert out[0, :, 0].tolist() == [20, 21, 22, 23, 24, 25, 26, 27]  # 2 (10.25 + (i + 0.5) / 2 - 0.5)
    assert out[:, 0, 1].tolist() == [3, 4, 5, 6, 7, 8, 9, 10]
    assert (window_u8(ramp[::2, :20], (-8.0, 60.0, 8.0, 8.0), 8, (7, 8, 9)) == (7, 8, 9)).all()


@pytest.mark.parametrize(
    ("window", "out_px", "border", "named"),
    [
        ((0.0, 0.0, 0.0, 4.0), 8, (0, 0, 0), "sides > 0"),
        ((0.0, math.nan, 4.0, 4.0), 8, (0, 0, 0), "finite"),
        ((0.0, 0.0, 4.0, 4.0), 4097, (0, 0, 0), "out_px is 4097"),
        ((0.0, 0.0, 4.0, 4.0), 8, (0, 256, 0), "256"),
    ],
)
def test_impossible_windows_are_refused(
    window: tuple[float, float, float, float], out_px: int, border: tuple[int, int, int], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        window_u8(np.zeros((4, 4, 3), np.uint8), window, out_px, border)
