"""A clip from a seed: one target, distractors, a panning camera, changing light, blur and noise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.attributes import ATTRIBUTES
from sdst_edge.datasets.courses import labelled
from sdst_edge.datasets.rendered.background import random_background
from sdst_edge.datasets.rendered.challenge import CHALLENGES, boxes_of
from sdst_edge.datasets.rendered.frames import RenderedFrames
from sdst_edge.datasets.rendered.motion import Region, random_poses, smooth_signal
from sdst_edge.datasets.rendered.pose import to_seen_box_xywh
from sdst_edge.datasets.rendered.sprite import random_colors, random_sprite
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import ConfigError

__all__ = ["render_clip"]

#: The target's radius over the height of the picture, in the middle of its changes of scale.
_TARGET_RADIUS = (0.08, 0.15)
_TARGET_OCTAVES = 0.5
#: Farthest that the target's outline gets from its origin, over its middle radius: scale, stretch and wobble at once.
_REACH = 2**_TARGET_OCTAVES * 2**0.14 * 1.07
#: How far the camera pans, over the height of the picture.
_PAN = 0.5
_NOISE_SIGMA = (1.0, 5.0)
_NOISE_MARGIN = 64
_MIN_SIDE_PX = 96
#: A target of which less is in the picture on an axis is out of view.
_MIN_SEEN_PX = 1.0


def render_clip(
    seed: int,
    *,
    frames: int = 120,
    size_wh: tuple[int, int] = (640, 360),
    distractors: int = 3,
    attribute: str | None = None,
) -> Sequence:
    """A clip of one target, the same for the same arguments; frames are drawn when they are asked for.

    On another kind of processor a pixel may differ by a grey level or so, as OpenCV's roundings do.
    Boxes are those of the target's silhouette: tight around its outline as placed, in continuous coordinates, without
    the shadow. Without an attribute the target is in front of everything and never leaves the picture, so it is visible
    throughout.

    Args:
        seed: >= 0. Everything is drawn from it, also the colours of the ground.
        frames: how many, >= 1. A longer clip moves no faster.
        size_wh: of the picture, px, at least 96 each.
        distractors: other moving objects, >= 0; the first has the colours of the target.
        attribute: a challenge in ``CHALLENGES`` that comes and goes in the same scene, or None. Boxes are those of the
            part of the silhouette that is in the picture, also where something is in front of it; a target that is
            hidden or gone altogether is not visible. The sequence is labelled with it, see
            :mod:`sdst_edge.datasets.courses`.

    Raises:
        ConfigError: an argument out of its range.
    """
    if seed < 0 or frames < 1 or min(size_wh) < _MIN_SIDE_PX or distractors < 0:
        raise ConfigError(
            f"rendered clip: seed {seed}, {frames} frames of {size_wh[0]}x{size_wh[1]}, {distractors} distractors; "
            f"expected seed >= 0, frames >= 1, sides >= {_MIN_SIDE_PX} px and distractors >= 0"
        )
    if attribute is not None and attribute not in CHALLENGES:
        raise ConfigError(f"rendered clip: attribute {attribute!r}, expected one of {', '.join(CHALLENGES)}")
    rng = np.random.default_rng(seed)
    scene = _random_frames(rng, frames, size_wh, distractors)
    plain = Sequence(
        name=f"rendered-{seed}",
        frames=scene,
        boxes_xywh=boxes_of(scene),
        visible=np.ones(frames, dtype=np.bool_),
        size_wh=size_wh,
    )
    return plain if attribute is None else _challenged(plain, scene, attribute, seed)


def _challenged(plain: Sequence, scene: RenderedFrames, attribute: str, seed: int) -> Sequence:
    """The clip with an attribute; the scene is otherwise the same, as is what is drawn from the seed."""
    rng = np.random.default_rng([seed, list(ATTRIBUTES).index(attribute)])
    timeline = CHALLENGES[attribute].timeline(len(scene))
    changed = CHALLENGES[attribute].change(rng, scene, timeline)
    sprite, poses = changed.target
    boxes_xywh = np.array([to_seen_box_xywh(sprite.outline, pose, changed.size_wh) for pose in poses], dtype=np.float64)
    visible = (boxes_xywh[:, 2:] >= _MIN_SEEN_PX).all(axis=1)
    visible &= ~np.array([changed.is_hidden(index) for index in range(len(changed))])
    sequence = replace(
        plain,
        name=f"{plain.name}-{attribute}",
        frames=changed,
        boxes_xywh=boxes_xywh,
        visible=visible,
    )
    return labelled(sequence, attribute, timeline.phases(), ~visible)


def _random_frames(rng: np.random.Generator, frames: int, size_wh: tuple[int, int], distractors: int) -> RenderedFrames:
    width, height = size_wh
    pan_px = _PAN * height
    pan = [smooth_signal(rng, frames, 40.0, 0.0, pan_px) for _ in range(2)]
    camera_xy = np.rint(np.stack(pan, axis=1)).astype(np.intp)
    ground_wh = (math.ceil(width + pan_px) + 1, math.ceil(height + pan_px) + 1)
    colors = random_colors(rng)
    target = (random_sprite(rng, colors=colors), random_poses(rng, frames, _target_region(rng, size_wh)))
    others = tuple(
        (
            random_sprite(rng, colors=colors if number == 0 else None),
            random_poses(rng, frames, _distractor_region(rng, size_wh)),
        )
        for number in range(distractors)
    )
    gain, offset = smooth_signal(rng, frames, 20.0, 0.75, 1.2), smooth_signal(rng, frames, 20.0, -14.0, 14.0)
    noise_wh = (width + _NOISE_MARGIN, height + _NOISE_MARGIN)
    return RenderedFrames(
        size_wh=size_wh,
        ground=random_background(rng, ground_wh, clutter=ground_wh[0] * ground_wh[1] // 14000),
        camera_xy=camera_xy,
        target=target,
        distractors=others,
        light=np.stack([gain, offset], axis=1),
        noise=_noise_tile(rng, noise_wh),
        noise_xy=rng.integers(0, _NOISE_MARGIN, size=(frames, 2)),
        blur_px=float(max(0.0, rng.uniform(-0.6, 0.9))),
    )


def _target_region(rng: np.random.Generator, size_wh: tuple[int, int]) -> Region:
    width, height = size_wh
    radius_px = rng.uniform(*_TARGET_RADIUS) * min(height, width)
    reach_px = radius_px * _REACH
    return Region(
        low_px=(reach_px, reach_px),
        high_px=(width - reach_px, height - reach_px),
        radius_px=radius_px,
        octaves=_TARGET_OCTAVES,
        frames_per_knot=rng.uniform(14.0, 28.0),
    )


def _distractor_region(rng: np.random.Generator, size_wh: tuple[int, int]) -> Region:
    width, height = size_wh
    return Region(
        low_px=(-0.1 * width, -0.1 * height),
        high_px=(1.1 * width, 1.1 * height),
        radius_px=rng.uniform(*_TARGET_RADIUS) * min(height, width),
        octaves=0.4,
        frames_per_knot=rng.uniform(16.0, 40.0),
    )


def _noise_tile(rng: np.random.Generator, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    noise = rng.standard_normal((size_wh[1], size_wh[0], 3), dtype=np.float32) * np.float32(rng.uniform(*_NOISE_SIGMA))
    tile: NDArray[np.uint8] = np.clip(np.rint(noise + 128), 0, 255).astype(np.uint8)
    return tile
