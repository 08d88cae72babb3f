"""The way from boxes to figures that all rules share; a rule's own file says what is measured and what is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sdst_edge.evaluation.rules.figures import CurveKind, Figure
from sdst_edge.evaluation.rules.recording import Recording
from sdst_edge.evaluation.rules.rule import Metric, RuleScores
from sdst_runtime.errors import DatasetError

__all__ = ["Measures", "OnePassRule"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What a rule finds in each frame.

    Attributes:
        values: (N,) IoU or error by name of curve, or a figure by key of a metric that is a plain mean over frames.
        counted: (N,) bool, frames that may be hits, and that plain means are over.
        divisor: (N,) bool, frames whose number hits are divided by.
    """

    values: Mapping[str, NDArray[np.float64]]
    counted: NDArray[np.bool_]
    divisor: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePassRule:
    """A :class:`~sdst_edge.evaluation.rules.rule.Rule` made of its parts.

    Attributes:
        name: for the command line.
        description: one line for tables.
        curves: by name.
        figures: the headline first; a metric by itself is a plain mean over frames.
        measure: what is found in a recording; raises ``DatasetError`` where the toolkit refuses it.
        scale: of all curves and figures: 1 or 100.
        by_frames: names of curves, and keys of plain means, that weigh all frames of a set alike, not all sequences.
        drops_zeros: whether a sequence whose curve is zero all along is left out of that curve's mean.
        needs_size: whether ``measure`` looks at the size of the pictures.
    """

    name: str
    description: str
    curves: Mapping[str, CurveKind]
    figures: tuple[Figure | Metric, ...]
    measure: Callable[[Recording], Measures]
    scale: float = 1.0
    by_frames: frozenset[str] = frozenset()
    drops_zeros: bool = False
    needs_size: bool = False

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What it gives, the headline figure first."""
        metrics = [item.metric if isinstance(item, Figure) else item for item in self.figures]
        return tuple(replace(metric, best=self.scale) for metric in metrics)

    @property
    def thresholds(self) -> Mapping[str, NDArray[np.float64]]:
        """Of its curves, by name."""
        return {name: kind.thresholds for name, kind in self.curves.items()}

    @property
    def pooled(self) -> bool:
        """Whether its curves weigh all frames of a set alike, instead of all sequences."""
        return self.by_frames.issuperset(self.curves)

    def score(
        self,
        predicted_xywh: ArrayLike,
        true_xywh: ArrayLike,
        visible: ArrayLike,
        size_wh: tuple[int, int] | None = None,
        *,
        origin: float = 1.0,
    ) -> RuleScores:
        """Figures of one sequence, see :meth:`sdst_edge.evaluation.rules.rule.Rule.score`."""
        if self.needs_size and size_wh is None:
            raise DatasetError(f"the rule {self.name} clips boxes to the picture, whose size is not known")
        recording = Recording.of(predicted_xywh, true_xywh, visible, size_wh, origin)
        found = self.measure(recording)
        frames, divisor = int(found.counted.sum()), int(found.divisor.sum())
        if not frames or not divisor:
            raise DatasetError(f"of {len(recording.true)} frames none is left to score by the rule {self.name}")
        values = {name: of_frames[found.counted] for name, of_frames in found.values.items()}
        curves = {
            name: self.scale * kind.share(values[name], kind.thresholds, divisor) for name, kind in self.curves.items()
        }
        means = {key: self.scale * float(values[key].mean()) for key in values if key not in curves}
        return RuleScores(scores=self._read(curves, means), curves=curves, frames=frames)

    def mean(self, items: Items[RuleScores]) -> RuleScores:
        """Figures of a set, see :meth:`sdst_edge.evaluation.rules.rule.Rule.mean`."""
        curves = {name: self._mean_curve(name, items) for name in self.curves}
        plain = [item.key for item in self.figures if isinstance(item, Metric)]
        means = {key: float(self._average(key, [item.scores[key] for item in items], items)) for key in plain}
        frames = sum(item.frames for item in items)
        return RuleScores(scores=self._read(curves, means), curves=curves, frames=frames)

    def _mean_curve(self, name: str, items: Items[RuleScores]) -> NDArray[np.float64]:
        if self.drops_zeros:
            items = [item for item in items if item.curves[name].any()]
        if not items:
            return np.full(len(self.curves[name].thresholds), np.nan)
        return self._average(name, [item.curves[name] for item in items], items)

    def _average(self, name: str, rows: Items[ArrayLike], items: Items[RuleScores]) -> NDArray[np.float64]:
        weights = [item.frames for item in items] if name in self.by_frames else None
        return np.asarray(np.average(np.asarray(rows), axis=0, weights=weights))

    def _read(self, curves: Mapping[str, NDArray[np.float64]], means: Mapping[str, float]) -> dict[str, float]:
        return {
            metric.key: item.read(curves[item.curve]) if isinstance(item, Figure) else means[metric.key]
            for item, metric in zip(self.figures, self.metrics, strict=True)
        }
