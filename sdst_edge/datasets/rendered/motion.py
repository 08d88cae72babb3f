"""Smooth random motion: splines through random knots, so that speed does not depend on a clip's length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.rendered.pose import Pose

__all__ = ["Region", "random_poses", "smooth_signal"]

_KNOTS_BESIDE = 4
_MAX_TURN_RAD = 0.6
_MAX_STRETCH = 0.14
_MAX_WOBBLE = 0.07


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What a sprite may do.

    Attributes:
        low_px: least x and y of its origin.
        high_px: greatest x and y.
        radius_px: its radius in the middle of its changes of scale.
        octaves: by how much its scale may grow or shrink from there, powers of two.
        frames_per_knot: of its path; fewer are faster.
    """

    low_px: tuple[float, float]
    high_px: tuple[float, float]
    radius_px: float
    octaves: float
    frames_per_knot: float


def smooth_signal(
    rng: np.random.Generator, frames: int, frames_per_knot: float, low: float, high: float
) -> NDArray[np.float64]:
    """A uniform cubic B-spline over random knots; a spline stays in the hull of its knots, so low <= value <= high.

    Returns:
        (frames,) float64.
    """
    knots = rng.uniform(low, high, size=math.ceil(frames / frames_per_knot) + _KNOTS_BESIDE)
    position = np.arange(frames) / frames_per_knot + rng.uniform()
    index = np.floor(position).astype(np.intp)
    t = position - index
    basis = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    signal = sum(weight * knots[index + k] for k, weight in enumerate(basis))
    return np.asarray(signal, dtype=np.float64)


def random_poses(rng: np.random.Generator, frames: int, region: Region) -> list[Pose]:
    """A path with changes of scale, angle, stretch and wobble; one pose a frame."""
    pace = region.frames_per_knot
    x = smooth_signal(rng, frames, pace, region.low_px[0], region.high_px[0])
    y = smooth_signal(rng, frames, pace, region.low_px[1], region.high_px[1])
    radius = region.radius_px * np.exp2(smooth_signal(rng, frames, 30.0, -region.octaves, region.octaves))
    angle = rng.uniform(-math.pi, math.pi) + smooth_signal(rng, frames, 25.0, -_MAX_TURN_RAD, _MAX_TURN_RAD)
    stretch = np.exp2(smooth_signal(rng, frames, 20.0, -_MAX_STRETCH, _MAX_STRETCH))
    wobble = smooth_signal(rng, frames, 15.0, 0.0, _MAX_WOBBLE)
    phase = rng.uniform(-math.pi, math.pi) + rng.uniform(-0.25, 0.25) * np.arange(frames)
    return [Pose(*row) for row in np.stack([x, y, radius, angle, stretch, wobble, phase], axis=1).tolist()]
