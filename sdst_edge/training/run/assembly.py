"""A recipe's student, teachers and pairs, put together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import nn

from sdst_edge.models import SiameseModel, build, families, load_checkpoint
from sdst_edge.training.pairs.loader import PairLoader
from sdst_edge.training.recipe import Distillation, ModelSpec, Recipe
from sdst_edge.training.run.ema import RunningMean
from sdst_edge.training.run.memory_format import fast_format, lay_out
from sdst_edge.training.run.processes import share_of_batch
from sdst_edge.training.run.setting import Batches, Setting
from sdst_edge.training.run.validation import Validation
from sdst_edge.training.sdst import Sdst
from sdst_edge.training.targets.points import narrowed
from sdst_edge.training.teachers.loading import load_teacher
from sdst_edge.training.teachers.teacher import Teacher
from sdst_runtime.errors import ConfigError

__all__ = ["assemble", "make_student", "partly_used"]


def make_student(model: ModelSpec, seed: int) -> SiameseModel:
    """The network with the weights that it starts from, on the CPU.

    Args:
        model: its ``start`` is a checkpoint.
        seed: of random weights.

    Raises:
        ConfigError: there is no such family or option, or the checkpoint is of another one.
        CheckpointError: the checkpoint is missing or damaged.
    """
    if not model.start:
        if not model.family:
            raise ConfigError("recipe: neither model.family nor model.start is set; set one")
        torch.manual_seed(seed)
        return build(model.family, **model.options)
    if model.start.endswith(".toml"):
        raise ConfigError(
            f"recipe: model.start is the recipe {model.start}, which has to be trained first; "
            "'sdst-edge distill' does so"
        )
    start = load_checkpoint(Path(model.start)).model
    if model.family and model.family != start.family:
        raise ConfigError(
            f"recipe: model.start {model.start} is of family {start.family}, model.family is {model.family}; "
            "leave model.family out, or start from another checkpoint"
        )
    if any(_option(start, key) != value for key, value in model.options.items()):
        raise ConfigError(
            f"recipe: model.start {model.start} was built with {_listed(start.options)}, "
            f"model.options are {_listed(model.options)}; leave them out, or start from another checkpoint"
        )
    return start.train()


def partly_used(recipe: Recipe, student: SiameseModel) -> bool:
    """Whether some parameters may have no gradient in a step: a mask branch's, or an adapter's."""
    return student.mask is not None or recipe.distillation is not None


def assemble(
    recipe: Recipe, student: SiameseModel, fabric: Fabric, on_open: Callable[[float], None] | None = None
) -> Setting:
    """Teachers, losses, pairs and validation around a student.

    Args:
        recipe: its teachers are checkpoints, bundles or ONNX models.
        student: of :func:`make_student`; moved to the device.
        fabric: of the run.
        on_open: called with the share done, 0..1, while clips are rendered.

    Raises:
        SdstError: something that the recipe names is missing or does not fit.
    """
    validation = Validation.of(recipe) if fabric.is_global_zero else None
    size = share_of_batch(recipe.optimization, fabric.world_size)
    config = student.config
    if recipe.model.search_cells:
        config = narrowed(config, recipe.model.search_cells)
    student.to(fabric.device)
    lay_out(student, fast_format(student, fabric.device))
    mean = RunningMean(student, recipe.optimization.ema_decay)
    if recipe.optimization.sync_batch_norm and fabric.world_size > 1 and fabric.device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(student)  # type: ignore[no-untyped-call]  # in place
    general, specialised = _teachers(recipe.distillation, fabric.device)
    torch.manual_seed(recipe.seed)  # of the adapters
    module = Sdst(student, config, recipe, general, specialised).to(fabric.device)

    def batches(first_step: int) -> AbstractContextManager[Batches]:
        return PairLoader(
            recipe,
            module.configs,
            batch_size=size,
            first_step=first_step,
            rank=fabric.global_rank,
            world=fabric.world_size,
            device=fabric.device,
            on_progress=on_open,
        )

    return Setting(recipe=recipe, student=student, mean=mean, module=module, batches=batches, validation=validation)


def _teachers(
    distillation: Distillation | None, device: torch.device
) -> tuple[tuple[Teacher, ...], Mapping[str, Teacher]]:
    if distillation is None:
        return (), {}
    general = tuple(
        load_teacher(spec, f"general {number}", device) for number, spec in enumerate(distillation.general, start=1)
    )
    return general, {name: load_teacher(spec, name, device) for name, spec in distillation.specialised.items()}


def _option(model: SiameseModel, name: str) -> object:
    """Its value, where it was left out the family's; None where the family has none of that name."""
    known = inspect.signature(families()[model.family].builder).parameters
    return model.options.get(name, known[name].default if name in known else None)


def _listed(options: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in options.items()) or "no options"
