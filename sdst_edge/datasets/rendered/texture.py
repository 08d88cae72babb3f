"""Colour and grain: palettes, fractal noise, and patterns for objects and backgrounds."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["color_ramp", "fractal_noise", "random_color", "random_pattern"]

Pattern = Callable[[np.random.Generator, NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def fractal_noise(
    rng: np.random.Generator, size_wh: tuple[int, int], *, cell_px: float, octaves: int
) -> NDArray[np.float32]:
    """Noise of several scales: (H, W) float32 in 0..1, both ends reached.

    Args:
        rng: where the randomness comes from.
        size_wh: W and H of the result.
        cell_px: size of the largest features.
        octaves: each has half the size and .55 of the strength of the one before.
    """
    import cv2

    width, height = size_wh
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(octaves):
        cell = max(1.0, cell_px / 2**octave)
        grid = rng.random((math.ceil(height / cell) + 2, math.ceil(width / cell) + 2), dtype=np.float32)
        total += np.float32(0.55**octave) * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    total -= total.min()
    total /= max(float(total.max()), 1e-6)
    return total


def random_color(
    rng: np.random.Generator, *, saturation: tuple[float, float], value: tuple[float, float]
) -> NDArray[np.float32]:
    """A colour of any hue, with saturation and value from ranges within 0..1: (3,) BGR, 0..255."""
    rgb = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(*saturation), rng.uniform(*value))
    return np.array([255 * channel for channel in reversed(rgb)], dtype=np.float32)


def color_ramp(share: NDArray[np.float32], colors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each share 0..1 on a ramp through (K, 3) colours: share.shape + (3,), same unit as the colours."""
    stops = np.linspace(0.0, 1.0, 256, dtype=np.float32)
    at = np.linspace(0.0, 1.0, len(colors))
    table = np.stack([np.interp(stops, at, colors[:, channel]) for channel in range(3)], axis=1).astype(np.float32)
    return np.asarray(table[np.clip(share * 255, 0, 255).astype(np.uint8)])


def random_pattern(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    """One of the patterns on the plane of a sprite, u and v (T, T) in -1..1: (T, T) float32 in 0..1."""
    pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))]
    turn = rng.uniform(-math.pi, math.pi)
    cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    return np.clip(pattern(rng, cos * u + sin * v, cos * v - sin * u), 0.0, 1.0).astype(np.float32)


def _stripes(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    bend = np.float32(rng.uniform(-1.0, 1.0))
    return _soft_step(np.sin((u + bend * v * v) * np.float32(rng.uniform(5.0, 12.0)) + np.float32(rng.uniform(0, 6))))


def _rings(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = u - np.float32(rng.uniform(-0.4, 0.4))
    return _soft_step(np.sin(np.sqrt(shifted * shifted + v * v) * np.float32(rng.uniform(8.0, 15.0))))


def _checks(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    pace = np.float32(rng.uniform(4.0, 8.0))
    return _soft_step(2 * np.sin(u * pace) * np.sin(v * pace))


def _spots(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    spots = np.full(u.shape, -1.0, dtype=np.float32)
    for x, y, radius in rng.uniform((-0.8, -0.8, 0.1), (0.8, 0.8, 0.3), size=(9, 3)).astype(np.float32):
        spots = np.maximum(spots, radius - np.hypot(u - x, v - y))
    return _soft_step(spots * 8)


def _halves(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    wave = np.float32(rng.uniform(0.0, 0.4)) * np.sin(v * np.float32(rng.uniform(2.0, 7.0)))
    return _soft_step(4 * (u + wave - np.float32(rng.uniform(-0.3, 0.3))))


def _patches(rng: np.random.Generator, u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (u + v).shape
    noise = fractal_noise(rng, (width, height), cell_px=height * rng.uniform(0.2, 0.45), octaves=3)
    return _soft_step((noise - np.float32(0.5)) * 12)


_PATTERNS: tuple[Pattern, ...] = (_stripes, _rings, _checks, _spots, _halves, _patches)


def _soft_step(value: NDArray[np.float32]) -> NDArray[np.float32]:
    step: NDArray[np.float32] = np.clip(np.float32(0.5) + value * np.float32(1.5), 0.0, 1.0)
    return step
