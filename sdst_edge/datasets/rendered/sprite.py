"""Objects: a smooth outline, a shaded texture inside it, and the way they get into a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.rendered.pose import Pose, to_image, to_plane
from sdst_edge.datasets.rendered.texture import color_ramp, fractal_noise, random_color, random_pattern

__all__ = ["Sprite", "draw", "random_sprite"]

_TEXELS = 160
_SUPERSAMPLING = 4
#: Half the side of the texture in units of the plane; outlines stay within radius 1.
_HALF_SIDE = 1.15
_OUTLINE_POINTS = 256
_SHADOW_SHIFT = 0.16
_SHADOW_STRENGTH = 0.45


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sprite:
    """An object before it is placed.

    Attributes:
        outline: (N, 2) points of its silhouette in its plane, the farthest at radius 1.
        textures: (T, T, 4) uint8 BGR times alpha, alpha; the first is the finest, each next has half the side.
        shadow: (T / 4, T / 4) uint8, soft.
    """

    outline: NDArray[np.float64]
    textures: tuple[NDArray[np.uint8], ...]
    shadow: NDArray[np.uint8]


def random_sprite(
    rng: np.random.Generator,
    *,
    colors: NDArray[np.float32] | None = None,
    outline: NDArray[np.float64] | None = None,
) -> Sprite:
    """An object of a random shape and texture.

    Args:
        rng: where the randomness comes from.
        colors: (2, 3) BGR, 0..255, of its pattern; drawn when None.
        outline: (N, 2) points of its plane, the farthest at radius 1; drawn when None.
    """
    import cv2

    if outline is None:
        outline = _random_outline(rng)
    if colors is None:
        colors = random_colors(rng)
    alpha = _coverage(outline)
    texture = _shaded_texture(rng, colors, alpha)
    premultiplied = np.dstack([texture * alpha[..., None], 255 * alpha])
    finest = np.rint(premultiplied).astype(np.uint8)
    half, quarter = (_reduced(finest, _TEXELS // factor) for factor in (2, 4))
    shadow = cv2.GaussianBlur(np.ascontiguousarray(quarter[..., 3]), (0, 0), 2.0)
    return Sprite(outline=outline, textures=(finest, half, quarter), shadow=np.asarray(shadow, dtype=np.uint8))


def _reduced(texture: NDArray[np.uint8], texels: int) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.resize(texture, (texels, texels), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def random_colors(rng: np.random.Generator) -> NDArray[np.float32]:
    """Two colours that stand out from each other: (2, 3) BGR, 0..255."""
    bright = random_color(rng, saturation=(0.1, 0.95), value=(0.65, 1.0))
    dark = random_color(rng, saturation=(0.3, 1.0), value=(0.1, 0.5))
    return np.stack([bright, dark])


def draw(canvas: NDArray[np.uint8], sprite: Sprite, pose: Pose, *, shadow: bool = True) -> None:
    """Draws a sprite and its shadow into a picture.

    Args:
        canvas: (H, W, 3) uint8 BGR, changed in place.
        sprite: what to draw.
        pose: may lie partly or wholly outside the canvas.
        shadow: a soft one, to the lower right; it is no part of the silhouette.
    """
    import cv2

    roi = _region(canvas, sprite, pose)
    if roi is None:
        return
    (left, top), (right, bottom) = roi
    columns = np.arange(left, right, dtype=np.float32) + np.float32(0.5)
    rows = np.arange(top, bottom, dtype=np.float32) + np.float32(0.5)
    u, v = to_plane(columns, rows, pose)
    texture = _level(sprite, pose)
    colour = cv2.remap(texture, *_texels(u, v, texture.shape[0]), cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    patch = canvas[top:bottom, left:right]
    keep = 255 - colour[..., 3].astype(np.float32)  # (h, w): share of the background that stays, 0..255
    if shadow:
        turn = pose.angle_rad - math.pi / 4
        du, dv = np.float32(_SHADOW_SHIFT * math.cos(turn)), np.float32(-_SHADOW_SHIFT * math.sin(turn))
        shade = cv2.remap(sprite.shadow, *_texels(u - du, v - dv, sprite.shadow.shape[0]), cv2.INTER_LINEAR)
        keep *= 1 - np.float32(_SHADOW_STRENGTH / 255) * shade
    weight = cv2.merge([keep, keep, keep])
    behind = cv2.multiply(patch, weight, scale=1 / 255, dtype=cv2.CV_8U)
    canvas[top:bottom, left:right] = cv2.add(behind, np.ascontiguousarray(colour[..., :3]))


def _region(canvas: NDArray[np.uint8], sprite: Sprite, pose: Pose) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The part of the canvas that a sprite with its shadow can touch, or None."""
    points = to_image(sprite.outline, pose)
    margin = 1 + 0.3 * pose.radius_px
    left, top = (max(0, math.floor(low - margin)) for low in points.min(axis=0).tolist())
    right = min(canvas.shape[1], math.ceil(points[:, 0].max() + margin))
    bottom = min(canvas.shape[0], math.ceil(points[:, 1].max() + margin))
    return None if left >= right or top >= bottom else ((left, top), (right, bottom))


def _level(sprite: Sprite, pose: Pose) -> NDArray[np.uint8]:
    texels_per_px = _TEXELS / (2 * _HALF_SIDE * pose.radius_px)
    level = int(math.log2(max(texels_per_px, 1.0)))  # one to two texels a pixel, where there are as many
    return sprite.textures[min(level, len(sprite.textures) - 1)]


def _texels(
    u: NDArray[np.float32], v: NDArray[np.float32], texels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    scale, shift = np.float32(texels / (2 * _HALF_SIDE)), np.float32(texels / 2 - 0.5)
    return u * scale + shift, v * scale + shift


def _random_outline(rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth closed curve around the origin, one radius per angle: (N, 2), the farthest point at radius 1."""
    angle = np.linspace(-math.pi, math.pi, _OUTLINE_POINTS, endpoint=False)
    radius = np.ones_like(angle)
    for lobes in (2, 3, 4, 5):
        radius += rng.uniform(-0.28, 0.28) / (lobes - 1) * np.cos(lobes * angle + rng.uniform(0, 2 * math.pi))
    if rng.uniform() < 0.4:  # petals, teeth, rays
        radius += rng.uniform(0.05, 0.16) * np.cos(int(rng.integers(5, 10)) * angle)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    points *= (1.0, rng.uniform(0.5, 1.0))  # (N, 2)
    return np.asarray(points / np.linalg.norm(points, axis=1).max(), dtype=np.float64)


def _coverage(outline: NDArray[np.float64]) -> NDArray[np.float32]:
    """How much of each texel lies inside the outline: (T, T), 0..1."""
    import cv2

    side = _TEXELS * _SUPERSAMPLING
    shift = 4
    points = outline * (side / (2 * _HALF_SIDE))
    points *= 1 - 0.5 / np.linalg.norm(points, axis=1, keepdims=True)  # fillPoly covers the outline's own pixels too
    points += side / 2 - 0.5
    mask = np.zeros((side, side), dtype=np.uint8)
    cv2.fillPoly(mask, [np.rint(points * 2**shift).astype(np.int32)], 255, shift=shift)
    small = cv2.resize(mask, (_TEXELS, _TEXELS), interpolation=cv2.INTER_AREA)
    coverage: NDArray[np.float32] = small.astype(np.float32) / np.float32(255)
    return coverage


def _shaded_texture(
    rng: np.random.Generator, colors: NDArray[np.float32], alpha: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Pattern, grain, rim and light: (T, T, 3) BGR, 0..255."""
    import cv2

    axis = ((np.arange(_TEXELS, dtype=np.float32) + 0.5) / _TEXELS * 2 - 1) * np.float32(_HALF_SIDE)
    u, v = np.meshgrid(axis, axis)
    color = color_ramp(random_pattern(rng, u, v), colors)
    grain = fractal_noise(rng, (_TEXELS, _TEXELS), cell_px=24.0, octaves=4)
    color *= (0.8 + 0.4 * grain)[..., None]
    height = cv2.GaussianBlur(alpha, (0, 0), _TEXELS / 14)  # a cushion: high inside, falling towards the rim
    slope_x, slope_y = cv2.Sobel(height, cv2.CV_32F, 1, 0), cv2.Sobel(height, cv2.CV_32F, 0, 1)
    light = 0.55 + 0.55 * height + 3.0 * (slope_x + slope_y)
    color *= np.clip(light, 0.25, 1.5)[..., None]
    return np.asarray(np.clip(color, 0, 255), dtype=np.float32)
