"""Where a recipe's teacher lies."""

from __future__ import annotations

from pathlib import Path

from sdst_edge.training.recipe import TeacherSpec
from sdst_edge.weights import find_weights
from sdst_runtime.shipped import find_bundle

__all__ = ["teacher_path"]


def teacher_path(teacher: TeacherSpec) -> tuple[str, Path]:
    """The key that says where a teacher is that needs no training first, and its file, or a bundle's folder."""
    if teacher.bundle:
        return "bundle", find_bundle(Path(teacher.bundle))
    if teacher.checkpoint:
        return "checkpoint", find_weights(Path(teacher.checkpoint))
    return "onnx", Path(teacher.onnx)
