"""Several passes over each sequence, with resets or from several frames on, as VOT challenges have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.result import AttributeResult, Curve, EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.evaluation.run import Trackable
from sdst_edge.evaluation.scoring import check_scorable, finite_scores, speed_of
from sdst_edge.evaluation.vot.protocol import SequenceScores, VotProtocol
from sdst_edge.workflows.evaluate.ways import Way, Work
from sdst_runtime.errors import DatasetError

__all__ = ["vot_runs"]


def vot_runs(protocol: VotProtocol) -> Way:
    """The way of a VOT protocol, which scores by a rule of its own."""
    return _VotRuns(protocol=protocol)


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
        check_scorable(sequence)

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
        check_scorable(sequence)
        runs = self.protocol.read(folder.parent, folder.name, sequence)
        return _VotItem(
            scores=self.protocol.score_sequence(sequence, runs),
            frames=len(sequence),
            attributes=tuple(name for name in attributes if name in sequence.frame_attributes),
            update_seconds=runs.update_seconds(),
        )

    def scores_of(self, item: _VotItem) -> Mapping[str, float | None]:
        return finite_scores(item.scores.scores)

    def weight_of(self, item: _VotItem) -> int:
        return max(1, item.scores.frames)  # failures count where no overlap does

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
