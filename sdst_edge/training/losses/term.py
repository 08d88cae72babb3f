"""What every loss returns: sums a pair and their weights, so that batches, processes and gates can all average them.

The loss of a batch is ``sum(total) / sum(weight)`` over **all pairs of all processes**: a batch split over several
processes has the loss of the whole one, whatever share of its targets falls to each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Term", "Terms", "per_pair"]


class Term(NamedTuple):
    """One loss of a batch, before it is averaged.

    Attributes:
        total: (B,) weighted sums of what the loss is made of, with gradient.
        weight: (B,) sums of those weights, >= 0, without gradient. A pair that the loss does not concern has 0 in both.
        factor: weight of this loss among the others.
    """

    total: Tensor
    weight: Tensor
    factor: float = 1.0

    def per_pair(self) -> Tensor:
        """(B,): the loss of each pair, 0 where it does not concern it; without ``factor``."""
        return self.total / torch.where(self.weight > 0, self.weight, 1.0)

    def among(self, pairs: Tensor) -> Term:
        """The same loss, which concerns no others than some pairs.

        Args:
            pairs: (B,) bool.
        """
        return self._replace(total=torch.where(pairs, self.total, 0.0), weight=torch.where(pairs, self.weight, 0.0))

    def mean(self, weight_sum: Tensor | None = None) -> Tensor:
        """The loss of the batch, a scalar; 0 for a batch that it does not concern. Without ``factor``.

        Args:
            weight_sum: of all processes; None for this batch's own.
        """
        total = self.weight.sum() if weight_sum is None else weight_sum
        return self.total.sum() / torch.where(total > 0, total, 1.0)


#: By name, such as ``score/positive`` or ``general/soft``.
Terms = Mapping[str, Term]


def per_pair(terms: Terms) -> Tensor:
    """(B,): the weighted sum of several losses for each pair, to compare a student's with a teacher's."""
    return torch.stack([term.factor * term.per_pair() for term in terms.values()]).sum(dim=0)
