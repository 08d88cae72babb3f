"""Crops of libsdst against OpenCV and against the original's: every byte must be the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import Normalization
from sdst_runtime.kernels import crop_f32, crop_u8, frame_mean

Frame: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]

pytestmark = pytest.mark.usefixtures("each_isa")


def subwindow(frame: Frame, center_xy: tuple[float, float], side_wh: tuple[int, int], border: Colour) -> Frame:
    """The source rectangle of pysot's rule, with the border filled in: the plain way, whole pixels."""
    (width, height), (frame_height, frame_width) = side_wh, frame.shape[:2]
    left, top = (int(np.floor(c - (s + 1) / 2 + 0.5)) for c, s in zip(center_xy, side_wh, strict=True))
    patch = np.empty((height, width, 3), np.uint8)
    patch[:] = border
    x0, x1 = np.clip([left, left + width], 0, frame_width)
    y0, y1 = np.clip([top, top + height], 0, frame_height)
    patch[y0 - top : y1 - top, x0 - left : x1 - left] = frame[y0:y1, x0:x1]
    return patch


def noise(height: int, width: int, seed: int = 0) -> Frame:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_crop_equals_original_golden_crops(shared: Path) -> None:
    folder = shared / "reference" / "tracking"
    cases = json.loads((folder / "crop_pysot.json").read_text())["cases"]
    arrays = np.load(folder / "crop_pysot.npz")
    border = frame_mean(arrays["image"])
    assert len(cases) == 16
    for case in cases:
        side, size = case["original_sz"], case["model_sz"]
        got = crop_u8(
            arrays["image"],
            center_xy=(case["cx"], case["cy"]),
            size_wh=(side, side),
            out_wh=(size, size),
            border=border,
        )
        assert np.array_equal(got, arrays[case["case"]]), case["case"]


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


@pytest.mark.parametrize("side_wh", [(2900, 40), (3000, 2000), (2500, 3), (3, 2100)])
def test_crop_equals_opencv_when_reducing_strongly(side_wh: tuple[int, int]) -> None:
    frame = noise(2200, 3100)
    for out_wh in ((17, 9), (255, 255), (600, 31)):
        center = (side_wh[0] / 2 + 20, side_wh[1] / 2 + 30)
        got = crop_u8(frame, center_xy=center, size_wh=side_wh, out_wh=out_wh)
        want = cv2.resize(subwindow(frame, center, side_wh, (0, 0, 0)), out_wh, interpolation=cv2.INTER_LINEAR)
        assert np.array_equal(got, want), out_wh


@pytest.mark.parametrize("order", ["bgr", "rgb"])
def test_crop_f32_is_the_normalised_crop_u8(order: str) -> None:
    frame = noise(90, 120)
    rule = Normalization(channel_order=order, mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
    arguments = {"center_xy": (20.5, 77.25), "size_wh": (63.0, 40.0), "out_wh": (61, 35), "border": (9, 8, 7)}
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
