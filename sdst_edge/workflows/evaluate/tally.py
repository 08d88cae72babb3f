"""What an evaluation found out so far: scored sequences, skipped ones, the running mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from sdst_edge.datasets.attributes import held_attributes, listing_order
from sdst_edge.datasets.dataset import Dataset
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.result import EvaluationResult, Skipped
from sdst_edge.workflows.evaluate.ways import Way
from sdst_runtime.errors import DatasetError

__all__ = ["OnProgress", "Tally"]

#: Called with sequences done, sequences in all, and the mean of the first figure so far (empty at the start).
OnProgress: TypeAlias = Callable[[int, int, str], None]

#: Of skipped sequences, when none is left.
SHOWN_REASONS = 3


class Tally:
    """Scores sequences in any order, and keeps the figures.

    Attributes:
        way: to score.
        dataset: whose sequences are scored.
    """

    def __init__(
        self, way: Way, dataset: Dataset, *, attributes: bool, skip_broken: bool, on_progress: OnProgress | None
    ) -> None:
        """An empty one.

        Args:
            way: to score.
            dataset: whose sequences are scored.
            attributes: find out which challenges each sequence holds.
            skip_broken: keep a list of what is broken instead of raising.
            on_progress: told of each sequence.
        """
        self.way, self.dataset = way, dataset
        self._attributes, self._skip_broken, self._on_progress = attributes, skip_broken, on_progress
        self._items: dict[str, Any] = {}
        self._held: set[str] = set()
        self._values: dict[str, list[tuple[float, int]]] = {}
        self._skipped = [Skipped(name=item.name, reason=item.reason) for item in dataset.skipped]

    def attempt(self, act: Callable[[Sequence], object], sequence: Sequence) -> bool:
        """Whether it worked; a sequence with which it did not is skipped, if that is wanted.

        Raises:
            DatasetError: it did not work, and nothing is to be skipped.
        """
        try:
            act(sequence)
        except DatasetError as error:
            self.skip(sequence.name, error)
            return False
        return True

    def skip(self, name: str, error: DatasetError) -> None:
        """Leaves a sequence out, if that is wanted.

        Raises:
            DatasetError: ``error``, if it is not.
        """
        if not self._skip_broken:
            raise error
        self._skipped.append(Skipped(name=name, reason=str(error)))
        self.tell()

    def score(self, folder: Path, sequence: Sequence) -> None:
        """Scores what lies in the folder of a tracker's results; skips a sequence whose results are broken.

        Raises:
            DatasetError: they are, and nothing is to be skipped.
        """
        held = held_attributes(sequence, self.dataset.layout.name) if self._attributes else {}

        def keep(item: Sequence) -> None:
            self._items[item.name] = scored = self.way.score(folder, item, held)
            self._held.update(held)
            for key, value in self.way.scores_of(scored).items():
                if value is not None:
                    self._values.setdefault(key, []).append((value, self.way.weight_of(scored)))
            self.tell()

        self.attempt(keep, sequence)

    def tell(self) -> None:
        """Says how far it is."""
        if self._on_progress is not None:
            total = len(self.dataset.sequences) + len(self.dataset.skipped)
            self._on_progress(len(self._items) + len(self._skipped), total, self._running_mean())

    def _running_mean(self) -> str:
        """Of the first figure that single sequences have: EAO, for one, is of sets only."""
        for metric in self.way.metrics:
            if values := self._values.get(metric.key):
                scores, weights = np.transpose(values)
                return f"{metric.label} {np.average(scores, weights=weights):.3f}"
        return ""

    def result(self, tracker: str, *, workers: int) -> EvaluationResult:
        """The figures of the set.

        Args:
            tracker: its name.
            workers: processes that ran side by side.

        Raises:
            DatasetError: no sequence was scored.
        """
        dataset = self.dataset
        items = [self._items[item.name] for item in dataset.sequences if item.name in self._items]
        if not items:
            reasons = "; ".join(item.reason for item in self._skipped[:SHOWN_REASONS])
            raise DatasetError(f"{dataset.root}: no sequence is left to score: {reasons}")
        return replace(
            self.way.summarize(items, tracker, listing_order(dataset.layout.name, self._held)),
            dataset=dataset.name,
            layout=dataset.layout.name,
            workers=workers,
            skipped=tuple(self._skipped),
        )
