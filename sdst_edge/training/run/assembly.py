"""A recipe's student, teachers and pairs, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import torch
from lightning_fabric import Fabric
from torch import nn

from sdst_edge.models import SiameseModel
from sdst_edge.training.pairs.loader import PairLoader
from sdst_edge.training.quantization_aware.learner import QuantizationAware
from sdst_edge.training.recipe import Distillation, Recipe
from sdst_edge.training.run.ema import RunningMean
from sdst_edge.training.run.memory_format import fast_format, lay_out
from sdst_edge.training.run.processes import share_of_batch
from sdst_edge.training.run.setting import Batches, Setting
from sdst_edge.training.run.validation import Validation
from sdst_edge.training.sdst import Sdst
from sdst_edge.training.students.starting import trained_config
from sdst_edge.training.teachers.loading import load_teacher
from sdst_edge.training.teachers.teacher import Teacher

__all__ = ["assemble", "partly_used"]


def partly_used(recipe: Recipe, student: SiameseModel) -> bool:
    """Whether some parameters may have no gradient in a step: a mask branch's, or an adapter's."""
    return student.mask is not None or recipe.distillation is not None


def assemble(
    recipe: Recipe, student: SiameseModel, fabric: Fabric, on_open: Callable[[float], None] | None = None
) -> Setting:
    """Teachers, losses, pairs and validation around a student.

    Args:
        recipe: its teachers are checkpoints, bundles or ONNX models.
        student: as it begins; moved to the device.
        fabric: of the run.
        on_open: called with the share done, 0..1, while clips are rendered.

    Raises:
        SdstError: something that the recipe names is missing or does not fit.
    """
    validation = Validation.of(recipe) if fabric.is_global_zero else None
    size = share_of_batch(recipe.optimization, fabric.world_size)
    student.to(fabric.device)
    lay_out(student, fast_format(student, fabric.device))
    mean = RunningMean(student, recipe.optimization.ema_decay)
    if recipe.optimization.sync_batch_norm and fabric.world_size > 1 and fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(student)  # type: ignore[no-untyped-call]  # in place
    general, specialised = _teachers(recipe.distillation, fabric.device)
    torch.manual_seed(recipe.seed)  # of the adapters
    sdst = Sdst(student, trained_config(student, recipe.model), recipe, general, specialised).to(fabric.device)
    module = _rounded(sdst, student, recipe, validation)

    def batches(first_step: int) -> AbstractContextManager[Batches]:
        return PairLoader(
            recipe,
            sdst.configs,
            batch_size=size,
            first_step=first_step,
            clean_from=sdst.clean_from,
            rank=fabric.global_rank,
            world=fabric.world_size,
            device=fabric.device,
            on_progress=on_open,
        )

    return Setting(recipe=recipe, student=student, mean=mean, module=module, batches=batches, validation=validation)


def _rounded(sdst: Sdst, student: SiameseModel, recipe: Recipe, validation: Validation | None) -> nn.Module:
    """What is trained and validated with the student rounded, where the recipe says so; else the module itself."""
    if recipe.quantization is None:
        return sdst
    learner = QuantizationAware(sdst, student, recipe.quantization)
    if validation is not None:
        validation.quantizer = learner.quantizer
    return learner


def _teachers(
    distillation: Distillation | None, device: torch.device
) -> tuple[tuple[Teacher, ...], Mapping[str, Teacher]]:
    if distillation is None:
        return (), {}
    general = tuple(
        load_teacher(spec, f"general {number}", device) for number, spec in enumerate(distillation.general, start=1)
    )
    return general, {name: load_teacher(spec, name, device) for name, spec in distillation.specialised.items()}
