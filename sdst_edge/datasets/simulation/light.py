"""Effects of light and exposure: illumination variation, motion blur."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.courses import intensity
from sdst_edge.datasets.simulation.effect import Box, Frame, Placement, Scene, effect
from sdst_edge.datasets.simulation.outline import center, size
from sdst_edge.datasets.simulation.patch import blend, inside, soft_mask

__all__ = ["Illumination", "MotionBlur"]

#: IV: exponent of the grey levels and their gain, both as powers of two, when the light goes down; up is a bit less.
_GAMMA_OCTAVES, _GAIN_OCTAVES, _TINT_OCTAVES = (0.35, 0.9), (0.5, 1.2), 0.25
_UP = 0.5
#: Diameter of a shadow or a light spot over the target's sides, and how far its middle is off.
_SPOT, _SPOT_OFFSET = (2.0, 4.0), 0.4
_SPOT_EDGE = 0.2
#: MB: length of the smear over sqrt(w h), and in px.
_SMEAR, _LONGEST_SMEAR_PX = (0.4, 0.8), 64.0
_SHORTEST_SMEAR_PX = 0.5
#: A longer smear is made in a smaller picture: a kernel's cost grows with its area.
_LONGEST_KERNEL_PX = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Illumination:
    """An effect that changes gain, gamma and colour of the light; the box stays.

    Attributes:
        size_wh: of the pictures, px.
        gamma_octaves: exponent of the grey levels, a power of two; above 0 is darker.
        gain_octaves: (3,) factor on each channel, likewise; below 0 is darker.
        spot: x, y, w, h of a spot over the target's box as if that were (0, 0, 1, 1); None for the whole picture.
    """

    size_wh: tuple[int, int]
    gamma_octaves: float
    gain_octaves: NDArray[np.float64]
    spot: Box | None

    def place(self, box_xywh: Box, phase: float) -> Placement:  # noqa: ARG002 (light moves nothing)
        """The box as it is."""
        return Placement(box_xywh, visible=True)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture, or a spot of it, in another light."""
        import cv2

        table = self._table(intensity(phase))
        if self.spot is None:
            return np.asarray(cv2.LUT(frame, table), dtype=np.uint8)
        result: Frame = frame.copy()
        (x, y, w, h), (u, v, wide, high) = box_xywh, self.spot
        spot_xywh = (x + u * w, y + v * h, wide * w, high * h)
        if (region := inside(spot_xywh, self.size_wh)) is not None:
            part = frame[region]
            mask = soft_mask(spot_xywh, *region, power=2.5, edge_px=_SPOT_EDGE * min(spot_xywh[2:]))
            result[region] = blend(part, cv2.LUT(part, table), mask)
        return result

    def _table(self, share: float) -> NDArray[np.uint8]:
        """(1, 256, 3) from grey level to grey level."""
        levels = (np.arange(256)[:, None] / 255.0) ** (2.0 ** (share * self.gamma_octaves))
        levels = levels * 2.0 ** (share * self.gain_octaves)
        table: NDArray[np.uint8] = np.clip(np.rint(255 * levels), 0, 255).astype(np.uint8)[None]
        return table


@effect("IV", course_frames=31)
def _illumination(rng: np.random.Generator, strength: float, scene: Scene) -> Illumination:
    """Light goes down or up and back, everywhere or in a spot that hides nothing: a shadow, or the sun."""
    up = bool(rng.integers(2))
    amount = (0.5 + 0.5 * strength) * (-_UP if up else 1.0)
    gamma, gain = rng.uniform(*_GAMMA_OCTAVES), rng.uniform(*_GAIN_OCTAVES)
    tint = rng.uniform(-_TINT_OCTAVES, _TINT_OCTAVES, size=3)
    spot = None
    if rng.integers(2):
        wide, high = rng.uniform(*_SPOT, size=2).tolist()
        u, v = rng.uniform(0.5 - _SPOT_OFFSET, 0.5 + _SPOT_OFFSET, size=2).tolist()
        spot = (u - wide / 2, v - high / 2, wide, high)
    return Illumination(
        size_wh=scene.size_wh, gamma_octaves=amount * gamma, gain_octaves=amount * (tint - gain), spot=spot
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionBlur:
    """An effect that smears the target along a line, as when it moves while the shutter is open.

    The box stays: it marks the target in the middle of the exposure, which is what a tracker is to report, and the
    smear goes as far beyond it on one side as on the other.

    Attributes:
        size_wh: of the pictures, px.
        length: of the smear at the peak, over sqrt(w h) of the box.
        angle_rad: direction, clockwise from the right as seen on the picture.
    """

    size_wh: tuple[int, int]
    length: float
    angle_rad: float

    def place(self, box_xywh: Box, phase: float) -> Placement:  # noqa: ARG002 (the middle of the exposure stays)
        """The box as it is."""
        return Placement(box_xywh, visible=True)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture with its target and what is right beside it smeared."""
        result: Frame = frame.copy()
        length_px = min(self.length * size(box_xywh), _LONGEST_SMEAR_PX) * intensity(phase)
        reach_px = 2 * length_px + 4
        (x, y), (w, h) = center(box_xywh), (box_xywh[2] + reach_px, box_xywh[3] + reach_px)
        region_xywh = (x - w / 2, y - h / 2, w, h)
        region = inside(region_xywh, self.size_wh)
        if region is None or length_px < _SHORTEST_SMEAR_PX:
            return result
        smeared = _smeared(frame[region], length_px, self.angle_rad)
        mask = soft_mask(region_xywh, *region, power=8.0, edge_px=length_px / 2 + 1)
        result[region] = blend(frame[region], smeared, mask)
        return result


@effect("MB", course_frames=21)
def _motion_blur(rng: np.random.Generator, strength: float, scene: Scene) -> MotionBlur:
    """The exposure grows longer and shorter again, in one direction a course."""
    return MotionBlur(
        size_wh=scene.size_wh,
        length=rng.uniform(_SMEAR[0], _SMEAR[0] + strength * (_SMEAR[1] - _SMEAR[0])),
        angle_rad=rng.uniform(0, math.pi),
    )


def _smeared(part: Frame, length_px: float, angle_rad: float) -> Frame:
    """Part of a picture (h, w, 3) smeared along a line; a long smear also takes a bit of sharpness across."""
    import cv2

    size_wh = (part.shape[1], part.shape[0])
    shrink = max(1.0, length_px / _LONGEST_KERNEL_PX)
    small_wh = (max(1, round(size_wh[0] / shrink)), max(1, round(size_wh[1] / shrink)))
    small = part if small_wh == size_wh else cv2.resize(part, small_wh, interpolation=cv2.INTER_AREA)
    kernel = line_kernel(length_px / shrink, angle_rad)
    smeared = cv2.filter2D(small, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smeared if small_wh == size_wh else cv2.resize(smeared, size_wh), dtype=np.uint8)


def line_kernel(length_px: float, angle_rad: float) -> NDArray[np.float32]:
    """The mean along a line of any length > 0 and direction: (K, K) float32, K odd, of sum 1, symmetric."""
    half = math.ceil(length_px / 2) + 1
    along = np.linspace(-length_px / 2, length_px / 2, 4 * half + 1)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), dtype=np.float32)
    x, y = half + along * math.cos(angle_rad), half + along * math.sin(angle_rad)
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    for right in (0, 1):  # each point goes to the four pixels around it
        for down in (0, 1):
            weight = np.abs(1 - right - (x - column)) * np.abs(1 - down - (y - row))
            np.add.at(kernel, (np.minimum(row + down, 2 * half), np.minimum(column + right, 2 * half)), weight)
    kernel /= kernel.sum()
    return kernel
