"""Batches by the number of their step, for as many processes as like to make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from torch.utils.data import Dataset

from sdst_edge.training.pairs.assembly import cut_pairs
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.pairs.handover import Handover, Parcel
from sdst_edge.training.pairs.planning import PairPlanner
from sdst_edge.training.pairs.region_batch import RegionBatch, plan_batch
from sdst_edge.training.pairs.sampling import Sampler
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


#: What a step gives: pairs that are cut, or still to be cut on a device; from a worker in a parcel.
Made: TypeAlias = PairBatch | RegionBatch | Parcel | Failure


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
        self,
        sampler: Sampler,
        planner: PairPlanner,
        share: Share,
        *,
        is_cut: bool,
        handover: Handover | None = None,
    ) -> None:
        """Batches.

        Args:
            sampler: of pairs.
            planner: of pairs.
            share: of the pairs of a step.
            is_cut: whether batches are cut here, or left to be cut on a device.
            handover: for batches that go to another process; None where they do not.
        """
        self._sampler = sampler
        self._planner = planner
        self._share = share
        self._make = cut_pairs if is_cut else plan_batch
        self._handover = handover

    def __getitem__(self, step: int) -> Made:
        """The batch of a step, or why there is none."""
        try:
            draws = self._sampler.draws(self._share.first(step), self._share.batch_size)
            plans = [self._planner.plan(draw) for draw in draws]
        except SdstError as error:
            return Failure(kind=SdstError if isinstance(error, NativeError) else type(error), message=str(error))
        if self._handover is None:
            return self._make(plans, self._planner.configs)
        return self._handover.packed(step, self._make(plans, self._planner.configs, self._handover.room(step)))
