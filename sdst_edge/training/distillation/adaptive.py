"""Teacher weights that are learned for each pair (AMTML), among the teachers of the attributes that it holds.

Our reading of AMTML-KD (Liu, Zhang and Wang, 2021, arXiv 2103.04062) for trackers: the paper classifies
pictures, here the mixture of the teachers' scores is held against the labels of cells. The weights are trained by that
alone: neither the student's features nor the teachers get a gradient from it, and the distillation takes the weights
as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sdst_edge.training.distillation.candidates import at_candidates
from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.losses.term import Term
from sdst_edge.training.teachers.prediction import Prediction, best_candidate
from sdst_runtime.errors import ConfigError

__all__ = ["PENALTY", "AdaptiveWeights"]

#: Factor of ||v||² + ||theta||² (the authors' code).
PENALTY = 0.1
#: Logarithm of the weight of a teacher that does not speak: e to it is 0, a sum with it is finite.
_NEVER = -1e9


class AdaptiveWeights(nn.Module):
    """``w = softmax_t( vᵀ (theta_t * beta(x)) )``, ``beta`` the largest value of each channel of a feature map.

    Starts with equal weights: ``theta`` is 0 and ``v`` has equal entries and length 1.

    Args:
        teachers: M, how many specialised teachers there are.
        channels: d, of the student's feature map.
    """

    def __init__(self, teachers: int, channels: int) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.zeros(teachers, channels))
        self.v = nn.Parameter(torch.full((channels,), channels**-0.5))

    def forward(self, features: Tensor, active: Tensor) -> Tensor:
        """(B, M) weights that sum to 1 over a pair's active teachers; zeros where it has none: nobody speaks.

        Args:
            features: (B, d, H, W), of the student; no gradient goes there.
            active: (B, M), not 0 where the pair holds the teacher's attribute.

        Raises:
            ConfigError: other numbers of channels or teachers.
        """
        return self._log_weights(features, active).exp() * (active != 0)

    def loss(
        self, features: Tensor, active: Tensor, teachers: Sequence[Prediction], positive: Tensor, negative: Tensor
    ) -> Term:
        """What trains the weights: cross-entropy of the teachers' weighted score, and 0.1 (||v||² + ||theta||²).

        ``p = sum_t w_t sigmoid(z_t)``; the mean of ``-log p`` over positive cells and that of ``-log(1 - p)`` over
        negative ones count one half each, or the whole where a pair has no cells of the other kind. A pair without
        active teachers or labelled cells is left out.

        Args:
            features: as in :meth:`forward`.
            active: likewise.
            teachers: M predictions on the student's grid; reduced to the best candidate where their numbers differ.
            positive: (B, S, S) or (B, A, S, S) bool, cells or candidates on the target.
            negative: likewise, on the ground.

        Raises:
            ConfigError: other numbers of channels or teachers.
        """
        log_weights = self._log_weights(features, active)
        logit = self._logits(teachers)  # (M, B, A, S, S)
        mixed = log_weights.t()[:, :, None, None, None]  # (M, B, 1, 1, 1)
        found = -torch.logsumexp(mixed + F.logsigmoid(logit), dim=0)  # (B, A, S, S): -log p
        missed = -torch.logsumexp(mixed + F.logsigmoid(-logit), dim=0)  # -log(1 - p)
        marked = [at_candidates(cells, found).to(found.dtype).flatten(1) for cells in (positive, negative)]
        counts = [mask.sum(dim=1) for mask in marked]
        means = [
            (mask * values.flatten(1)).sum(dim=1) / count.clamp(min=1)
            for mask, values, count in zip(marked, (found, missed), counts, strict=True)
        ]
        kinds = torch.stack(counts).gt(0).sum(dim=0)  # (B,)
        weight = ((active != 0).any(dim=1) & (kinds > 0)).to(found.dtype)
        penalty = PENALTY * (self.v.square().sum() + self.theta.square().sum())
        total = (means[0] + means[1]) / kinds.clamp(min=1) + penalty
        return Term(weight * total, weight)

    def _log_weights(self, features: Tensor, active: Tensor) -> Tensor:
        """(B, M) logarithms of the weights, finite; evenly where no teacher is active."""
        teachers, channels = self.theta.shape
        if features.shape[1] != channels or active.shape[1] != teachers:
            raise ConfigError(
                f"adaptive weights for {teachers} teachers and {channels} channels got {active.shape[1]} attributes "
                f"and {features.shape[1]} channels; build them for the student's feature map"
            )
        beta = full_precision(features.detach()).amax(dim=(2, 3))  # (B, d)
        alpha = (self.v * self.theta * beta[:, None]).sum(dim=2)  # (B, M)
        return alpha.masked_fill(active == 0, _NEVER).log_softmax(dim=1)

    def _logits(self, teachers: Sequence[Prediction]) -> Tensor:
        """(M, B, A, S, S) of all teachers, detached."""
        if len(teachers) != len(self.theta):
            raise ConfigError(f"adaptive weights for {len(self.theta)} teachers got the predictions of {len(teachers)}")
        if len({teacher.logit.shape[1] for teacher in teachers}) > 1:
            teachers = [best_candidate(teacher) for teacher in teachers]
        return torch.stack([full_precision(teacher.logit.detach()) for teacher in teachers])
