"""Challenges of where the target is in the picture: fast motion, out of view, camera motion."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.rendered.challenge import PoseTable, Timeline, boxes_of, challenge, with_target
from sdst_edge.datasets.rendered.frames import RenderedFrames
from sdst_edge.datasets.rendered.pose import Pose

__all__: list[str] = []

#: FM: px a frame over sqrt(w h) of the box.
_SPEED = (1.25, 1.6)
#: OV: share of a course in which the target leaves, and comes back; and how far beyond the edge it goes, px.
_LEAVING, _BEYOND_PX = 0.4, 2.0
#: CM: how far a jerk goes, over sqrt(w h), and how often a course swings.
_JERK, _JERKS = (0.6, 0.8), 3


@challenge("FM", course_frames=11)
def _fast_motion(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target darts about and bounces off the picture's edges, farther than sqrt(w h) a frame."""
    boxes, table = boxes_of(scene), PoseTable(scene.target[1])
    sizes = np.sqrt(boxes[:, 2:].prod(axis=1))
    speeds = timeline.spread(rng.uniform(*_SPEED, size=len(timeline.courses)).tolist())
    corners = boxes[:, :2].copy()  # of the box; its own path goes on between courses from where a course ended
    wide, high = ((scene.size_wh[axis] - boxes[:, axis + 2]).tolist() for axis in (0, 1))
    direction = 0.0
    for index in range(1, timeline.count):
        if speeds[index] and not speeds[index - 1]:
            direction = _freest_direction(corners[index - 1], (wide[index], high[index]), rng.uniform(-0.4, 0.4))
        if speeds[index]:
            step_px = speeds[index] * max(sizes[index - 1], sizes[index])
            step = np.array([math.cos(direction), math.sin(direction)]) * step_px
        else:
            step = boxes[index, :2] - boxes[index - 1, :2]
        aim = (corners[index - 1] + step).tolist()
        free = (wide[index], high[index])
        corners[index] = [_bounced(value, most) for value, most in zip(aim, free, strict=True)]
        if speeds[index]:
            turned_x, turned_y = (not 0 <= value <= most for value, most in zip(aim, free, strict=True))
            heading = (-math.cos(direction) if turned_x else math.cos(direction),
                       -math.sin(direction) if turned_y else math.sin(direction))  # fmt: skip
            direction = math.atan2(heading[1], heading[0])
    table.columns["x"] += corners[:, 0] - boxes[:, 0]
    table.columns["y"] += corners[:, 1] - boxes[:, 1]
    return with_target(scene, table)


@challenge("OV", course_frames=61)
def _out_of_view(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The target leaves the picture over a near edge, stays away and comes back."""
    boxes, table = boxes_of(scene), PoseTable(scene.target[1])
    phases = timeline.phases()
    rise = np.minimum(1.0, np.minimum(phases, 1 - phases) / _LEAVING)
    rise = rise * rise * (3 - 2 * rise)
    ends = np.concatenate([boxes[:, :2] + boxes[:, 2:], scene.size_wh - boxes[:, :2]], axis=1) + _BEYOND_PX  # (N, 4)
    for course in timeline.courses:
        peak = ends[course[len(course) // 2]]
        near = np.flatnonzero(peak <= 1.5 * peak.min())
        side = int(rng.choice(near))  # 0 left, 1 top, 2 right, 3 bottom
        frames = slice(course.start, course.stop)
        table.columns["xy"[side % 2]][frames] += (-1 if side < 2 else 1) * (ends[:, side] * rise)[frames]
    return with_target(scene, table)


@challenge("CM", course_frames=25)
def _camera_motion(rng: np.random.Generator, scene: RenderedFrames, timeline: Timeline) -> RenderedFrames:
    """The camera is shaken: ground and objects jump to and fro, by less than sqrt(w h) a frame."""
    boxes = boxes_of(scene)
    jerk_px = np.sqrt(boxes[:, 2:].prod(axis=1)) * timeline.spread(
        rng.uniform(*_JERK, size=len(timeline.courses)).tolist()
    )
    swing = timeline.intensity() * np.cos(2 * math.pi * _JERKS * (timeline.phases() - 0.5))
    angle = timeline.spread(rng.uniform(0, 2 * math.pi, size=len(timeline.courses)).tolist())
    wanted = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (jerk_px * swing)[:, None]
    ground = np.array([scene.ground.shape[1] - scene.size_wh[0], scene.ground.shape[0] - scene.size_wh[1]])
    camera_xy = np.clip(np.rint(scene.camera_xy + wanted).astype(np.intp), 0, ground)
    moved = scene.camera_xy - camera_xy  # of everything in the picture
    inside = np.array(scene.size_wh) - boxes[:, :2] - boxes[:, 2:]
    moved = np.clip(moved, np.ceil(np.minimum(-boxes[:, :2], 0)), np.floor(np.maximum(inside, 0))).astype(np.intp)
    return replace(
        scene,
        camera_xy=scene.camera_xy - moved,
        target=(scene.target[0], _moved(scene.target[1], moved)),
        distractors=tuple((sprite, _moved(poses, moved)) for sprite, poses in scene.distractors),
    )


def _moved(poses: list[Pose], offsets: NDArray[np.intp]) -> list[Pose]:
    return [pose._replace(x=pose.x + dx, y=pose.y + dy) for pose, (dx, dy) in zip(poses, offsets.tolist(), strict=True)]


def _bounced(value: float, most: float) -> float:
    """The value mirrored at 0 and at ``most`` until it is between."""
    if most <= 0:
        return most / 2
    folded = value % (2 * most)
    return min(folded, 2 * most - folded)


def _freest_direction(corner: NDArray[np.float64], free: tuple[float, float], turn_rad: float) -> float:
    """Towards the farthest corner of where the box may be, a bit off."""
    x, y = corner.tolist()
    return math.atan2(free[1] if y < free[1] / 2 else -free[1], free[0] if x < free[0] / 2 else -free[0]) + turn_rad
