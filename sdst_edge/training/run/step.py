"""One step: pairs, losses, gradients, weights, and their running mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lightning_fabric import Fabric
from torch import Tensor, nn

from sdst_edge.training.losses.term import Terms
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.run.averaging import StepLoss, step_loss
from sdst_edge.training.run.freezing import Freezer
from sdst_edge.training.run.optimizer import make_optimizer, rate, set_rate
from sdst_edge.training.run.setting import Setting
from sdst_edge.training.run.state import Stateful, seed_step
from sdst_edge.training.run.timing import Stopwatch

__all__ = ["Stepper"]


class Stepper:
    """Makes steps on one process's share of the batch.

    Attributes:
        lr: learning rate of the last step, before factors of slow modules.

    Args:
        fabric: launched.
        setting: on the device of ``fabric``; its weights are changed.
        watch: told of each part.
    """

    def __init__(self, fabric: Fabric, setting: Setting, watch: Stopwatch) -> None:
        self._fabric, self._setting, self._watch = fabric, setting, watch
        self._optimization = setting.recipe.optimization
        self._freezer = Freezer(setting.module, setting.student, self._optimization)
        factors = self._freezer.lr_factors()
        self._plain_optimizer = make_optimizer(setting.module, self._optimization, factors)
        self._optimizer: Any = fabric.setup_optimizers(self._plain_optimizer)
        self._learner = _Learner(setting.module)
        self._wrapped: nn.Module = self._learner
        self.lr = 0.0

    @property
    def parts(self) -> Mapping[str, Stateful]:
        """All that a step changes."""
        return {
            "module": self._setting.module,
            "mean": self._setting.mean.model,
            "optimizer": self._plain_optimizer,
            "precision": self._fabric.strategy.precision,
        }

    def step(self, batch: PairBatch, number: int, fraction: float) -> tuple[StepLoss, Tensor, Mapping[str, Tensor]]:
        """Learns from a batch.

        Args:
            batch: of this process.
            number: steps done before.
            fraction: of the budget that they took, 0..1.

        Returns:
            The losses, the norm of all gradients together before it was clipped, and the module's metrics, scalars.
        """
        if self._freezer.apply(fraction):  # DDP has to know which parameters learn
            self._wrapped = self._fabric.setup_module(self._learner)
        self.lr = self._optimization.lr * rate(self._optimization, fraction)
        set_rate(self._plain_optimizer, self.lr)
        seed_step(self._setting.recipe.seed, number, self._fabric.global_rank)
        self._optimizer.zero_grad(set_to_none=True)
        loss = step_loss(self._fabric, self._wrapped(_Sealed(batch, fraction)))
        self._watch.lap("forward")
        self._fabric.backward(loss.loss)
        self._watch.lap("backward")
        norm = self._fabric.clip_gradients(
            self._wrapped,
            self._optimizer,
            max_norm=self._optimization.clip_norm or math.inf,
            error_if_nonfinite=False,  # it is looked at once a report
        )
        assert norm is not None
        self._optimizer.step()
        self._setting.mean.update(self._setting.student, first=number == 0)
        self._watch.lap("optimizer")
        return loss, norm, getattr(self._setting.module, "metrics", {})


class _Sealed:
    """Hides a batch from Fabric, which would round its boxes to the precision of the network; no dataclass, therefore.

    Args:
        batch: of this process.
        fraction: of the budget, 0..1.
    """

    def __init__(self, batch: PairBatch, fraction: float) -> None:
        self.batch, self.fraction = batch, fraction


class _Learner(nn.Module):
    """The module as Fabric sees it."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, sealed: _Sealed) -> Terms:
        terms: Terms = self.module(sealed.batch, sealed.fraction)
        return dict(terms)  # DDP looks for tensors in dicts
