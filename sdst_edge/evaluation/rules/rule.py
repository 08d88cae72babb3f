"""What a rule to score by must offer: from boxes to figures of one sequence, and from those to figures of a set."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Metric", "Rule", "RuleScores"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure that a rule gives.

    Attributes:
        key: in JSON, such as ``success_auc``.
        label: for people, such as ``success AUC``.
        best: value of a perfect score by the toolkit's scale: 1 or 100.
        higher_is_better: false for counts of failures.
    """

    key: str
    label: str
    best: float = 1.0
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleScores:
    """Figures of one sequence, or of a set.

    Attributes:
        scores: by the keys of the rule's metrics.
        curves: by the names of the rule's thresholds: (T,) float64 each, same scale as the scores.
        frames: that were scored.
    """

    scores: Mapping[str, float]
    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    frames: int


class Rule(Protocol):
    """A toolkit's way to score boxes, one pass (OPE)."""

    @property
    def name(self) -> str:
        """For the command line, such as ``lasot``."""
        ...

    @property
    def description(self) -> str:
        """One line for tables: which frames count, how boxes are compared, how scores come together."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What it gives, the toolkit's headline figure first."""
        ...

    @property
    def thresholds(self) -> Mapping[str, NDArray[np.float64]]:
        """Of its curves, by name: ``success`` over IoU, ``precision`` over px, ``norm_precision`` over shares."""
        ...

    @property
    def needs_size(self) -> bool:
        """Whether it asks for the size of the pictures."""
        ...

    @property
    def pooled(self) -> bool:
        """Whether its curves weigh all frames of a set alike, instead of all sequences."""
        ...

    def score(
        self,
        predicted_xywh: ArrayLike,
        true_xywh: ArrayLike,
        visible: ArrayLike,
        size_wh: tuple[int, int] | None = None,
        *,
        origin: float = 1.0,
    ) -> RuleScores:
        """Figures of one sequence.

        Args:
            predicted_xywh: (N, 4), 0-based image px, one box a frame, the first one included. Not modified. Rows too
                few or too many are treated as the toolkit does: refused, filled up or cut off.
            true_xywh: (N, 4), likewise, as the data set's files have it: frames with the target absent included,
                which some toolkits look at. Not modified.
            visible: (N,) bool.
            size_wh: of the pictures, px, where :attr:`needs_size`.
            origin: coordinate of a picture's left and top edge in the data set's files. Toolkits compute on the
                numbers in the files, and some results depend on it: where a box is rounded or clipped, and in the
                last bit of a sum, which decides when an error is equal to a threshold.

        Raises:
            DatasetError: the lengths do not fit, the toolkit would refuse a box, or the rule finds no frame to score.
        """
        ...

    def mean(self, items: Items[RuleScores]) -> RuleScores:
        """Figures of a set from those of its sequences, N >= 1, as the toolkit brings them together.

        A figure is NaN where the toolkit's is.
        """
        ...
