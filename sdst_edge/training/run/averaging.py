"""From terms to one loss over all processes, and to the means that are reported."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor

from sdst_edge.training.losses.term import Terms
from sdst_runtime.errors import ConfigError

__all__ = ["GRADIENT_NORM", "LOSS", "Meter", "StepLoss", "step_loss"]

LOSS, GRADIENT_NORM = "loss", "gradient_norm"


class StepLoss(NamedTuple):
    """Of one step.

    Attributes:
        loss: scalar with gradient; its gradients, averaged over processes, are those of the whole batch's loss.
        names: of the terms.
        means: (T,) of the terms over all processes, without gradient and factors.
        total: scalar: the whole batch's loss, without gradient.
    """

    loss: Tensor
    names: tuple[str, ...]
    means: Tensor
    total: Tensor


def step_loss(fabric: Fabric, terms: Terms) -> StepLoss:
    """``sum_t factor_t sum_pairs total_t / sum_pairs weight_t`` over the pairs of all processes.

    All sums go round in one vector. DDP averages gradients over processes, so each multiplies its share by their
    number.

    Args:
        fabric: of the run.
        terms: of this process; all processes have the same names.
    """
    totals = torch.stack([term.total.sum() for term in terms.values()])  # (T,)
    weights = torch.stack([term.weight.sum() for term in terms.values()]).to(totals.dtype)  # (T,)
    sums = torch.stack((totals.detach(), weights))  # (2, T)
    if fabric.world_size > 1:
        reduced = fabric.all_reduce(sums, reduce_op="sum")
        assert isinstance(reduced, Tensor)
        sums = reduced
    divisor = torch.where(sums[1] > 0, sums[1], 1.0)
    factors = [term.factor for term in terms.values()]  # no tensor: it would have to be brought to the device
    loss = _weighted_sum(factors, totals / divisor) * fabric.world_size
    means = sums[0] / divisor
    return StepLoss(loss=loss, names=tuple(terms), means=means, total=_weighted_sum(factors, means))


def _weighted_sum(factors: Sequence[float], values: Tensor) -> Tensor:
    return torch.stack([factor * value for factor, value in zip(factors, values.unbind(), strict=True)]).sum()


class Meter:
    """Gathers what steps say on the device, and fetches it once a report.

    Args:
        skips_steps: whether a gradient scaler leaves out steps whose gradients are not finite.
    """

    def __init__(self, *, skips_steps: bool) -> None:
        self._skips_steps = skips_steps
        self._kept: list[tuple[int, tuple[str, ...], Tensor]] = []
        self._metrics: dict[str, None] = {}

    def add(self, step: int, loss: StepLoss, gradient_norm: Tensor, metrics: Mapping[str, Tensor]) -> None:
        """Takes what a step gave.

        Args:
            step: its number, from 1.
            loss: of all processes.
            gradient_norm: a scalar.
            metrics: scalars of this process by name, for the log alone.
        """
        scalars = (loss.total, gradient_norm, *metrics.values())
        values = torch.cat((loss.means, torch.stack([each.to(loss.means) for each in scalars])))  # (T + 2 + N,)
        self._kept.append((step, (*loss.names, LOSS, GRADIENT_NORM, *metrics), values))
        self._metrics.update(dict.fromkeys(metrics))

    def report(self) -> Mapping[str, float]:
        """Means by name since the last report, each over the steps that had it; the weighted sum is ``loss``.

        Raises:
            ConfigError: a loss, or a gradient, is not finite.
        """
        flat = torch.cat([values for _, _, values in self._kept]).tolist()
        gathered: dict[str, list[float]] = {}
        for step, names, values in self._kept:
            row = dict(zip(names, flat[: len(values)], strict=True))
            del flat[: len(values)]
            self._check(step, row)
            for name, value in row.items():
                gathered.setdefault(name, []).append(value)
        self._kept.clear()
        order = dict.fromkeys((LOSS, GRADIENT_NORM, *gathered))
        return {name: math.fsum(gathered[name]) / len(gathered[name]) for name in order}

    def _check(self, step: int, row: Mapping[str, float]) -> None:
        wrong = [name for name, value in row.items() if not math.isfinite(value) and name not in self._metrics]
        if self._skips_steps and wrong == [GRADIENT_NORM]:
            return
        if wrong:
            losses = [f"{name} is {row[name]}" for name in wrong if name not in (LOSS, GRADIENT_NORM)]
            what = "; ".join(losses) or f"{wrong[0].replace('_', ' ')} is {row[wrong[0]]}"
            raise ConfigError(
                f"training broke down in step {step}: {what}, expected finite numbers. What was "
                "saved before is kept. Try a lower optimization.lr, a longer warmup, a smaller clip_norm, or precision "
                "32-true, in another folder"
            )
