"""Background clutter: things that look like the target, close to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sdst_edge.datasets.courses import intensity
from sdst_edge.datasets.simulation.effect import Box, Frame, Placement, Scene, effect
from sdst_edge.datasets.simulation.outline import center
from sdst_edge.datasets.simulation.patch import blend, fitted, inside, soft_mask

__all__ = ["Clutter", "Copy"]

_COPIES = (2, 5)
_PLACES = 12
_SCALE_OCTAVES = 0.3
#: Least distance of a copy's box from the target's, as a factor on where they touch, and how much farther it starts.
_APART, _APPROACH = (1.02, 1.5), 1.5
#: By how much a copy goes around the target in a course, radians; and how fast it appears.
_ORBIT_RAD, _FADING = 0.5, 6.0
_SMALLEST_SCALE = 0.4
_EDGE = 0.12
#: Share of a copy that is in the picture at the peak when it is drawn, and from which on it clutters a frame.
_DRAWN_SEEN, _LEAST_SEEN = 0.9, 0.5
#: Of a copy's light and of its colours: like the target, but another one.
_LIGHT_OCTAVES, _TINT_OCTAVES = 0.35, 0.12


class Copy(NamedTuple):
    """A distractor: the target's own picture in another place and light.

    Attributes:
        angle_rad: where it stands at the peak, seen from the target.
        apart: distance, over that at which the boxes touch, > 1.
        scale: of its sides against the target's.
        orbit_rad: by how much its angle changes in a course.
        mirrored: left and right exchanged.
        light: factor on blue, green and red.
    """

    angle_rad: float
    apart: float
    scale: float
    orbit_rad: float
    mirrored: bool
    light: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clutter:
    """An effect that puts copies of the target around it; none covers any part of it, and the box stays.

    Attributes:
        size_wh: of the pictures, px.
        copies: drawn in this order.
    """

    size_wh: tuple[int, int]
    copies: tuple[Copy, ...]

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """The box as it is; no room where no copy is in the picture by then."""
        seen = [_seen(copy, box_xywh, phase, self.size_wh) for copy in self.copies]
        return Placement(box_xywh, visible=True, has_room=any(share >= _LEAST_SEEN for share in seen))

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture with copies of the part of the target that is in it."""
        import cv2

        result: Frame = frame.copy()
        source = inside(box_xywh, self.size_wh)
        if source is None:
            return result
        target = frame[source]
        for copy in self.copies:
            copy_xywh = standing(copy, box_xywh, phase)
            region = inside(copy_xywh, self.size_wh)
            if region is None:
                continue
            rows, columns = region
            levels = np.arange(256)[:, None] * np.array(copy.light)
            shown = cv2.LUT(target, np.clip(np.rint(levels), 0, 255).astype(np.uint8)[None])
            pasted = fitted(cv2.flip(shown, 1) if copy.mirrored else shown, copy_xywh, rows, columns)
            mask = soft_mask(copy_xywh, rows, columns, power=3.0, edge_px=max(1.0, _EDGE * min(copy_xywh[2:])))
            mask *= np.float32(min(1.0, _FADING * intensity(phase)))
            result[region] = blend(result[region], pasted, mask)
        return result


def standing(copy: Copy, box_xywh: Box, phase: float) -> Box:
    """The box of a copy: nearest to the target at the peak, never touching it."""
    angle = copy.angle_rad + copy.orbit_rad * (phase - 0.5)
    ux, uy = math.cos(angle), math.sin(angle)
    w, h = box_xywh[2] * copy.scale, box_xywh[3] * copy.scale
    touching = min(
        (box_xywh[2] + w) / 2 / max(abs(ux), 1e-9), (box_xywh[3] + h) / 2 / max(abs(uy), 1e-9)
    )  # px from middle to middle
    distance = touching * (copy.apart + _APPROACH * (1 - intensity(phase))) + 1
    x, y = center(box_xywh)
    return x + distance * ux - w / 2, y + distance * uy - h / 2, w, h


@effect("BC", course_frames=41)
def _background_clutter(rng: np.random.Generator, strength: float, scene: Scene) -> Clutter:
    """Two to five copies come near, wander around the target and go; smaller ones where the picture has no room.

    None come where the target fills the picture.
    """
    count = int(rng.integers(_COPIES[0], _COPIES[0] + 1 + round(strength * (_COPIES[1] - _COPIES[0]))))
    angles = rng.uniform(0, 2 * math.pi) + np.arange(_PLACES) * (2 * math.pi / _PLACES)
    rng.shuffle(angles)
    chosen: list[Copy] = []
    for angle in angles.tolist():
        copy = Copy(
            angle_rad=angle,
            apart=rng.uniform(*_APART),
            scale=2.0 ** rng.uniform(-_SCALE_OCTAVES, _SCALE_OCTAVES),
            orbit_rad=rng.uniform(-_ORBIT_RAD, _ORBIT_RAD),
            mirrored=bool(rng.integers(2)),
            light=_random_light(rng),
        )
        while copy.scale >= _SMALLEST_SCALE and _seen(copy, scene.target_xywh, 0.5, scene.size_wh) < _DRAWN_SEEN:
            copy = copy._replace(scale=copy.scale * 0.8, apart=_APART[0])
        others = [standing(other, scene.target_xywh, 0.5) for other in chosen]
        free = all(_apart(standing(copy, scene.target_xywh, 0.5), other) for other in others)
        if copy.scale >= _SMALLEST_SCALE and free and len(chosen) < count:
            chosen.append(copy)
    return Clutter(size_wh=scene.size_wh, copies=tuple(chosen))


def _random_light(rng: np.random.Generator) -> tuple[float, ...]:
    octaves = rng.uniform(-_LIGHT_OCTAVES, _LIGHT_OCTAVES) + rng.uniform(-_TINT_OCTAVES, _TINT_OCTAVES, size=3)
    return tuple(np.exp2(octaves).tolist())


def _seen(copy: Copy, box_xywh: Box, phase: float, size_wh: tuple[int, int]) -> float:
    """Share of a copy's box in the picture."""
    x, y, w, h = standing(copy, box_xywh, phase)
    wide, high = min(x + w, size_wh[0]) - max(x, 0.0), min(y + h, size_wh[1]) - max(y, 0.0)
    return max(0.0, wide) * max(0.0, high) / (w * h)


def _apart(one: Box, other: Box) -> bool:
    """Whether boxes overlap by less than half a side."""
    (ax, ay), (bx, by) = center(one), center(other)
    return abs(ax - bx) > (one[2] + other[2]) / 4 or abs(ay - by) > (one[3] + other[3]) / 4
