"""Challenges of what comes between the target and the viewer: occluders, clutter, light, blur."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.rendered.challenge import Timeline, boxes_of, challenge
from sdst_edge.datasets.rendered.frames import RenderedFrames
from sdst_edge.datasets.rendered.pose import Pose
from sdst_edge.datasets.rendered.sprite import random_sprite

__all__: list[str] = []

#: POC: sides of the bar over the target's greatest side; FOC: of the slab.
_BAR, _SLAB = (0.5, 2.2), (2.2, 1.6)
_SLAB_POWER, _OUTLINE_POINTS = 8.0, 256
_COPIES, _APPROACH, _ORBIT_RAD = (2, 4), 1.5, 0.02
_LIGHT_OCTAVES = (0.7, 1.3)
#: MB: length of the smear over sqrt(w h).
_SMEAR = (0.6, 1.0)


@challenge("POC", course_frames=31)
def _partial_occlusion(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """A bar passes in front of the target that is half as wide as the target is long."""
    return _with_occluder(rng, scene, timeline, _BAR)


@challenge("FOC", course_frames=41)
def _full_occlusion(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """A slab passes in front of the target that is larger than it, and hides it for a while."""
    return _with_occluder(rng, scene, timeline, _SLAB)


@challenge("BC", course_frames=41)
def _background_clutter(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """Copies of the target come close, go around it without touching it, and leave."""
    sprite, poses = scene.target
    count = int(rng.integers(_COPIES[0], _COPIES[1] + 1))
    angles = rng.uniform(0, 2 * math.pi) + np.arange(count) * (2 * math.pi / count)
    scales, turns = rng.uniform(0.8, 1.1, size=count), rng.uniform(-math.pi, math.pi, size=count)
    shares = timeline.intensity().tolist()
    copies = []
    for angle, scale, turn in zip(angles.tolist(), scales.tolist(), turns.tolist(), strict=True):
        placed = []
        for index, (pose, share) in enumerate(zip(poses, shares, strict=True)):
            reach_px = pose.radius_px * (1 + pose.wobble) * max(pose.stretch, 1 / pose.stretch)
            apart_px = reach_px * (1 + scale) * (1.05 + _APPROACH * (1 - share))
            at = angle + _ORBIT_RAD * index
            x, y = pose.x + apart_px * math.cos(at), pose.y + apart_px * math.sin(at)
            placed.append(pose._replace(x=x, y=y, radius_px=scale * pose.radius_px, angle_rad=pose.angle_rad + turn))
        copies.append((sprite, placed))
    return replace(scene, distractors=(*scene.distractors, *copies))


@challenge("IV", course_frames=31)
def _illumination(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The light goes down or up to less than half or more than twice its strength, and back."""
    count = len(timeline.courses)
    octaves = timeline.spread((rng.uniform(*_LIGHT_OCTAVES, size=count) * rng.choice((-1.0, 1.0), size=count)).tolist())
    light = scene.light.copy()
    light[:, 0] *= np.exp2(octaves * timeline.intensity())
    return replace(scene, light=light)


@challenge("MB", course_frames=21)
def _motion_blur(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The shutter stays open for longer, so that the target is smeared along its way."""
    boxes = boxes_of(scene)
    centers = boxes[:, :2] + boxes[:, 2:] / 2
    velocity = np.gradient(centers, axis=0) if timeline.count > 1 else np.zeros((1, 2))
    speed = np.linalg.norm(velocity, axis=1, keepdims=True)
    length_px = np.sqrt(boxes[:, 2:].prod(axis=1)) * timeline.intensity()
    length_px *= timeline.spread(rng.uniform(*_SMEAR, size=len(timeline.courses)).tolist())
    return replace(scene, smear_px=velocity / np.maximum(speed, 1e-9) * length_px[:, None])


def _with_occluder(
    rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline, sides: tuple[float, float]
) -> RenderedFrames:
    """The scene with something that moves across the target in each course, and is far away in between.

    Args:
        rng: where the randomness comes from.
        scene: without an occluder.
        timeline: of its courses.
        sides: of the occluder along its way and across, over the target's greatest side.
    """
    boxes, phases = boxes_of(scene), timeline.phases()
    centers, lengths = boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2:].max(axis=1)
    angles = timeline.spread(rng.uniform(0, 2 * math.pi, size=len(timeline.courses)).tolist())
    outline = _slab(sides)
    radius = float(np.linalg.norm(outline, axis=1).max())
    sprite = random_sprite(rng, outline=outline / radius)
    way = (phases - 0.5) * lengths * (1 + sides[0])
    x, y = centers[:, 0] + way * np.cos(angles), centers[:, 1] + way * np.sin(angles)
    x[phases == 0] = -10.0 * max(scene.size_wh)
    columns = np.stack([x, y, radius * lengths, angles], axis=1).tolist()
    poses = [Pose(at_x, at_y, size, angle, 1.0, 0.0, 0.0) for at_x, at_y, size, angle in columns]
    return replace(scene, occluder=(sprite, poses))


def _slab(sides: tuple[float, float]) -> NDArray[np.float64]:
    """(N, 2) points of a rectangle with round corners around the origin."""
    angles = np.linspace(-math.pi, math.pi, _OUTLINE_POINTS, endpoint=False)
    cos, sin = np.cos(angles) / (sides[0] / 2), np.sin(angles) / (sides[1] / 2)
    far = (np.abs(cos) ** _SLAB_POWER + np.abs(sin) ** _SLAB_POWER) ** (-1 / _SLAB_POWER)
    return np.asarray(np.stack([np.cos(angles), np.sin(angles)], axis=1) * far[:, None], dtype=np.float64)
