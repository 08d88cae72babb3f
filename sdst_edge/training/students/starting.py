"""The networks that a run trains, as they begin."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

import torch

from sdst_edge.models import SiameseModel, build, families, load_checkpoint
from sdst_edge.models.growing import grow
from sdst_edge.training.recipe import ModelSpec
from sdst_edge.training.targets.points import narrowed
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import ConfigError

__all__ = ["make_student", "trained_config"]


def make_student(model: ModelSpec, seed: int, table: str = "model") -> SiameseModel:
    """The network with the weights that it starts from, in training mode, on the CPU.

    Args:
        model: its ``start`` is a checkpoint.
        seed: of random weights and of growth; for them torch's global generator is seeded.
        table: of the recipe, for messages.

    Raises:
        ConfigError: there is no such family or option, or the checkpoint is of another one.
        CheckpointError: the checkpoint is missing or damaged.
    """
    if not model.start:
        if not model.family:
            raise ConfigError(f"recipe: neither {table}.family nor {table}.start is set; set one")
        torch.manual_seed(seed)
        return build(model.family, **model.options).train()
    if model.start.endswith(".toml"):
        raise ConfigError(
            f"recipe: {table}.start is the recipe {model.start}, which has to be trained first; "
            "'sdst-edge distill' does so"
        )
    start = load_checkpoint(Path(model.start)).model
    if model.grow:
        torch.manual_seed(seed)  # of the kernels of new layers, which are silent at first
        larger = build(model.family or start.family, **model.options)
        grow(start, larger, seed)
        return larger.train()
    if model.family and model.family != start.family:
        raise ConfigError(
            f"recipe: {table}.start {model.start} is of family {start.family}, {table}.family is {model.family}; "
            f"leave {table}.family out, or start from another checkpoint"
        )
    if any(_option(start, key) != value for key, value in model.options.items()):
        raise ConfigError(
            f"recipe: {table}.start {model.start} was built with {_listed(start.options)}, "
            f"{table}.options are {_listed(model.options)}; leave them out, start from another checkpoint, or set "
            f"{table}.grow = true where they are larger"
        )
    return start.train()


def trained_config(student: SiameseModel, model: ModelSpec, table: str = "model") -> TrackerConfig:
    """The student's tracker while it is trained: its own, or with a search region of ``search_cells``.

    Args:
        student: as it is run later.
        model: says how many cells.
        table: of the recipe, for messages.

    Raises:
        ConfigError: more cells than the tracker has.
    """
    most = student.config.response_size
    if model.search_cells > most:
        raise ConfigError(
            f"recipe: {table}.search_cells is {model.search_cells}, and {student.family or 'the network'} has {most}; "
            f"expected 1 to {most}, or 0 for all"
        )
    return narrowed(student.config, model.search_cells) if model.search_cells else student.config


def _option(model: SiameseModel, name: str) -> object:
    """Its value, where it was left out the family's; None where the family has none of that name."""
    known = inspect.signature(families()[model.family].builder).parameters
    return model.options.get(name, known[name].default if name in known else None)


def _listed(options: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in options.items()) or "no options"
