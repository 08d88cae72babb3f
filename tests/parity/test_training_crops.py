"""Crops from regions against those of libsdst, which run on the device, and torch against libsdst."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sdst_edge.datasets import render_clip
from sdst_edge.models import build
from sdst_edge.training.crops.color import box_blur, box_blur_batch, gray, gray_batch, recolor, recolor_batch
from sdst_edge.training.crops.cutting import cut, cut_batch
from sdst_edge.training.crops.geometry import Window, search_window, template_window
from sdst_edge.training.crops.regions import Region, RegionRule, cut_region
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import NativeTracker, State
from sdst_runtime.crop_rule import Normalization
from tests.tolerances import (
    ABS_ROUNDED_LEVELS,
    ABS_SAMPLED_LEVELS,
    MEAN_MIRRORED_TEMPLATE_LEVELS,
    MEAN_PART_OF_REGION_LEVELS,
    MEAN_RESAMPLED_LEVELS,
    MEAN_SAMPLED_LEVELS,
)

Box = tuple[float, float, float, float]
Scene = tuple[NDArray[np.uint8], Box]

#: Every rounding, and every border.
FAMILIES = ("sdst-nano-s", "nanotrack-v3", "siamfc-alexnet", "lighttrack-mobile", "siamfcpp-alexnet", "fear-xs")
SQUARE = FAMILIES[:-1]
SCALE = 4.0


@cache
def config_of(family: str) -> TrackerConfig:
    return replace(build(family).config, small_target=None)


@cache
def scenes() -> list[Scene]:
    """Rendered pictures, the last with its target at the frame's edge."""
    clips = [render_clip(seed, frames=2, size_wh=(480, 360)) for seed in range(3)]
    found = [(np.asarray(clip.frames[1]), tuple(clip.boxes_xywh[1].tolist())) for clip in clips]
    frame, (x, y, w, h) = found[-1]
    return [*found, (np.ascontiguousarray(frame[:, int(x) - 5 :]), (x - int(x) + 5, y, w, h))]


def levels(values: NDArray[np.float32], rule: Normalization) -> NDArray[np.float32]:
    """A network's input (3, H, W) as the pixels (H, W, 3) BGR that it was made of."""
    pixels = values.transpose(1, 2, 0) * np.array(rule.std, np.float32) + np.array(rule.mean, np.float32)
    return np.asarray(pixels[..., ::-1] if rule.channel_order == "rgb" else pixels, np.float32)


def inside(window: Window, out_px: int, low_xy: tuple[float, float], high_xy: tuple[float, float]) -> NDArray[np.bool_]:
    """Which pixels of a crop lie a pixel or more within bounds of the image."""
    middle = (np.arange(out_px) + 0.5) / out_px
    x, y = window.left + middle * window.width, window.top + middle * window.height
    in_x, in_y = (x > low_xy[0] + 1) & (x < high_xy[0] - 1), (y > low_xy[1] + 1) & (y < high_xy[1] - 1)
    return in_x[None, :] & in_y[:, None]


def difference(crop: NDArray[Any], other: NDArray[Any], where: NDArray[np.bool_]) -> float:
    """Mean absolute difference in grey levels."""
    assert where.any()
    return float(np.abs(crop.astype(np.float32) - other)[where].mean())


def state_on(box: Box, config: TrackerConfig) -> State:
    """That of a tracker which has just started."""
    x, y, w, h = box
    offset = config.init_center_offset_px
    return State(x + w / 2 + offset, y + h / 2 + offset, w, h)


def strayed(state: State, rng: np.random.Generator) -> State:
    shift_x, shift_y = rng.uniform(-0.5, 0.5, 2) * (state.width, state.height)
    larger_w, larger_h = 2.0 ** rng.uniform(-0.3, 0.3, 2)
    return State(state.center_x + shift_x, state.center_y + shift_y, state.width * larger_w, state.height * larger_h)


def search_differences(
    config: TrackerConfig, rule: RegionRule, states: Callable[[State], State] = lambda state: state
) -> Iterator[float]:
    """Of each scene, between the search crop from its region and the device's, inside frame and region."""
    for frame, box in scenes():
        tracker = NativeTracker(config)
        tracker.template_input(frame, box)
        state = states(state_on(box, config))
        tracker.set_state(*state)
        device = levels(tracker.search_input(frame)[config.scales // 2], config.normalization)
        region, window = cut_region(frame, box, rule), search_window(config, state)
        shown = region.window
        low = max(shown.left, 0.0), max(shown.top, 0.0)
        high = min(shown.left + shown.width, frame.shape[1]), min(shown.top + shown.height, frame.shape[0])
        crop = cut(region, window, config.search_size)
        yield difference(crop, device, inside(window, config.search_size, low, high))


@pytest.mark.parametrize("family", SQUARE)
def test_search_crop_is_a_part_of_its_region(family: str) -> None:
    config = config_of(family)
    assert max(search_differences(config, RegionRule(config=config, scale=SCALE))) < MEAN_PART_OF_REGION_LEVELS


@pytest.mark.parametrize("family", FAMILIES)
def test_strayed_search_crops_are_the_device_s(family: str) -> None:
    config, rng = config_of(family), np.random.default_rng(5)
    for _ in range(3):
        found = search_differences(config, RegionRule(config=config, scale=SCALE), lambda state: strayed(state, rng))
        assert np.mean(list(found)) < MEAN_RESAMPLED_LEVELS


@pytest.mark.parametrize("family", FAMILIES)
def test_teachers_crops_come_from_the_student_s_regions(family: str) -> None:
    rule = RegionRule(config=config_of("sdst-nano-s"), scale=SCALE)
    assert np.mean(list(search_differences(config_of(family), rule))) < MEAN_RESAMPLED_LEVELS


@pytest.mark.parametrize("family", FAMILIES)
def test_template_crops_are_the_device_s(family: str) -> None:
    config, found = config_of(family), []
    for frame, box in scenes():
        device = levels(NativeTracker(config).template_input(frame, box)[0], config.normalization)
        window = template_window(config, box)
        crop = cut(cut_region(frame, box, RegionRule(config=config, scale=SCALE)), window, config.template_size)
        where = inside(window, config.template_size, (0.0, 0.0), (frame.shape[1], frame.shape[0]))
        found.append(difference(crop, device, where))
    assert np.mean(found) < MEAN_RESAMPLED_LEVELS


@pytest.mark.parametrize("family", FAMILIES)
def test_region_carries_the_very_template_of_the_device(family: str) -> None:
    config = config_of(family)
    for frame, box in scenes():
        as_it_is, mirrored = cut_region(frame, box, RegionRule(config=config, scale=SCALE)).templates
        device = levels(NativeTracker(config).template_input(frame, box)[0], config.normalization)
        assert np.array_equal(as_it_is, device.round())
        seen = np.ascontiguousarray(frame[:, ::-1]), (frame.shape[1] - box[0] - box[2], *box[1:])
        device = levels(NativeTracker(config).template_input(*seen)[0], config.normalization)
        assert np.abs(mirrored[:, ::-1] - device.round()).mean() < MEAN_MIRRORED_TEMPLATE_LEVELS


def test_mirrored_crop_is_that_of_the_mirrored_frame() -> None:
    config = config_of("sdst-nano-s")
    for frame, box in scenes():
        width = frame.shape[1]
        mirrored_box = (width - box[0] - box[2], *box[1:])
        device = NativeTracker(config)
        device.template_input(np.ascontiguousarray(frame[:, ::-1]), mirrored_box)
        expected = levels(device.search_input(np.ascontiguousarray(frame[:, ::-1]))[0], config.normalization)
        window = search_window(config, state_on(mirrored_box, config))
        region = cut_region(frame, box, RegionRule(config=config, scale=SCALE))
        crop = cut(region, window.mirrored(width), config.search_size, mirrored=True)
        where = inside(window, config.search_size, (0.0, 0.0), (width, frame.shape[0]))
        assert difference(crop, expected, where) < MEAN_RESAMPLED_LEVELS


def test_batched_crops_are_those_cut_one_by_one() -> None:
    rule, rng = RegionRule(config=config_of("sdst-nano-s"), scale=2.0), np.random.default_rng(6)
    regions = [cut_region(frame, box, rule) for frame, box in scenes()]
    windows, mirrored = [], [False, True, True, False]
    for index, (_, box) in enumerate(scenes()):
        state = (
            strayed(state_on(box, rule.config), rng) if index else state_on(box, rule.config)
        )  # the first one is sliced
        windows.append(search_window(rule.config, state))
    crops = cut_batch(
        torch.from_numpy(np.stack([region.pixels for region in regions])),
        torch.tensor([region.local(window) for region, window in zip(regions, windows, strict=True)]),
        torch.tensor([region.border for region in regions], dtype=torch.uint8),
        torch.tensor(mirrored),
        256,
    )
    assert crops.shape == (4, 256, 256, 3)
    assert crops.dtype == torch.uint8
    for region, window, flip, crop in zip(regions, windows, mirrored, crops.numpy(), strict=True):
        off = np.abs(cut(region, window, 256, flip).astype(int) - crop)
        assert off.max() <= ABS_SAMPLED_LEVELS
        assert off.mean() < MEAN_SAMPLED_LEVELS


def test_batched_windows_beyond_the_region_have_its_border() -> None:
    pixels = np.full((1, 32, 32, 3), 200, np.uint8)
    window, templates = Window(0.0, 0.0, 32.0, 32.0), np.zeros((2, 16, 16, 3), np.uint8)
    region = Region(pixels=pixels[0], templates=templates, window=window, border=(5, 60, 255), frame_wh=(32, 32))
    for left in (-40.0, -8.5, 27.25, 32.0):
        window = Window(left, 3.0, 16.0, 16.0)
        crop = cut_batch(
            torch.from_numpy(pixels),
            torch.tensor([window]),
            torch.tensor([region.border], dtype=torch.uint8),
            torch.tensor([False]),
            16,
        )
        assert np.abs(cut(region, window, 16).astype(int) - crop[0].numpy()).max() <= ABS_SAMPLED_LEVELS


def test_batched_colors_are_those_made_one_by_one() -> None:
    rng = np.random.default_rng(7)
    pixels = rng.integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    batch = torch.from_numpy(pixels)
    gains, offsets = rng.uniform(0.7, 1.3, (3, 3)).astype(np.float32), np.array([-12.5, 0.0, 11.25], np.float32)
    recolored = recolor_batch(batch, torch.from_numpy(gains), torch.from_numpy(offsets)).numpy()
    grayed = gray_batch(batch, torch.tensor([True, False, True])).numpy()
    blurred = box_blur_batch(batch, torch.tensor([3, 1, 7])).numpy()
    for index, side in enumerate((3, 1, 7)):
        one = pixels[index]
        wanted = recolor(one, gains[index], float(offsets[index]))
        assert np.abs(recolored[index].astype(int) - wanted).max() <= ABS_ROUNDED_LEVELS
        wanted = one if index == 1 else gray(one)
        assert np.abs(grayed[index].astype(int) - wanted).max() <= ABS_ROUNDED_LEVELS
        assert np.abs(blurred[index].astype(int) - box_blur(one, side)).max() <= ABS_ROUNDED_LEVELS
    assert np.array_equal(pixels, batch.numpy())
