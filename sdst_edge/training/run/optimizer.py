"""The optimiser of a recipe, and the learning rate over the budget."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

from sdst_edge.training.recipe import Optimization
from sdst_edge.training.run.muon import Muon, is_orthogonalised

__all__ = ["budget_fraction", "make_optimizer", "rate", "set_rate"]

_MOMENTUM = 0.9
#: The warm-up's first rate, so that no step is wasted.
_FIRST_RATE = 0.01


def make_optimizer(
    module: nn.Module, optimization: Optimization, lr_factors: Mapping[int, float]
) -> torch.optim.Optimizer:
    """AdamW, Muon, or SGD with momentum, in groups: biases and norms are not decayed, slow modules have a factor.

    Args:
        module: whose parameters learn; those that are frozen now are among them.
        optimization: names the optimiser.
        lr_factors: by ``id`` of a parameter, 1 for those that are left out.
    """
    muon = optimization.optimizer == "muon"
    groups: dict[tuple[bool, float, bool], list[nn.Parameter]] = {}
    for parameter in module.parameters():
        key = parameter.ndim >= 2, lr_factors.get(id(parameter), 1.0), muon and is_orthogonalised(parameter)
        groups.setdefault(key, []).append(parameter)
    given = [
        {
            "params": parameters,
            "weight_decay": optimization.weight_decay if decayed else 0.0,
            "lr_factor": factor,
            **({"orthogonal": orthogonal} if muon else {}),
        }
        for (decayed, factor, orthogonal), parameters in groups.items()
    ]
    if muon:
        return Muon(given, lr=optimization.lr)
    if optimization.optimizer == "sgd":
        return torch.optim.SGD(given, lr=optimization.lr, momentum=_MOMENTUM)
    return torch.optim.AdamW(given, lr=optimization.lr)


def set_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Sets the learning rate of every group, times its factor."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["lr_factor"]


def budget_fraction(optimization: Optimization, step: int, seconds: float) -> float:
    """Share of the budget that is spent, 0..1; of two budgets the one that runs out first counts.

    Args:
        optimization: holds the budgets.
        step: optimiser steps done.
        seconds: that the run has taken.
    """
    by_steps = step / optimization.steps if optimization.steps else 0.0
    by_time = seconds / optimization.seconds if optimization.seconds else 0.0
    return min(1.0, max(by_steps, by_time))


def rate(optimization: Optimization, fraction: float) -> float:
    """Share of the highest learning rate: up a line from near 0 in the warm-up, then as the schedule says.

    With t the share of the rest that is spent: ``cosine`` (1 + cos(pi t)) / 2 (Loshchilov & Hutter, SGDR, ICLR 2017);
    ``log`` s^t for the last share s, evenly spaced in the logarithm (SiamFC's); ``constant`` 1.

    Args:
        optimization: names the schedule.
        fraction: of the budget, 0..1.
    """
    warmup = optimization.warmup
    if fraction < warmup:
        return max(fraction / warmup, _FIRST_RATE)
    spent = (fraction - warmup) / max(1.0 - warmup, 1e-9)
    if optimization.schedule == "cosine":
        return 0.5 + 0.5 * math.cos(math.pi * spent)
    if optimization.schedule == "log":
        return math.exp(math.log(optimization.final_lr_share) * spent)
    return 1.0
