"""Crops of libsdst against OpenCV and against the original's: every byte must be the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import Normalization
from sdst_runtime.errors import ConfigError
from sdst_runtime.kernels import crop_f32, crop_u8, frame_mean
from tests.tolerances import ABS_WARP_LEVELS

Frame: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]

pytestmark = pytest.mark.usefixtures("each_isa")


def rounded_side(rounding: str, side: float) -> int:
    return int(side) if rounding == "fear" else round(side)


def corner(rounding: str, center: float, side: float) -> int:
    """First pixel of a crop: the rules of the originals, on one axis."""
    px = rounded_side(rounding, side)
    if rounding == "dasiamrpn":
        return round(center - (px + 1) / 2)
    if rounding == "siamfc":
        return round(center - (px - 1) / 2)
    if rounding == "fear":
        return int(center - side / 2)
    return math.floor(center - (px + 1) / 2 + 0.5)


def subwindow(
    frame: Frame,
    center_xy: tuple[float, float],
    side_wh: tuple[float, float],
    border: Colour,
    rounding: str = "pysot",
) -> Frame:
    """The source rectangle of a rounding rule, with the border filled in: the plain way, whole pixels."""
    frame_height, frame_width = frame.shape[:2]
    width, height = (rounded_side(rounding, side) for side in side_wh)
    left, top = (corner(rounding, c, s) for c, s in zip(center_xy, side_wh, strict=True))
    x0, x1 = np.clip([left, left + width], 0, frame_width)
    y0, y1 = np.clip([top, top + height], 0, frame_height)
    pad = (y0 - top, top + height - y1, x0 - left, left + width - x1)
    if x0 == x1 or y0 == y1:
        return np.full((height, width, 3), border, np.uint8)
    return cv2.copyMakeBorder(frame[y0:y1, x0:x1], *(int(v) for v in pad), cv2.BORDER_CONSTANT, value=border)


def warp(
    frame: Frame, center_xy: tuple[float, float], side_wh: tuple[int, int], out_wh: tuple[int, int], border: Colour
) -> Frame:
    """OpenCV 4's warpAffine as SiamFC++ calls it, in whole numbers: 1/1024 px, cut to 1/32 px, taps mixed exactly."""
    first = [center - (side - 1) / 2 for center, side in zip(center_xy, side_wh, strict=True)]
    last = [center + (side - 1) / 2 for center, side in zip(center_xy, side_wh, strict=True)]
    step_x, step_y = ((b - a) / max(out - 1, 1) for a, b, out in zip(first, last, out_wh, strict=True))
    column, row = np.arange(out_wh[0]), np.arange(out_wh[1])
    at_x = (np.rint(first[0] * 1024).astype(int) + np.rint(step_x * column * 1024).astype(int) + 16) >> 5
    at_y = (np.rint((step_y * row + first[1]) * 1024).astype(int) + 16) >> 5

    height, width = frame.shape[:2]

    def taps(y: NDArray[np.int64], x: NDArray[np.int64]) -> NDArray[np.int64]:
        inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))
        values = frame[np.clip(y, 0, height - 1)[:, None], np.clip(x, 0, width - 1)].astype(np.int64)
        return np.where(inside[..., None], values, np.array(border))

    x, y, share_x, share_y = at_x >> 5, at_y >> 5, (at_x & 31)[:, None], (at_y & 31)[:, None, None]
    upper = taps(y, x) * (32 - share_x) + taps(y, x + 1) * share_x
    lower = taps(y + 1, x) * (32 - share_x) + taps(y + 1, x + 1) * share_x
    return ((upper * (32 - share_y) + lower * share_y + 512) >> 10).astype(np.uint8)


def noise(height: int, width: int, seed: int = 0) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("golden", "rounding", "interpolation"),
    [
        ("pysot", "pysot", "opencv-u8"),
        ("dasiamrpn", "dasiamrpn", "opencv-u8"),
        ("siamfc", "siamfc", "opencv-u8"),
        ("siamfcpp", "none", "opencv-warp"),
    ],
)
def test_crop_equals_original_golden_crops(shared: Path, golden: str, rounding: str, interpolation: str) -> None:
    folder = shared / "reference" / "tracking"
    cases = json.loads((folder / f"crop_{golden}.json").read_text())["cases"]
    image = np.load(folder / "crop_pysot.npz")["image"]
    crops = np.load(folder / f"crop_{golden}.npz")
    border = frame_mean(image, rounded=golden == "siamfc")
    assert len(cases) == 16
    for case in cases:
        side, size = case["original_sz"], case["model_sz"]
        got = crop_u8(
            image,
            center_xy=(case["cx"], case["cy"]),
            size_wh=(side, side),
            out_wh=(size, size),
            border=border,
            rounding=rounding,
            interpolation=interpolation,
        )
        assert np.array_equal(got, crops[case["case"]]), case["case"]


def test_frame_mean_is_the_truncated_or_the_rounded_mean() -> None:
    frame = noise(37, 53)
    mean = frame.mean(axis=(0, 1))
    assert frame_mean(frame) == tuple(int(value) for value in mean)
    assert frame_mean(frame, rounded=True) == tuple(round(value) for value in mean)
    halves = np.array([[[10, 11, 0], [11, 12, 1]]], np.uint8)  # 10.5, 11.5, 0.5
    assert frame_mean(halves) == (10, 11, 0)
    assert frame_mean(halves, rounded=True) == (10, 12, 0)


@pytest.mark.parametrize("axis", [0, 1])
def test_crop_equals_opencv_for_every_small_size(axis: int) -> None:
    """All pairs of 1 to 40 px along one axis, with the other one enlarged by a bit."""
    frame = noise(40, 40)
    for inner in range(1, 41):
        for outer in range(1, 41):
            side_wh, out_wh = ((inner, 5), (outer, 7)) if axis else ((5, inner), (7, outer))
            center = (side_wh[0] / 2, side_wh[1] / 2)
            got = crop_u8(frame, center_xy=center, size_wh=side_wh, out_wh=out_wh)
            want = cv2.resize(frame[: side_wh[1], : side_wh[0]], out_wh, interpolation=cv2.INTER_LINEAR)
            assert np.array_equal(got, want), (side_wh, out_wh)


@pytest.mark.parametrize("seed", range(8))
def test_crop_equals_opencv_at_random_places(seed: int) -> None:
    """Inside, across the border and wholly outside; equal sizes and exact halves among them."""
    generator = np.random.default_rng(seed)
    frame = noise(97, 133, seed)
    for case in range(60):
        out_wh = tuple(int(v) for v in generator.integers(1, 300, 2))
        side_wh = tuple(int(v) for v in generator.integers(1, 400, 2))
        if case % 6 == 0:
            side_wh = out_wh
        elif case % 6 == 1:
            side_wh = (2 * out_wh[0], 2 * out_wh[1])
        center = (float(generator.uniform(-150, 280)), float(generator.uniform(-150, 250)))
        border: Colour = tuple(int(v) for v in generator.integers(0, 256, 3))
        got = crop_u8(frame, center_xy=center, size_wh=side_wh, out_wh=out_wh, border=border)
        want = cv2.resize(subwindow(frame, center, side_wh, border), out_wh, interpolation=cv2.INTER_LINEAR)
        assert np.array_equal(got, want), (center, side_wh, out_wh)


@pytest.mark.parametrize("rounding", ["pysot", "dasiamrpn", "siamfc", "fear"])
def test_crop_rounds_as_the_originals(rounding: str) -> None:
    """Sides and centres of any fraction, halves of a pixel among them, on all sides of the frame."""
    generator = np.random.default_rng(5)
    frame = noise(61, 83, 5)
    for case in range(150):
        side_wh, center = generator.uniform(1, 90, 2), generator.uniform(-60, 140, 2)
        if case % 2:
            side_wh, center = np.round(2 * side_wh) / 2, np.round(2 * center) / 2
        side_wh, center = tuple(side_wh.tolist()), tuple(center.tolist())
        got = crop_u8(frame, center_xy=center, size_wh=side_wh, out_wh=(31, 37), border=(1, 2, 3), rounding=rounding)
        want = cv2.resize(subwindow(frame, center, side_wh, (1, 2, 3), rounding), (31, 37))
        assert np.array_equal(got, want), (center, side_wh)


@pytest.mark.parametrize("seed", range(2))
def test_warp_equals_its_definition(seed: int) -> None:
    """Enlarged and reduced, inside, across the border and wholly outside."""
    generator = np.random.default_rng(seed)
    frame = noise(97, 133, seed)
    for case in range(60):
        out_wh = tuple(int(v) for v in generator.integers(1, 300, 2))
        side_wh = tuple(int(v) for v in generator.integers(1, 400 if case % 2 else 20, 2))
        center = (float(generator.uniform(-150, 280)), float(generator.uniform(-150, 250)))
        if case % 3 == 0:
            center = (round(center[0] * 64) / 64, round(center[1] * 64) / 64)  # the taps' own grid, and between
        border: Colour = tuple(int(v) for v in generator.integers(0, 256, 3))
        got = crop_u8(
            frame,
            center_xy=center,
            size_wh=side_wh,
            out_wh=out_wh,
            border=border,
            rounding="none",
            interpolation="opencv-warp",
        )
        assert np.array_equal(got, warp(frame, center, side_wh, out_wh, border)), (center, side_wh, out_wh)


def test_warp_is_near_the_warp_of_any_opencv() -> None:
    """OpenCV 5 interpolates exactly, where OpenCV 4 cuts positions to 1/32 px: 1/64 px of a ramp of 4 levels a px."""
    frame = np.repeat((4 * np.arange(60, dtype=np.uint8))[None, :, None], 40, axis=0).repeat(3, axis=2)
    center, side, out = (30.3, 20.8), (33, 21), (90, 77)
    first = [c - (s - 1) / 2 for c, s in zip(center, side, strict=True)]
    matrix = np.array([[(side[0] - 1) / (out[0] - 1), 0, first[0]], [0, (side[1] - 1) / (out[1] - 1), first[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    want = cv2.warpAffine(frame, matrix, out, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    got = crop_u8(frame, center_xy=center, size_wh=side, out_wh=out, rounding="none", interpolation="opencv-warp")
    assert np.max(np.abs(got.astype(int) - want.astype(int))) <= ABS_WARP_LEVELS


@pytest.mark.parametrize("side_wh", [(2900, 40), (3000, 2000), (2500, 3), (3, 2100)])
def test_crop_equals_opencv_when_reducing_strongly(side_wh: tuple[int, int]) -> None:
    frame = noise(2200, 3100)
    for out_wh in ((17, 9), (255, 255), (600, 31)):
        center = (side_wh[0] / 2 + 20, side_wh[1] / 2 + 30)
        got = crop_u8(frame, center_xy=center, size_wh=side_wh, out_wh=out_wh)
        want = cv2.resize(subwindow(frame, center, side_wh, (0, 0, 0)), out_wh, interpolation=cv2.INTER_LINEAR)
        assert np.array_equal(got, want), out_wh


@pytest.mark.parametrize("order", ["bgr", "rgb"])
@pytest.mark.parametrize(("rounding", "interpolation"), [("pysot", "opencv-u8"), ("none", "opencv-warp")])
def test_crop_f32_is_the_normalised_crop_u8(order: str, rounding: str, interpolation: str) -> None:
    frame = noise(90, 120)
    rule = Normalization(channel_order=order, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
    arguments = {"center_xy": (20.5, 77.25), "size_wh": (63.0, 40.0), "out_wh": (61, 35), "border": (9, 8, 7)}
    arguments |= {"rounding": rounding, "interpolation": interpolation}
    patch = crop_u8(frame, **arguments)
    got = crop_f32(frame, normalization=rule, **arguments)
    channels = patch if order == "bgr" else patch[:, :, ::-1]
    mean = np.array(rule.mean, np.float32)
    scale = (1.0 / np.array(rule.std)).astype(np.float32)
    want = ((channels.astype(np.float32) - mean) * scale).transpose(2, 0, 1)
    assert got.dtype == np.float32
    assert np.array_equal(got, want)


def test_crop_of_a_view_equals_crop_of_a_copy() -> None:
    view = noise(80, 100)[10:70, 15:85]
    arguments = {"center_xy": (66.0, 31.0), "size_wh": (25.0, 25.0), "out_wh": (40, 40)}
    assert np.array_equal(crop_u8(view, **arguments), crop_u8(np.ascontiguousarray(view), **arguments))


def test_crop_refuses_rules_that_do_not_go_together() -> None:
    arguments = {"center_xy": (5.0, 5.0), "size_wh": (5.0, 5.0), "out_wh": (9, 9)}
    with pytest.raises(ConfigError, match="'none' goes with 'opencv-warp'"):
        crop_u8(noise(9, 9), rounding="none", **arguments)
    with pytest.raises(ConfigError, match="'none' goes with 'opencv-warp'"):
        crop_f32(noise(9, 9), interpolation="opencv-warp", **arguments)
    with pytest.raises(ConfigError, match="expected one of pysot, dasiamrpn, siamfc, fear, none"):
        crop_u8(noise(9, 9), rounding="floor", **arguments)
