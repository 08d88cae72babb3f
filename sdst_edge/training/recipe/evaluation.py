"""What a run is measured on while it trains."""

from __future__ import annotations

from dataclasses import dataclass

from sdst_edge.training.recipe.ranges import require

__all__ = ["Evaluation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Success AUC by the house rule on a validation set, of the running mean of the weights; the best are kept.

    Attributes:
        path: of a data set, as :func:`sdst_edge.datasets.open_dataset` takes it, relative to ``data.root``.
        layout: of the data set.
        every: steps from one evaluation to the next; 0 for one at the end.
        sequences: at most so many, evenly spaced over the set; 0 for all.
    """

    path: str
    layout: str = "auto"
    every: int = 0
    sequences: int = 0

    def __post_init__(self) -> None:
        require("evaluation.every", self.every, 0, 10**9)
        require("evaluation.sequences", self.sequences, 0, 10**9)
