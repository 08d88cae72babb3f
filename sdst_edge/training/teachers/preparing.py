"""Teachers made ready for one student: no more is seen and computed than it needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sdst_edge.models.composed import ComposedTracker
from sdst_edge.training.teachers.model_teacher import ModelTeacher
from sdst_edge.training.teachers.shared_trunk import share_trunks
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.config import TrackerConfig

__all__ = ["prepare"]


def prepare(
    teachers: Sequence[Teacher], student: TrackerConfig, features: Sequence[Collection[str]]
) -> tuple[Teacher, ...]:
    """The teachers of a student, in order.

    Networks of ours are narrowed to the student's field of view, give the features that are asked for, and share
    trunks that are equal. Bundles and ONNX files have one size and give predictions only: they stay as they are.

    Args:
        teachers: of the student.
        student: its configuration.
        features: names that hints ask of each teacher.

    Raises:
        ConfigError: a network has no feature of such a name.
    """
    ready: list[Teacher] = []
    sharing: list[ComposedTracker] = []
    for teacher, names in zip(teachers, features, strict=True):
        if not isinstance(teacher, ModelTeacher):
            ready.append(teacher)
            continue
        own = teacher.narrowed(student)
        own.give(names)
        ready.append(own)
        if isinstance(own.model, ComposedTracker) and not any(name.split(".")[0] == "trunk" for name in names):
            sharing.append(own.model)  # modules of a shared trunk do not run for each teacher
    share_trunks(sharing)
    return tuple(ready)
