"""The optimiser of a recipe."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from sdst_edge.training.recipe import Optimization

__all__ = ["make_optimizer", "set_rate"]

_MOMENTUM = 0.9


def make_optimizer(
    module: nn.Module, optimization: Optimization, lr_factors: Mapping[int, float]
) -> torch.optim.Optimizer:
    """AdamW, or SGD with momentum, in groups: biases and norms are not decayed, slow modules have a factor.

    Args:
        module: whose parameters learn; those that are frozen now are among them.
        optimization: names the optimiser.
        lr_factors: by ``id`` of a parameter, 1 for those that are left out.
    """
    groups: dict[tuple[bool, float], list[nn.Parameter]] = {}
    for parameter in module.parameters():
        key = parameter.ndim >= 2, lr_factors.get(id(parameter), 1.0)
        groups.setdefault(key, []).append(parameter)
    given = [
        {"params": parameters, "weight_decay": optimization.weight_decay if decayed else 0.0, "lr_factor": factor}
        for (decayed, factor), parameters in groups.items()
    ]
    if optimization.optimizer == "sgd":
        return torch.optim.SGD(given, lr=optimization.lr, momentum=_MOMENTUM)
    return torch.optim.AdamW(given, lr=optimization.lr)


def set_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Sets the learning rate of every group, times its factor."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["lr_factor"]
