"""Batches by the number of their step, for as many processes as like to make them."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass
from typing import TypeAlias

from torch.utils.data import Dataset

from sdst_edge.training.pairs.assembly import cut_pairs
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.pairs.planning import PairPlanner
from sdst_edge.training.pairs.region_batch import RegionBatch, plan_batch
from sdst_edge.training.pairs.sampling import Sampler
from sdst_runtime.config import TrackerConfig
from sdst_runtime.errors import NativeError, SdstError

__all__ = ["Failure", "Made", "PairBatches", "Share"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error to raise where the batch is asked for, without the traceback of the process that met it.

    Attributes:
        kind: of the error.
        message: for the user.
    """

    kind: type[SdstError]
    message: str

    def pin_memory(self) -> Failure:
        """Itself; it has no tensors."""
        return self


Made: TypeAlias = PairBatch | RegionBatch | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which pairs of a step are this process's.

    Attributes:
        batch_size: pairs a step and process.
        rank: of this process.
        world: how many processes.
    """

    batch_size: int
    rank: int = 0
    world: int = 1

    def first(self, step: int) -> int:
        """Global index of the first pair of a step."""
        return (step * self.world + self.rank) * self.batch_size


class PairBatches(Dataset[Made]):
    """One item a step. Opened before workers are forked, and from then on only read."""

    def __init__(
        self, sampler: Sampler, planner: PairPlanner, configs: Items[TrackerConfig], share: Share, *, is_cut: bool
    ) -> None:
        """Batches.

        Args:
            sampler: of pairs.
            planner: of pairs, for ``configs``.
            configs: of the views.
            share: of the pairs of a step.
            is_cut: whether batches are cut here, or left to be cut on a device.
        """
        self._sampler = sampler
        self._planner = planner
        self._configs = tuple(configs)
        self._share = share
        self._is_cut = is_cut

    def __getitem__(self, step: int) -> Made:
        """The batch of a step, or why there is none."""
        try:
            draws = self._sampler.draws(self._share.first(step), self._share.batch_size)
            plans = [self._planner.plan(draw) for draw in draws]
        except SdstError as error:
            return Failure(kind=SdstError if isinstance(error, NativeError) else type(error), message=str(error))
        return cut_pairs(plans, self._configs) if self._is_cut else plan_batch(plans, self._configs)
