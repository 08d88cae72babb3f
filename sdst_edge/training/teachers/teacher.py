"""What a teacher is to the distillation, whatever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from sdst_edge.models.base import Maps
from sdst_edge.training.pairs.batch import Crops
from sdst_runtime.config import TrackerConfig

__all__ = ["Outputs", "Teacher"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outputs:
    """What a network says about pairs; the student's has gradients, a teacher's has none.

    Attributes:
        maps: as its head returns them, in the order of ``config.outputs``.
        template: features of the templates, one per correlation; empty where only predictions are known.
        search: features of the search regions, one per correlation; likewise.
        features: by the names that :class:`sdst_edge.training.recipe.Hint` asks for; likewise.
    """

    maps: Maps
    template: Maps = ()
    search: Maps = ()
    features: Mapping[str, Tensor] = field(default_factory=dict)


class Teacher(Protocol):
    """A frozen tracker."""

    @property
    def name(self) -> str:
        """For logs and messages."""
        ...

    @property
    def config(self) -> TrackerConfig:
        """Of the tracker around it: its crops, its outputs."""
        ...

    def teach(self, crops: Crops) -> Outputs:
        """What it says about pairs, without gradients, on the device of ``crops``.

        Teachers that have work in common know crops again by the object's identity: every batch has its own, though
        the memory of its pixels may have been another's.
        """
        ...
