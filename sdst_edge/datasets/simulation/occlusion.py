"""Something passes in front of the target: partial and full occlusion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sdst_edge.datasets.rendered.texture import color_ramp, fractal_noise, random_color, random_pattern
from sdst_edge.datasets.simulation.effect import Box, Frame, Placement, Scene, effect
from sdst_edge.datasets.simulation.outline import center
from sdst_edge.datasets.simulation.patch import blend, fitted, inside, soft_mask

__all__ = ["Occluder"]

#: Of the occluder's shape, see soft_mask; and how wide its soft edge is, over its shorter side.
_POWER, _EDGE = 6.0, 0.05
#: POC: share of the target's side that the occluder covers.
_SHARE = (0.3, 0.7)
#: FOC: sides of the occluder over the target's, along its way and across.
_ALONG, _ACROSS = (2.0, 2.6), 1.5
_TEXELS, _MATERIALS = 96, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Occluder:
    """An effect that lets a textured slab pass over the target. The box stays that of the whole target.

    Attributes:
        size_wh: of the pictures, px.
        axis: 0 it moves along x, 1 along y.
        backwards: to the left or up.
        along: its side along the way, over the target's.
        across: its other side, likewise.
        offset: by how much its way is off the target's middle, across, over the target's side.
        material: of its surface, 0..63.
    """

    size_wh: tuple[int, int]
    axis: int
    backwards: bool
    along: float
    across: float
    offset: float
    material: int

    def place(self, box_xywh: Box, phase: float) -> Placement:
        """The box as it is; not visible while all of it is behind the occluder."""
        slab_xywh = self._slab(box_xywh, phase)
        (x, y), (box_x, box_y) = center(slab_xywh), center(box_xywh)
        corner = (
            (abs(box_x - x) + box_xywh[2] / 2) / (slab_xywh[2] / 2),
            (abs(box_y - y) + box_xywh[3] / 2) / (slab_xywh[3] / 2),
        )  # the box's farthest one, over the slab's half sides
        far = (corner[0] ** _POWER + corner[1] ** _POWER) ** (1 / _POWER)
        return Placement(box_xywh, visible=far > 1 - 2 * _EDGE)

    def paint(self, frame: Frame, box_xywh: Box, phase: float) -> Frame:
        """The picture with the occluder where it is by then."""
        result: Frame = frame.copy()
        slab_xywh = self._slab(box_xywh, phase)
        region = inside(slab_xywh, self.size_wh)
        if region is None:
            return result
        rows, columns = region
        surface = fitted(_material(self.material), slab_xywh, rows, columns)
        mask = soft_mask(slab_xywh, rows, columns, power=_POWER, edge_px=_EDGE * min(slab_xywh[2:]))
        result[region] = blend(frame[region], surface, mask)
        return result

    def _slab(self, box_xywh: Box, phase: float) -> Box:
        """Where the occluder is: beside the target at phase 0, over its middle at 0.5, beside it again at 1."""
        sides = [self.along, self.across] if self.axis == 0 else [self.across, self.along]
        way = (phase - 0.5) * (1 + self.along) * (-1 if self.backwards else 1)
        offsets = [way, self.offset] if self.axis == 0 else [self.offset, way]
        (x, y), (w, h) = center(box_xywh), (sides[0] * box_xywh[2], sides[1] * box_xywh[3])
        return x + offsets[0] * box_xywh[2] - w / 2, y + offsets[1] * box_xywh[3] - h / 2, w, h


@effect("POC", course_frames=31)
def _partial_occlusion(rng: np.random.Generator, strength: float, scene: Scene) -> Occluder:
    """A post or a beam passes that is narrower than the target, by as much of its side as 0.3 to 0.7."""
    return Occluder(
        size_wh=scene.size_wh,
        axis=int(rng.integers(2)),
        backwards=bool(rng.integers(2)),
        along=rng.uniform(_SHARE[0], _SHARE[0] + strength * (_SHARE[1] - _SHARE[0])),
        across=rng.uniform(1.6, 2.4),
        offset=rng.uniform(-0.2, 0.2),
        material=int(rng.integers(_MATERIALS)),
    )


@effect("FOC", course_frames=41)
def _full_occlusion(rng: np.random.Generator, strength: float, scene: Scene) -> Occluder:
    """Something larger than the target passes; the stronger, the longer the target is hidden."""
    return Occluder(
        size_wh=scene.size_wh,
        axis=int(rng.integers(2)),
        backwards=bool(rng.integers(2)),
        along=rng.uniform(_ALONG[0], _ALONG[0] + strength * (_ALONG[1] - _ALONG[0])),
        across=_ACROSS,
        offset=rng.uniform(-0.1, 0.1),
        material=int(rng.integers(_MATERIALS)),
    )


@lru_cache(maxsize=_MATERIALS)
def _material(number: int) -> Frame:
    """A surface: (T, T, 3) uint8 BGR, of two colours or of one, with grain; the same for the same number."""
    rng = np.random.default_rng([_MATERIALS, number])
    axis = (np.arange(_TEXELS, dtype=np.float32) + np.float32(0.5)) / np.float32(_TEXELS / 2) - 1
    u, v = np.meshgrid(axis, axis)
    colors = np.stack([random_color(rng, saturation=(0.0, 0.6), value=(0.15, 0.9)) for _ in range(2)])
    pattern = random_pattern(rng, u, v) if rng.integers(2) else np.zeros_like(u)
    grain = fractal_noise(rng, (_TEXELS, _TEXELS), cell_px=24.0, octaves=4)[..., None]
    return np.clip(color_ramp(pattern, colors) * (0.7 + 0.6 * grain), 0, 255).astype(np.uint8)
