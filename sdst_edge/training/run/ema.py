"""The running mean of a network's weights, which is what a run returns."""

from __future__ import annotations

import copy

import torch

from sdst_edge.models import SiameseModel

__all__ = ["RunningMean"]


class RunningMean:
    """Exponential mean of parameters and running statistics (Polyak & Juditsky, 1992); counters are copied.

    Args:
        model: copied, the copy is in eval mode and needs no gradients.
        decay: 0..1; 0 for the last weights.
    """

    def __init__(self, model: SiameseModel, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, model: SiameseModel, *, first: bool) -> None:
        """Moves by 1 - decay towards the weights of ``model``.

        Args:
            model: of the same shape and on the same device.
            first: whether it is the run's first step: the mean starts there.
        """
        pairs = list(zip(self.model.state_dict().values(), model.state_dict().values(), strict=True))
        floats = [pair for pair in pairs if pair[0].is_floating_point()]
        means, values = [mean for mean, _ in floats], [value for _, value in floats]
        torch._foreach_lerp_(means, values, 1.0 if first else 1.0 - self._decay)
        for mean, value in pairs:
            if not mean.is_floating_point():
                mean.copy_(value)
