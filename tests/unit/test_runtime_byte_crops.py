"""Crops as bytes: libsdst's own, and floats turned back into them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sdst_runtime.byte_crops import byte_shape, fill_bytes
from sdst_runtime.config import CropRule, Normalization, ScalePyramid, TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import NativeError, SdstError
from tests.toys import ANCHORS, POINTS, RESPONSE, SMALL

RULES = {
    "none": Normalization(),
    "one std": Normalization(mean=(127.5, 127.5, 127.5), std=(64.0, 64.0, 64.0)),
    "rgb": Normalization(channel_order="rgb", mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
    "far apart": Normalization(channel_order="rgb", mean=(0.0, 255.0, 3.3), std=(1e-6, 1e6, 0.017)),
}
BOX = (130.0, 90.0, 50.0, 40.0)  # its crops leave the frame


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (120, 160, 3), np.uint8)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_byte_of_every_channel_comes_back(rule: Normalization) -> None:
    levels = np.stack([np.arange(256), np.arange(256)[::-1], np.roll(np.arange(256), 77)], axis=-1).astype(np.uint8)
    frame = levels.reshape(1, 16, 16, 3)  # BGR
    planes = frame if rule.channel_order == "bgr" else frame[..., ::-1]
    mean, scale = np.float32(rule.mean), np.float32([1 / std for std in rule.std])
    crop = np.ascontiguousarray(((planes.astype(np.float32) - mean) * scale).transpose(0, 3, 1, 2))  # as libsdst does
    got = np.zeros((1, 16, 16, 3), np.uint8)
    fill_bytes(crop, rule, got)
    np.testing.assert_array_equal(got, frame)


def test_other_values_become_the_nearest_byte() -> None:
    got = np.zeros((1, 1, 5, 3), np.uint8)
    crop = np.broadcast_to(np.float32([-9.0, 0.4, 0.6, 254.7, 300.0]), (1, 3, 1, 5))
    fill_bytes(crop, Normalization(), got)
    assert got[0, 0, :, 1].tolist() == [0, 0, 1, 255, 255]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_no_byte(value: float) -> None:
    crop = np.full((1, 3, 2, 2), value, np.float32)
    with pytest.raises(SdstError, match="the crop holds NaN or infinity, which no byte is"):
        fill_bytes(crop, Normalization(), np.zeros((1, 2, 2, 3), np.uint8))


CONFIGS = {
    "points": POINTS.config,
    "anchors": ANCHORS.config,
    "response maps": replace(RESPONSE.config, pyramid=ScalePyramid(count=5)),
    "warped": replace(POINTS.config, crop=CropRule(rounding="none", interpolation="opencv-warp")),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_libsdsts_bytes_are_what_its_floats_are_made_of(config: TrackerConfig, rule: Normalization) -> None:
    config = replace(config, normalization=rule)
    floats, as_bytes = NativeTracker(config), NativeTracker(config, as_bytes=True)
    for cut in ("template_input", "search_input"):
        arguments = (noise(0), BOX) if cut == "template_input" else (noise(1),)
        crop, got = (getattr(tracker, cut)(*arguments) for tracker in (floats, as_bytes))
        back = np.zeros(byte_shape(crop.shape), np.uint8)
        fill_bytes(crop, rule, back)
        np.testing.assert_array_equal(got, back)


def test_bytes_are_of_the_targets_search_size_in_the_same_array_every_time() -> None:
    tracker = NativeTracker(SMALL.config, as_bytes=True)
    small, large = (60.0, 40.0, 20.0, 20.0), (40.0, 20.0, 60.0, 60.0)
    for box, side in ((small, 88), (large, 72), (small, 88)):
        z = tracker.template_input(noise(0), box)
        x = tracker.search_input(noise(1))
        assert (z.shape, x.shape) == ((1, 40, 40, 3), (1, side, side, 3))
        assert z.dtype == x.dtype == np.uint8
        assert tracker.search_input(noise(2)) is x
        assert tracker.template_input(noise(2), box) is z


def test_a_closed_tracker_says_so_of_the_call_that_it_makes() -> None:
    tracker = NativeTracker(POINTS.config, as_bytes=True)
    tracker.close()
    with pytest.raises(NativeError, match=r"sdst_tracker_search_input_u8.*the tracker is closed"):
        tracker.search_input(noise(0))
