"""What the loop works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from torch import nn

from sdst_edge.models import SiameseModel
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.recipe import Recipe
from sdst_edge.training.run.ema import RunningMean
from sdst_edge.training.run.validation import Validation

__all__ = ["Batches", "Setting"]


class Batches(Protocol):
    """Pairs as the loop takes them; :class:`~sdst_edge.training.pairs.loader.PairLoader`."""

    @property
    def waited_s(self) -> float:
        """Seconds that were spent waiting for pairs so far."""
        ...

    def __iter__(self) -> Iterator[PairBatch]:
        """Batches without end, on the device that trains."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """What the loop works on.

    Attributes:
        recipe: budget and rates.
        student: the network, on the device that trains.
        mean: the running mean of its weights.
        module: takes a batch and the fraction of the budget, returns terms; the student is a part of it. Where it has
            ``metrics`` by name, scalars, they are logged.
        batches: opens the pairs from a step on.
        validation: None where there is none, and in all processes but the first.
    """

    recipe: Recipe
    student: SiameseModel
    mean: RunningMean
    module: nn.Module
    batches: Callable[[int], AbstractContextManager[Batches]]
    validation: Validation | None
