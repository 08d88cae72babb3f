"""How weights move: optimiser, schedule, budget, and what is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sdst_edge.training.recipe.ranges import require
from sdst_runtime.errors import ConfigError

__all__ = ["Freezing", "Optimization", "OptimizerName", "Precision", "ScheduleName"]

OptimizerName: TypeAlias = Literal["adamw", "muon", "sgd"]
ScheduleName: TypeAlias = Literal["cosine", "log", "constant"]
Precision: TypeAlias = Literal["32-true", "bf16-mixed", "16-mixed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Freezing:
    """Modules that do not learn for a while, or learn slowly.

    Attributes:
        modules: prefixes of module names in the network, such as ``trunk`` or ``trunk.layer2``.
        until: share of the budget at which they begin to learn, 0..1; 1 for never. Their norms keep their statistics
            until then.
        lr_factor: factor on the learning rate afterwards.
    """

    modules: tuple[str, ...]
    until: float = 1.0
    lr_factor: float = 1.0

    def __post_init__(self) -> None:
        require("optimization.freeze.until", self.until, 0.0, 1.0)
        require("optimization.freeze.lr_factor", self.lr_factor, 0.0, 1e3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimization:
    """A budget and how it is spent.

    Attributes:
        steps: budget of optimiser steps, or 0 for none; the first budget to run out ends the run.
        seconds: time budget, or 0 for none; a run with one depends on the machine's speed.
        batch_size: pairs a step, over all processes together.
        optimizer: ``adamw``; ``muon``, which needs about half the steps to teach a small student, at twice the rate; or
            ``sgd`` with momentum 0.9.
        lr: highest learning rate.
        schedule: after the warm-up: ``cosine`` to 0, ``log`` (evenly in the logarithm) to ``final_lr_share``, or
            ``constant``.
        final_lr_share: last rate over the highest, for ``log``.
        warmup: share of the budget in which the rate rises from 0, 0..1.
        weight_decay: on weights of two and more dimensions.
        clip_norm: largest norm of all gradients together; 0 for no bound.
        ema_decay: of the running mean of the weights that the result is, 0..1; 0 for the last weights.
        precision: of the forward pass.
        sync_batch_norm: whether batch norms of several GPUs share their statistics.
        frozen_norms: whether norm layers keep the statistics that they start with.
        freeze: modules that do not learn for a while.
    """

    steps: int = 0
    seconds: float = 0.0
    batch_size: int = 32
    optimizer: OptimizerName = "adamw"
    lr: float = 3e-3
    schedule: ScheduleName = "cosine"
    final_lr_share: float = 0.01
    warmup: float = 0.15
    weight_decay: float = 0.05
    clip_norm: float = 5.0
    ema_decay: float = 0.98
    precision: Precision = "32-true"
    sync_batch_norm: bool = False
    frozen_norms: bool = False
    freeze: tuple[Freezing, ...] = ()

    def __post_init__(self) -> None:
        require("optimization.steps", self.steps, 0, 10**9)
        require("optimization.seconds", self.seconds, 0.0, 1e9)
        require("optimization.batch_size", self.batch_size, 1, 65536)
        require("optimization.lr", self.lr, 1e-9, 10.0)
        require("optimization.final_lr_share", self.final_lr_share, 1e-9, 1.0)
        require("optimization.warmup", self.warmup, 0.0, 1.0)
        require("optimization.weight_decay", self.weight_decay, 0.0, 10.0)
        require("optimization.clip_norm", self.clip_norm, 0.0, 1e6)
        require("optimization.ema_decay", self.ema_decay, 0.0, 0.999999)
        if self.seconds == 0 and self.steps == 0:
            raise ConfigError("recipe: neither optimization.steps nor optimization.seconds is set; set one")
