"""Ground for objects to move over: coloured fractal noise, veins, and clutter that is textured as objects are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.rendered.pose import Pose
from sdst_edge.datasets.rendered.sprite import draw, random_colors, random_sprite
from sdst_edge.datasets.rendered.texture import color_ramp, fractal_noise, random_color

__all__ = ["random_background"]

_KINDS_OF_CLUTTER = 3
_GRAIN = 26.0


def random_background(rng: np.random.Generator, size_wh: tuple[int, int], *, clutter: int) -> NDArray[np.uint8]:
    """A panorama for the camera to pan over.

    Args:
        rng: where the randomness comes from.
        size_wh: W and H, px.
        clutter: how many motionless objects lie about.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    large, fine = (fractal_noise(rng, size_wh, cell_px=cell, octaves=4) for cell in (size_wh[1] * 0.55, 20.0))
    colors = np.stack([random_color(rng, saturation=(0.05, 0.55), value=(0.25, 0.85)) for _ in range(4)])
    ground = color_ramp(large, colors)
    ground += (fine - np.float32(0.5))[..., None] * np.float32(_GRAIN * rng.uniform(0.6, 2.0))
    if rng.uniform() < 0.6:  # paths, cracks, water's edge: where a noise crosses its middle
        crossing = np.abs(fractal_noise(rng, size_wh, cell_px=size_wh[1] * 0.5, octaves=3) - np.float32(0.5))
        vein = np.clip(1 - crossing * np.float32(rng.uniform(18.0, 45.0)), 0, 1)[..., None] * np.float32(0.7)
        ground += vein * (random_color(rng, saturation=(0.05, 0.4), value=(0.3, 0.95)) - ground)
    canvas = np.clip(ground, 0, 255).astype(np.uint8)
    _scatter(rng, canvas, clutter)
    return canvas


def _scatter(rng: np.random.Generator, canvas: NDArray[np.uint8], count: int) -> None:
    height, width = canvas.shape[:2]
    kinds = [random_sprite(rng, colors=_dulled(random_colors(rng))) for _ in range(_KINDS_OF_CLUTTER)]
    for _ in range(count):
        pose = Pose(
            x=rng.uniform(0, width),
            y=rng.uniform(0, height),
            radius_px=rng.uniform(8.0, 26.0),
            angle_rad=rng.uniform(-math.pi, math.pi),
            stretch=2 ** rng.uniform(-0.3, 0.3),
            wobble=rng.uniform(0.0, 0.1),
            wobble_phase=rng.uniform(-math.pi, math.pi),
        )
        draw(canvas, kinds[int(rng.integers(len(kinds)))], pose)


def _dulled(colors: NDArray[np.float32]) -> NDArray[np.float32]:
    gray = colors.mean(axis=1, keepdims=True)
    return np.asarray(gray + 0.45 * (colors - gray), dtype=np.float32)
