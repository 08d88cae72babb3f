"""What a trained checkpoint says of its making."""

from __future__ import annotations

from pathlib import Path

from sdst_edge.training.recipe import Recipe, TeacherSpec
from sdst_edge.training.run.files import recipe_sha256
from sdst_runtime.manifest import Provenance

__all__ = ["provenance"]


def provenance(recipe: Recipe, steps: int) -> Provenance:
    """Recipe, steps, data and teachers; equal runs have equal ones, wherever they were run.

    Args:
        recipe: of the run.
        steps: optimiser steps that the weights took.
    """
    notes = [f"{steps} steps of {recipe.optimization.batch_size} pairs", f"data: {_data(recipe)}"]
    if recipe.model.start:
        notes.append(f"started from {Path(recipe.model.start).name}")
    if recipe.quantization is not None:
        notes.append(f"quantisation-aware, rounded as {recipe.quantization.variant}")
    distillation = recipe.distillation
    if distillation is not None:
        general = [_name(spec) for spec in distillation.general]
        specialised = [f"{_name(spec)} for {attribute}" for attribute, spec in distillation.specialised.items()]
        notes.append(f"teachers: {', '.join(general + specialised) or 'none'}")
    return Provenance(source="sdst-edge train", sha256=recipe_sha256(recipe), notes="; ".join(notes))


def _data(recipe: Recipe) -> str:
    named = [
        source.path if source.rendered is None else f"{source.rendered.clips} rendered clips"
        for source in recipe.data.sources
    ]
    return ", ".join(named)


def _name(spec: TeacherSpec) -> str:
    return Path(spec.checkpoint or spec.bundle or spec.onnx or spec.recipe).name
