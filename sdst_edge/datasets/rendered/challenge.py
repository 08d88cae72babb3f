"""What a challenge is in a rendered clip: a change of its scene, made before anything is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.courses import course_phases, intensity, plan_courses
from sdst_edge.datasets.rendered.frames import RenderedFrames
from sdst_edge.datasets.rendered.pose import Pose, to_box_xywh

__all__ = ["CHALLENGES", "PoseTable", "Timeline", "boxes_of", "challenge", "kept_inside", "with_target"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a challenge shows in a clip.

    Attributes:
        count: of frames.
        courses: the frames of each course; none where it holds throughout.
    """

    count: int
    courses: list[range]

    def phases(self) -> NDArray[np.float64]:
        """(N,), 0 outside of courses; the peak's 0.5 everywhere without courses."""
        phases = np.full(self.count, 0.0 if self.courses else 0.5)
        for course in self.courses:
            phases[course.start : course.stop] = course_phases(course)
        return phases

    def intensity(self) -> NDArray[np.float64]:
        """(N,), 0 to 1."""
        return np.array([intensity(phase) for phase in self.phases().tolist()])

    def spread(self, values: Iterable[float]) -> NDArray[np.float64]:
        """(N,): one value a course, 0 outside."""
        spread = np.zeros(self.count)
        for course, value in zip(self.courses, values, strict=True):
            spread[course.start : course.stop] = value
        return spread


Change = Callable[[np.random.Generator, RenderedFrames, Timeline], RenderedFrames]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenging attribute that can be rendered.

    Attributes:
        course_frames: how many frames one course takes, odd; None where it holds for a whole clip.
        change: a scene as it is without the challenge to one with it; the first frame stays as it is if there are
            courses, but for the distractors.
    """

    course_frames: int | None
    change: Change

    def timeline(self, count: int) -> Timeline:
        """For a clip of ``count`` frames."""
        return Timeline(count, [] if self.course_frames is None else plan_courses(count, self.course_frames))


#: By attribute.
CHALLENGES: dict[str, Challenge] = {}


def challenge(attribute: str, *, course_frames: int | None) -> Callable[[Change], Change]:
    """Registers the function below it as the one that puts an attribute into a scene."""

    def register(change: Change) -> Change:
        CHALLENGES[attribute] = Challenge(course_frames, change)
        return change

    return register


class PoseTable:
    """Poses as columns, to compute with.

    Attributes:
        columns: by the names of ``Pose``, (N,) each.
    """

    def __init__(self, poses: list[Pose]) -> None:
        table = np.array(poses, dtype=np.float64)
        self.columns = {name: table[:, number].copy() for number, name in enumerate(Pose._fields)}

    def poses(self) -> list[Pose]:
        """One a frame."""
        return [Pose(*row) for row in np.stack([self.columns[name] for name in Pose._fields], axis=1).tolist()]


def with_target(scene: RenderedFrames, table: PoseTable) -> RenderedFrames:
    """The scene with its target in other poses."""
    return replace(scene, target=(scene.target[0], table.poses()))


def boxes_of(scene: RenderedFrames) -> NDArray[np.float64]:
    """(N, 4) x, y, w, h of the target's outline, not clipped to the picture."""
    sprite, poses = scene.target
    return np.array([to_box_xywh(sprite.outline, pose) for pose in poses], dtype=np.float64)


def kept_inside(scene: RenderedFrames) -> RenderedFrames:
    """The scene with its target moved as far as it takes to be in the picture, where it fits."""
    boxes, table = boxes_of(scene), PoseTable(scene.target[1])
    for axis, name in enumerate(("x", "y")):
        free = np.maximum(scene.size_wh[axis] - boxes[:, axis + 2], 0.0)
        table.columns[name] += np.clip(boxes[:, axis], 0.0, free) - boxes[:, axis]
    return with_target(scene, table)
