"""Effects on the target's shape: scale variation, aspect ratio change, viewpoint change, deformation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.courses import intensity
from sdst_edge.datasets.simulation.effect import Box, Frame, Placement, Scene, effect
from sdst_edge.datasets.simulation.local_warp import Points, displaced, distance, falling, warp_target
from sdst_edge.datasets.simulation.outline import Matrix, bounds, center, clipped, ellipse, grown, shift
from sdst_edge.datasets.simulation.warp import Warp

__all__ = ["Elastic"]

#: SV, ARC: area, or width over height, against the template's; the bound of the definition is 2.
_RATIO = (2.3, 3.0)
_CLEAR_CHANGE = 1.5
_MOST_SHRINKING = 1.75
_LOW_RESOLUTION_PX = 1000.0
#: VC: the turn of the target's plane, and how far the camera is away from it, in half sides.
_TILT_RAD, _DISTANCE = (0.7, 0.92), 3.0
#: DEF: waves over the target: how many, how long and how high, over its sides.
_WAVES, _WAVELENGTH, _AMPLITUDE = 3, (0.9, 1.8), 0.075
_STEADY_STEPS = 12
_ELASTIC_NEAR, _ELASTIC_FAR = 1.2, 2.2


@effect("SV", course_frames=41)
def _scale_variation(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """The target grows or shrinks until its area is beyond twice, or below half, the template's; and back.

    It shrinks only where that makes it no target of low resolution, and grows only where the picture has room; where
    neither is so, it does what needs the smaller change.
    """
    ratio = rng.uniform(_RATIO[0], _RATIO[0] + strength * (_RATIO[1] - _RATIO[0]))
    template, area = (box[2] * box[3] for box in (scene.template_xywh, scene.target_xywh))
    larger, smaller = max(template * ratio, area * _CLEAR_CHANGE), min(template / ratio, area / _CLEAR_CHANGE)
    grown = math.sqrt(larger / area)
    can_grow = all(scene.target_xywh[2 + axis] * grown <= scene.size_wh[axis] for axis in (0, 1))
    can_shrink = math.sqrt(area / smaller) <= _MOST_SHRINKING and smaller >= min(_LOW_RESOLUTION_PX, template)
    if can_grow == can_shrink:
        wanted = larger if (bool(rng.integers(2)) if can_grow else larger / area < area / smaller) else smaller
    else:
        wanted = larger if can_grow else smaller

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        factor = (wanted / (box_xywh[2] * box_xywh[3])) ** (intensity(phase) / 2)
        return _stretched(box_xywh, factor, factor, scene.size_wh)

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_target)


@effect("ARC", course_frames=41)
def _aspect_ratio_change(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """The target is stretched along one side and squeezed along the other, until its ratio is beyond twice, or below
    half, the template's; and back. Its area stays.
    """
    ratio = rng.uniform(_RATIO[0], _RATIO[0] + strength * (_RATIO[1] - _RATIO[0]))
    template, aspect = (box[2] / box[3] for box in (scene.template_xywh, scene.target_xywh))
    wider, taller = max(template * ratio, aspect * _CLEAR_CHANGE), min(template / ratio, aspect / _CLEAR_CHANGE)
    needed = [max(wanted / aspect, aspect / wanted) for wanted in (wider, taller)]
    if all(factor <= _MOST_SHRINKING**2 and _fits(scene, factor) for factor in needed):
        wanted = wider if rng.integers(2) else taller
    else:
        wanted = wider if needed[0] < needed[1] else taller

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        factor = (wanted * box_xywh[3] / box_xywh[2]) ** (intensity(phase) / 2)
        return _stretched(box_xywh, factor, 1 / factor, scene.size_wh)

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_target)


def _fits(scene: Scene, factor: float) -> bool:
    return all(scene.target_xywh[2 + axis] * math.sqrt(factor) <= scene.size_wh[axis] for axis in (0, 1))


@effect("VC", course_frames=41)
def _viewpoint_change(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """The target's plane turns away around an axis through its middle, seen in perspective; and back."""
    tilt_rad = rng.uniform(_TILT_RAD[0], _TILT_RAD[0] + strength * (_TILT_RAD[1] - _TILT_RAD[0]))
    axis_rad = rng.uniform(0, 2 * math.pi)

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        angle = tilt_rad * intensity(phase)
        along, across = math.cos(axis_rad), math.sin(axis_rad)  # the direction that goes into depth
        squeeze = math.cos(angle) - 1
        plane = np.array(
            [
                [1 + squeeze * along * along, squeeze * along * across, 0.0],
                [squeeze * along * across, 1 + squeeze * across * across, 0.0],
                [math.sin(angle) / _DISTANCE * along, math.sin(angle) / _DISTANCE * across, 1.0],
            ]
        )
        x, y = center(box_xywh)
        unit = np.diag([box_xywh[2] / 2, box_xywh[3] / 2, 1.0])
        result: Matrix = shift(x, y) @ unit @ plane @ np.linalg.inv(unit) @ shift(-x, -y)
        return result

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_target)


def _stretched(box_xywh: Box, factor_x: float, factor_y: float, size_wh: tuple[int, int]) -> Matrix:
    """Scales a box around its middle, and moves it as far as it takes to keep inside the picture what was inside."""
    offset: list[float] = []
    for axis, factor in enumerate((factor_x, factor_y)):
        start, side = box_xywh[axis], box_xywh[axis + 2]
        grown = side * factor
        new_start = start - (grown - side) / 2
        low, high = min(0.0, start), max(float(size_wh[axis]), start + side) - grown
        offset.append(max(low, min(high, new_start)) - new_start if low <= high else 0.0)
    x, y = center(box_xywh)
    result: Matrix = shift(x + offset[0], y + offset[1]) @ np.diag([factor_x, factor_y, 1.0]) @ shift(-x, -y)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Elastic:
    """An effect that sends waves through the target, as through a flag or a jelly.

    Attributes:
        size_wh: of the pictures, px.
        waves: (K, 2) wave vectors, radians per side of the box.
        heights: (K, 2) amplitudes along x and y, over the sides of the box.
        starts: (K,) radians at the peak.
        speeds: (K,) radians a course.
    """

    size_wh: tuple[int, int]
    waves: NDArray[np.float64]
    heights: NDArray[np.float64]
    starts: NDArray[np.float64]
    speeds: NDArray[np.float64]

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """The bounds of the target's bent outline inside the picture."""
        outline = ellipse(box_xywh)
        points = outline  # of the result; each comes from points + displacement, which is to be the outline
        for _ in range(_STEADY_STEPS):
            points = outline - self._displacement(points, box_xywh, phase)
        return clipped(bounds(points), self.size_wh)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture with its target bent."""
        region_xywh = grown(box_xywh, _ELASTIC_FAR)
        return displaced(frame, box_xywh, lambda points: self._displacement(points, box_xywh, phase), region_xywh)

    def _displacement(self, points: Points, box_xywh: Box, phase: float) -> Points:
        sides = np.array(box_xywh[2:])
        angle = (points - center(box_xywh)) / sides @ self.waves.T + self.starts + self.speeds * (phase - 0.5)
        share = intensity(phase) * falling(distance(points, box_xywh), near=_ELASTIC_NEAR, far=_ELASTIC_FAR)
        result: Points = share[..., None] * (np.sin(angle) @ self.heights) * sides
        return result


@effect("DEF", course_frames=41)
def _deformation(rng: np.random.Generator, strength: float, scene: Scene) -> Elastic:
    """The target bends smoothly, differently from frame to frame; no part of it folds over."""
    angles = rng.uniform(0, 2 * math.pi, size=(2, _WAVES))
    lengths = rng.uniform(*_WAVELENGTH, size=_WAVES)
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=-1)  # (2, K, 2)
    return Elastic(
        size_wh=scene.size_wh,
        waves=unit[0] * (2 * math.pi / lengths)[:, None],
        heights=unit[1] * (_AMPLITUDE * (0.5 + 0.5 * strength) * lengths / lengths.mean())[:, None],
        starts=rng.uniform(0, 2 * math.pi, size=_WAVES),
        speeds=rng.uniform(-1.0, 1.0, size=_WAVES) * 3 * math.pi,
    )
