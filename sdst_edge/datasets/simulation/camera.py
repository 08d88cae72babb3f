"""Effects of a moving camera: fast motion, camera motion, rotation, out of view."""

from __future__ import annotations

import math

import numpy as np

from sdst_edge.datasets.courses import intensity
from sdst_edge.datasets.simulation.effect import Box, Scene, effect
from sdst_edge.datasets.simulation.outline import Matrix, center, room_for, shift, size
from sdst_edge.datasets.simulation.picture_warp import warp_picture
from sdst_edge.datasets.simulation.warp import Warp

__all__: list[str] = []

#: FM: length of a jump over sqrt(w h), of which a target that comes towards it takes some.
_JUMP = (1.5, 2.5)
_DIRECTIONS = 16
#: CM: how far a jerk goes, over sqrt(w h) and over the picture's shorter side, and how often a course swings.
_JERK, _JERK_OF_PICTURE, _JERKS = (0.5, 0.9), 0.15, 3
_ROLL_RAD, _ZOOM_OCTAVES, _KEYSTONE = 0.1, 0.12, 0.06
_TURN_RAD = (0.25 * math.pi, math.pi)
#: OV: share of a course in which the target leaves, and comes back.
_LEAVING = 0.4


@effect("FM", course_frames=9)
def _fast_motion(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """The picture jumps in one frame, stays there and jumps back; each jump is farther than sqrt(w h).

    Everything jumps, since what is behind the target is not known; it counts where the target is in the picture, as in
    the definition. The jump is shortened, and may then be none by it, where the target is too large to go so far
    within the picture.
    """
    jump_px = rng.uniform(_JUMP[0], _JUMP[0] + strength * (_JUMP[1] - _JUMP[0])) * size(scene.start_xywh)
    (from_x, from_y), (x, y) = center(scene.start_xywh), center(scene.target_xywh)
    angles = rng.uniform(0, 2 * math.pi) + np.arange(_DIRECTIONS) * (2 * math.pi / _DIRECTIONS)
    aims = [(from_x + jump_px * math.cos(a) - x, from_y + jump_px * math.sin(a) - y) for a in angles.tolist()]
    reached = [room_for(aim, scene.target_xywh, scene.size_wh) for aim in aims]
    far = [math.hypot(x + dx - from_x, y + dy - from_y) for dx, dy in reached]
    # the first of the directions in which nothing is lost, else the one that leads farthest
    offset = reached[int(np.argmax(np.minimum(far, jump_px * (1 - 1e-9))))]

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        dx, dy = room_for(offset, box_xywh, scene.size_wh) if 0 < phase < 1 else (0.0, 0.0)
        return shift(math.trunc(dx), math.trunc(dy))  # whole pixels stay sharp

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_picture)


@effect("CM", course_frames=25)
def _camera_motion(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """A shaken camera: shift, roll, zoom and keystone swing a few times and die away; no step reaches sqrt(w h)."""
    longest_px = min(size(scene.target_xywh), _JERK_OF_PICTURE / _JERK[1] * min(scene.size_wh))
    amount = 0.5 + 0.5 * strength
    jerk_px = rng.uniform(*_JERK) * amount * longest_px
    angle, (roll, zoom, key_x, key_y) = rng.uniform(0, 2 * math.pi), rng.choice((-1.0, 1.0), size=4).tolist()

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        swing = intensity(phase) * math.cos(2 * math.pi * _JERKS * (phase - 0.5))
        offset = (jerk_px * swing * math.cos(angle), jerk_px * swing * math.sin(angle))
        dx, dy = room_for(offset, box_xywh, scene.size_wh)
        factor = 2 ** (amount * _ZOOM_OCTAVES * zoom * swing)
        tilt = amount * _KEYSTONE * swing / max(scene.size_wh)
        keystone = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [tilt * key_x, tilt * key_y, 1.0]])
        x, y = center(box_xywh)
        turned = _turn(amount * _ROLL_RAD * roll * swing, factor)
        result: Matrix = shift(x + dx, y + dy) @ keystone @ turned @ shift(-x, -y)
        return result

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_picture)


@effect("ROT", course_frames=41)
def _rotation(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """The picture turns around the target and back, by 45 to 180 degrees at full strength."""
    angle_rad = rng.choice((-1.0, 1.0)) * rng.uniform(_TURN_RAD[0], _TURN_RAD[0] + strength * (math.pi - _TURN_RAD[0]))

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        x, y = center(box_xywh)
        result: Matrix = shift(x, y) @ _turn(angle_rad * intensity(phase), 1.0) @ shift(-x, -y)
        return result

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_picture)


@effect("OV", course_frames=61)
def _out_of_view(rng: np.random.Generator, strength: float, scene: Scene) -> Warp:
    """The picture slides until the target is beyond a near edge, and back.

    Below full strength only that share of the target leaves, so that it stays visible and its box is cut.
    """
    gaps = [_gap(scene.target_xywh, scene.size_wh, side) for side in range(4)]
    near = [side for side, gap in enumerate(gaps) if gap <= 1.5 * min(gaps)]
    side = near[int(rng.integers(len(near)))]

    def matrix(box_xywh: Box, phase: float) -> Matrix:
        rise = min(1.0, min(phase, 1 - phase) / _LEAVING)
        beyond = _gap(box_xywh, scene.size_wh, side) - (1 - strength) * box_xywh[2 + side % 2]
        way_px = math.ceil(max(0.0, beyond) * rise * rise * (3 - 2 * rise))  # whole pixels stay sharp
        signed = -way_px if side < 2 else way_px
        return shift(signed, 0.0) if side % 2 == 0 else shift(0.0, signed)

    return Warp(size_wh=scene.size_wh, matrix=matrix, draw=warp_picture)


def _turn(angle_rad: float, factor: float) -> Matrix:
    """Turned clockwise as seen on the picture, and scaled."""
    cos, sin = factor * math.cos(angle_rad), factor * math.sin(angle_rad)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _gap(box_xywh: Box, size_wh: tuple[int, int], side: int) -> float:
    """How far a box is from being beyond a side: 0 left, 1 top, 2 right, 3 bottom."""
    axis = side % 2
    return box_xywh[axis] + box_xywh[axis + 2] if side < 2 else size_wh[axis] - box_xywh[axis]
