"""What a VOT protocol offers: to run a tracker, to keep what it said on disk, and to score that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.evaluation.run import Trackable
from sdst_edge.evaluation.vot.runs import SequenceRuns

__all__ = ["AttributeScores", "SequenceScores", "VotProtocol", "VotScores"]


class SequenceScores(Protocol):
    """Figures of one sequence, and what the figures of the set are made from; can be pickled."""

    @property
    def name(self) -> str:
        """Of the sequence."""
        ...

    @property
    def frames(self) -> int:
        """That were scored, over all runs."""
        ...

    @property
    def scores(self) -> Mapping[str, float]:
        """By metric, as far as the protocol gives figures of single sequences; NaN where no frame was scored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeScores:
    """Figures of an attribute.

    Attributes:
        sequences: how many hold it.
        scores: by metric, as far as the protocol gives them.
    """

    sequences: int
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VotScores:
    """Figures of a set.

    Attributes:
        overall: by metric.
        sequences: in the order given.
        attributes: by name, of those that a frame of the set is tagged with.
        lengths: (L,), ascending, in frames: those for which there is an expected average overlap.
        eao_curve: (L,) expected average overlap of runs of each length.
    """

    overall: Mapping[str, float]
    sequences: tuple[SequenceScores, ...]
    attributes: Mapping[str, AttributeScores] = field(default_factory=dict)
    lengths: NDArray[np.float64]
    eao_curve: NDArray[np.float64]


class VotProtocol(Protocol):
    """A way to run trackers and to score what they said; frozen, can be pickled."""

    @property
    def name(self) -> str:
        """For the command line, such as ``vot2018``."""
        ...

    @property
    def description(self) -> str:
        """One line for tables."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What it gives, EAO first."""
        ...

    def check(self, sequence: Sequence) -> None:
        """Whether the sequence can be run by this protocol; cheap.

        Raises:
            DatasetError: it cannot: no anchors, or the target is absent where a run starts.
        """
        ...

    def run(self, tracker: Trackable, sequence: Sequence) -> SequenceRuns:
        """Lets a tracker make all passes over a sequence.

        Raises:
            DatasetError: the sequence cannot be run, or a frame cannot be read.
        """
        ...

    def write(self, folder: Path, tracker: str, runs: SequenceRuns) -> None:
        """Writes the answers as the VOT toolkit and PySOT lay them out, each file whole or not at all.

        Args:
            folder: of results; files come into ``<tracker>/baseline/<sequence>/``.
            tracker: its name.
            runs: the last file is written when all others are: once all are there, the sequence is done.
        """
        ...

    def is_done(self, folder: Path, tracker: str, sequence: Sequence) -> bool:
        """Whether all result files of the sequence are there; they are not read."""
        ...

    def read(self, folder: Path, tracker: str, sequence: Sequence) -> SequenceRuns:
        """The answers in a results folder of ours or of any other tracker, see :meth:`write`.

        Raises:
            DatasetError: a file is missing, broken, or of another length; names file and line.
        """
        ...

    def score_sequence(self, sequence: Sequence, runs: SequenceRuns) -> SequenceScores:
        """Figures of one sequence: where the time goes, and independent of other sequences.

        Raises:
            DatasetError: the size of the pictures is needed and not known, or the runs do not fit the sequence.
        """
        ...

    def score_set(self, items: Items[SequenceScores]) -> VotScores:
        """Figures of a set from what :meth:`score_sequence` gave for its sequences, N >= 1."""
        ...

    def score(self, pairs: Iterable[tuple[Sequence, SequenceRuns]]) -> VotScores:
        """Both at once."""
        ...
