"""Ways to run a tracker over sequences and to score what it said, behind one set of methods.

Results go through files even when nobody keeps them, so that a run, a resumed run and the boxes that it left score the
same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.raw_results import ResultForm, find_result, read_result, write_result
from sdst_edge.evaluation.result import AttributeResult, Curve, EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules import rule_by_name
from sdst_edge.evaluation.rules.rule import Metric, Rule
from sdst_edge.evaluation.run import Trackable, check_runnable, follow
from sdst_edge.evaluation.scoring import ScoredSequence, finite_scores, score_trajectory, speed_of, summarize
from sdst_edge.evaluation.vot.protocol import SequenceScores, VotProtocol
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["Way", "Work", "choose_way"]

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

    def summarize(self, items: Items[Any], tracker: str, order: Iterable[str]) -> EvaluationResult:
        """Figures of the set, from one or more of what :meth:`score` gave; name and layout of the set are empty."""
        ...


def choose_way(protocol: str, rule: str | None) -> Callable[[str], Way]:
    """The way to run and to score, from the layout of the data set.

    Args:
        protocol: ``ope``: one pass over each sequence from its first box, without resets; or one of VOT's.
        rule: to score ``ope`` by; None for the house rule.

    Raises:
        ConfigError: there is no such protocol or rule, or a rule was given to a protocol that has its own.
    """
    if protocol == "ope":
        chosen = rule_by_name("house" if rule is None else rule)
        return lambda layout: _OnePass(rule=chosen, form="got10k" if layout == "got10k" else "otb")
    from sdst_edge.evaluation.vot import PROTOCOLS

    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol is {protocol!r}, expected one of ope, {', '.join(PROTOCOLS)}")
    if rule is not None:
        raise ConfigError(f"protocol {protocol} has a rule of its own; leave --rules out")
    return lambda _: _VotRuns(protocol=PROTOCOLS[protocol])


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnePass:
    rule: Rule
    form: ResultForm

    @property
    def name(self) -> str:
        return "ope"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return self.rule.metrics

    def check(self, sequence: Sequence) -> None:
        check_runnable(sequence)

    def work(self, folder: Path) -> Work:
        return partial(_run_one_pass, folder, self.form)

    def has(self, folder: Path, sequence: Sequence) -> bool:
        return find_result(folder, sequence.name) is not None

    def expected(self, name: str) -> str:
        return f"{name}.txt or {name}/{name}_001.txt in it"

    def finished(self, folder: Path, sequence: Sequence) -> bool:
        try:
            return len(read_result(folder, sequence).boxes_xywh) == len(sequence)
        except DatasetError:
            return False

    def score(self, folder: Path, sequence: Sequence, attributes: Mapping[str, str]) -> ScoredSequence:
        trajectory = read_result(folder, sequence)
        try:
            return score_trajectory(self.rule, sequence, trajectory, attributes)
        except DatasetError as error:
            raise DatasetError(f"{find_result(folder, sequence.name)}: {error}") from None

    def scores_of(self, item: ScoredSequence) -> Mapping[str, float | None]:
        return finite_scores(item.scores.scores)

    def summarize(self, items: Items[ScoredSequence], tracker: str, order: Iterable[str]) -> EvaluationResult:
        return summarize(self.rule, items, tracker=tracker, order=order)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _VotItem:
    scores: SequenceScores
    frames: int
    attributes: tuple[str, ...]
    update_seconds: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _VotRuns:
    protocol: VotProtocol

    @property
    def name(self) -> str:
        return self.protocol.name

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return self.protocol.metrics

    def check(self, sequence: Sequence) -> None:
        self.protocol.check(sequence)

    def work(self, folder: Path) -> Work:
        return partial(_run_vot, folder, self.protocol)

    def has(self, folder: Path, sequence: Sequence) -> bool:
        return self.protocol.is_done(folder.parent, folder.name, sequence)

    def expected(self, name: str) -> str:
        return f"a folder baseline/{name} in it"

    def finished(self, folder: Path, sequence: Sequence) -> bool:
        if not self.has(folder, sequence):
            return False
        try:
            self.protocol.read(folder.parent, folder.name, sequence)
        except DatasetError:
            return False
        return True

    def score(self, folder: Path, sequence: Sequence, attributes: Mapping[str, str]) -> _VotItem:
        runs = self.protocol.read(folder.parent, folder.name, sequence)
        return _VotItem(
            scores=self.protocol.score_sequence(sequence, runs),
            frames=len(sequence),
            attributes=tuple(name for name in attributes if name in sequence.frame_attributes),
            update_seconds=runs.update_seconds(),
        )

    def scores_of(self, item: _VotItem) -> Mapping[str, float | None]:
        return finite_scores(item.scores.scores)

    def summarize(self, items: Items[_VotItem], tracker: str, order: Iterable[str]) -> EvaluationResult:
        whole = self.protocol.score_set([item.scores for item in items])
        attributes = {name: whole.attributes[name] for name in order if name in whole.attributes}
        keys = [metric.key for metric in self.protocol.metrics]
        return EvaluationResult(
            tracker=tracker,
            dataset="",
            layout="",
            protocol=self.protocol.name,
            rule=self.protocol.name,
            rule_text=self.protocol.description,
            pooled=True,
            metrics=self.protocol.metrics,
            overall=_by_key(keys, whole.overall),
            sequences=tuple(_vot_sequence(item, keys) for item in items),
            attributes={
                name: AttributeResult(source="labelled", sequences=item.sequences, scores=_by_key(keys, item.scores))
                for name, item in attributes.items()
            },
            curves={"eao": Curve(thresholds=tuple(whole.lengths.tolist()), values=tuple(whole.eao_curve.tolist()))},
            speed=speed_of([item.update_seconds for item in items]),
        )


def _run_one_pass(folder: Path, form: ResultForm, tracker: Trackable, sequence: Sequence) -> None:
    write_result(folder, sequence, follow(tracker, sequence), form)


def _run_vot(folder: Path, protocol: VotProtocol, tracker: Trackable, sequence: Sequence) -> None:
    protocol.write(folder.parent, folder.name, protocol.run(tracker, sequence))


def _vot_sequence(item: _VotItem, keys: list[str]) -> SequenceResult:
    return SequenceResult(
        name=item.scores.name,
        frames=item.frames,
        scored=item.scores.frames,
        attributes=item.attributes,
        scores=_by_key(keys, item.scores.scores),
        speed=speed_of([item.update_seconds]),
    )


def _by_key(keys: list[str], scores: Mapping[str, float]) -> dict[str, float | None]:
    """All of the metrics, None for those that are not given."""
    finite = finite_scores(scores)
    return {key: finite.get(key) for key in keys}
