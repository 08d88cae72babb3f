"""What an evaluation asks of a protocol: to run a tracker, to find its results, and to score them.

Results go through files even when nobody keeps them, so that a run, a resumed run and the boxes that it left score the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.evaluation.run import Trackable

__all__ = ["Way", "Work"]

#: Runs a tracker over a sequence and keeps what it said; can be pickled.
Work: TypeAlias = Callable[[Trackable, Sequence], None]


class Way(Protocol):
    """A protocol with its rule; ``folder`` is always that of one tracker's results."""

    @property
    def name(self) -> str:
        """For the command line, such as ``ope``."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Its figures, the headline first."""
        ...

    def check(self, sequence: Sequence) -> None:
        """Refuses a sequence that no tracker can be run on or scored by; raises ``DatasetError``."""
        ...

    def work(self, folder: Path) -> Work:
        """Runs a tracker over a sequence and writes down what it says, each file whole or not at all."""
        ...

    def has(self, folder: Path, sequence: Sequence) -> bool:
        """Whether there are result files of the sequence; they are not read."""
        ...

    def expected(self, name: str) -> str:
        """The result files of a sequence in ``folder``, for messages."""
        ...

    def finished(self, folder: Path, sequence: Sequence) -> bool:
        """Whether all that :meth:`work` writes is there, one answer a frame."""
        ...

    def score(self, folder: Path, sequence: Sequence, attributes: Mapping[str, str]) -> Any:
        """Reads the results of a sequence and scores them; raises ``DatasetError`` naming the file."""
        ...

    def scores_of(self, item: Any) -> Mapping[str, float | None]:
        """The figures of a sequence that :meth:`score` scored, by metric; None for those that there are not."""
        ...

    def weight_of(self, item: Any) -> int:
        """How much a sequence that :meth:`score` scored counts in the mean over the set, >= 1."""
        ...

    def summarize(self, items: Items[Any], tracker: str, order: Iterable[str]) -> EvaluationResult:
        """Figures of the set, from one or more of what :meth:`score` gave; name and layout of the set are empty."""
        ...
