"""One pass over each sequence from its first box, without resets, scored by a rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.raw_results import ResultForm, is_written, read_repetitions, write_result
from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.evaluation.result_names import find_result
from sdst_edge.evaluation.rules.rule import Metric, Rule
from sdst_edge.evaluation.run import Trackable, check_runnable, follow
from sdst_edge.evaluation.scoring import ScoredSequence, finite_scores, score_trajectory, summarize
from sdst_edge.evaluation.trajectory import Trajectory
from sdst_edge.workflows.evaluate.ways import Way, Work
from sdst_runtime.errors import DatasetError

__all__ = ["one_pass"]


def one_pass(rule: Rule, form: ResultForm) -> Way:
    """The way of one pass.

    Args:
        rule: to score by.
        form: of the result files to write.
    """
    return _OnePass(rule=rule, form=form)


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
        check_runnable(sequence, scored=bool(self.metrics))

    def work(self, folder: Path) -> Work:
        return partial(_run_one_pass, folder, self.form)

    def has(self, folder: Path, sequence: Sequence) -> bool:
        return find_result(folder, sequence.name) is not None

    def expected(self, name: str) -> str:
        return f"{name}.txt or {name}/{name}_001.txt in it"

    def finished(self, folder: Path, sequence: Sequence) -> bool:
        return is_written(folder, sequence, self.form)

    def score(self, folder: Path, sequence: Sequence, attributes: Mapping[str, str]) -> ScoredSequence:
        runs = read_repetitions(folder, sequence)
        try:
            scored = [self._score_run(run, sequence, attributes) for run in runs]
        except DatasetError as error:
            raise DatasetError(f"{find_result(folder, sequence.name)}: {error}") from None
        return (
            scored[0] if len(runs) == 1 else replace(scored[0], scores=self.rule.mean([one.scores for one in scored]))
        )

    def _score_run(self, run: Trajectory, sequence: Sequence, attributes: Mapping[str, str]) -> ScoredSequence:
        whole = sequence.whole
        truth = whole if whole is not None and len(run.boxes_xywh) == len(whole) else sequence
        return score_trajectory(self.rule, truth, run, attributes)

    def scores_of(self, item: ScoredSequence) -> Mapping[str, float | None]:
        return finite_scores(item.scores.scores)

    def weight_of(self, item: ScoredSequence) -> int:
        return item.scores.frames if self.rule.pooled else 1

    def summarize(self, items: Items[ScoredSequence], tracker: str, order: Iterable[str]) -> EvaluationResult:
        return summarize(self.rule, items, tracker=tracker, order=order)


def _run_one_pass(folder: Path, form: ResultForm, tracker: Trackable, sequence: Sequence) -> None:
    write_result(folder, sequence, follow(tracker, sequence), form)
