"""From a recipe's line about a teacher to the teacher."""

from __future__ import annotations

from pathlib import Path

import torch

from sdst_edge.models import fold, load_checkpoint
from sdst_edge.models.registry import blueprint
from sdst_edge.training.recipe.distillation import TeacherSpec
from sdst_edge.training.teachers.model_teacher import ModelTeacher
from sdst_edge.training.teachers.onnx_teacher import BundleTeacher, OnnxTeacher
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.errors import CheckpointError, ConfigError, ManifestError

__all__ = ["load_teacher"]


def load_teacher(spec: TeacherSpec, name: str, device: torch.device) -> Teacher:
    """The teacher of a recipe.

    Args:
        spec: with paths that are absolute, or relative to where the program runs.
        name: for logs and messages.
        device: that it computes on first; bundles and ONNX files stay on the CPU.

    Raises:
        ConfigError: it is a recipe, which has to be run before; an ONNX file does not fit its family.
        CheckpointError: a file is missing or damaged.
        ManifestError: likewise, of a bundle.
    """
    if spec.recipe:
        raise ConfigError(
            f"teacher {name} is the recipe {spec.recipe}, which is not trained yet; "
            "run 'sdst-edge distill' with the student's recipe: it trains the teachers first"
        )
    try:
        if spec.checkpoint:
            model = load_checkpoint(Path(spec.checkpoint)).model.to(device)
            fold(model)  # it never learns again, and its norms take time
            return ModelTeacher(model, name)
        if spec.bundle:
            return BundleTeacher(Path(spec.bundle), name)
        return OnnxTeacher(Path(spec.onnx), blueprint(spec.family).config, name)
    except (CheckpointError, ConfigError, ManifestError) as error:
        raise type(error)(f"teacher {name}: {error}") from None
