"""The search: Optuna proposes parameters, each trial is a run over the sequences, hopeless ones end early.

Sampler: tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011). Pruner: after each sequence, a Wilcoxon
signed-rank test of its scores against the best trial's on the same sequences (Optuna's ``WilcoxonPruner``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.rules import rule_by_name
from sdst_edge.evaluation.rules.rule import Metric, Rule, RuleScores
from sdst_edge.evaluation.run import check_runnable, follow
from sdst_edge.evaluation.scoring import score_trajectory
from sdst_edge.workflows.tune.memory import FrameMemory, TemplateMemory
from sdst_edge.workflows.tune.parameters import BOUNDS, Parameters
from sdst_edge.workflows.tune.passes import passes
from sdst_edge.workflows.tune.study import completed, finished, open_study, study_identity
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import ConfigError, DatasetError
from sdst_runtime.loading import open_session
from sdst_runtime.tracker import Tracker

if TYPE_CHECKING:
    import optuna

__all__ = ["TuneOptions", "TuneResult", "tune"]

#: Called after each sequence: trials done, trials in all, what is going on.
OnProgress = Callable[[float, float | None, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneOptions:
    """How to search.

    Attributes:
        study: file that remembers the trials; a search that finds it goes on from there, and several may share it.
        trials: how many in all, those found in the study included, >= 1.
        rule: to score by.
        metric: key of one of its metrics; empty for the rule's headline figure.
        seed: of the proposals and the order of the sequences.
        session: how templates are kept, as :func:`sdst_runtime.load` takes it.
        threads: that the network may use, >= 1.
        variant: of the bundle; None for its default.
        memory_bytes: for decoded frames.
        starts: from how many frames each sequence is followed, >= 1 (:mod:`sdst_edge.workflows.tune.passes`).
        mirrored: whether in the mirror, too.
    """

    study: Path
    trials: int = 100
    rule: str = "house"
    metric: str = ""
    seed: int = 0
    session: Any = "auto"
    threads: int = 1
    variant: str | None = None
    memory_bytes: int = 4 << 30
    starts: int = 1
    mirrored: bool = False

    def __post_init__(self) -> None:
        for name, least in (("trials", 1), ("memory_bytes", 0), ("starts", 1)):
            if getattr(self, name) < least:
                raise ConfigError(f"tune: {name} is {getattr(self, name)}, expected >= {least}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneResult:
    """What the search found.

    Attributes:
        rule: that was scored by.
        metric: key of the figure that was searched for.
        sequences: how many each full trial ran.
        passes: how often it followed one of them.
        before: parameters that the study started from.
        score_before: figure with those.
        best: parameters of the best trial; ``before`` where none was better.
        score: figure with those.
        completed: trials that ran all sequences, those of earlier searches included.
        pruned: trials that were ended early.
    """

    rule: str
    metric: str
    sequences: int
    passes: int
    before: Parameters
    score_before: float
    best: Parameters
    score: float
    completed: int
    pruned: int

    @property
    def improved(self) -> bool:
        """Whether the best trial is better than what the study started from."""
        return self.best != self.before


def tune(
    bundle: Bundle, sequences: Items[Sequence], options: TuneOptions, on_progress: OnProgress | None = None
) -> TuneResult:
    """Searches parameters for the best figure on some sequences. The bundle is not changed.

    The first trial is the bundle's own parameters. An interrupt loses the trial that was running, and nothing else.

    Args:
        bundle: to tune.
        sequences: with the target visible in the first frame and in one more.
        options: how.
        on_progress: called after each sequence.

    Raises:
        ConfigError: an option that cannot be, or the study is of another network, data set or figure.
        DatasetError: no sequences, or one that cannot be run.
        ModuleNotFoundError: Optuna or SciPy is missing (extra ``tune``).
    """
    rule = rule_by_name(options.rule)
    metric = _metric(rule, options.metric)
    if not sequences:
        raise DatasetError("no sequences to tune on")
    for sequence in sequences:
        check_runnable(sequence)
    memory = FrameMemory(options.memory_bytes)
    held = [memory.held(sequence) for sequence in sequences]
    followed = [each for sequence in held for each in passes(sequence, options.starts, mirrored=options.mirrored)]
    identity = study_identity(bundle, followed, f"{rule.name} {metric.key}")
    before = Parameters.of(bundle.manifest.tracker)
    study = open_study(options.study, identity, before, maximize=metric.higher_is_better, seed=options.seed)
    session = TemplateMemory(open_session(bundle, options.session, options.threads, options.variant))
    try:
        objective = _Objective(bundle, session, followed, options, on_progress)
        if finished(study) < options.trials:
            study.optimize(objective, callbacks=[objective.after_trial])
            objective.tell(options.trials, study)
    finally:
        session.close()
    return _result(study, rule, metric, len(sequences), len(followed))


class _Objective:
    """The figure of a trial: all sequences run with its parameters, in one random order for all trials."""

    def __init__(
        self,
        bundle: Bundle,
        session: TemplateMemory,
        sequences: Items[Sequence],
        options: TuneOptions,
        on_progress: OnProgress | None,
    ) -> None:
        order = np.random.default_rng(options.seed).permutation(len(sequences)).tolist()
        self._sequences = [(number, sequences[number]) for number in order]
        self._session, self._config = session, bundle.manifest.tracker
        self._rule = rule_by_name(options.rule)
        self._key = _metric(self._rule, options.metric).key
        self._trials, self._on_progress = options.trials, on_progress

    def __call__(self, trial: optuna.Trial) -> float:
        import optuna

        done = finished(trial.study)
        bounds = _bounds(trial.study)
        parameters = Parameters(**{name: trial.suggest_float(name, *limits) for name, limits in bounds.items()})
        scored: list[RuleScores] = []
        with Tracker(self._session, parameters.applied(self._config)) as tracker:
            for count, (number, sequence) in enumerate(self._sequences, start=1):
                scores = score_trajectory(self._rule, sequence, follow(tracker, sequence)).scores
                scored.append(scores)
                trial.report(scores.scores[self._key], step=number)
                self.tell(done + count / len(self._sequences), trial.study)
                if count < len(self._sequences) and _is_hopeless(trial):
                    raise optuna.TrialPruned
        return float(self._rule.mean(scored).scores[self._key])

    def after_trial(self, study: optuna.Study, _: optuna.trial.FrozenTrial) -> None:
        """Ends the search when enough trials are done, those of others who share the study included."""
        if finished(study) >= self._trials:
            study.stop()

    def tell(self, done: float, study: optuna.Study) -> None:
        """How many trials are done, and the best figure so far."""
        if self._on_progress is not None:
            best = f"best {self._key} {study.best_value:.3f}" if completed(study) else ""
            self._on_progress(done, self._trials, best)


def _is_hopeless(trial: optuna.Trial) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy before 1.13 tells that it approximates where scores are equal
        return trial.should_prune()


def _bounds(study: optuna.Study) -> dict[str, tuple[float, float]]:
    """What is searched, wide enough for what the bundle had."""
    before: dict[str, float] = study.user_attrs["before"]
    return {name: (min(low, before[name]), max(high, before[name])) for name, (low, high) in BOUNDS.items()}


def _metric(rule: Rule, key: str) -> Metric:
    for metric in rule.metrics:
        if not key or metric.key == key:
            return metric
    known = ", ".join(metric.key for metric in rule.metrics)
    raise ConfigError(f"rule {rule.name} has no metric {key!r}, it has {known}")


def _result(study: optuna.Study, rule: Rule, metric: Metric, sequences: int, passes: int) -> TuneResult:
    complete = [(float(trial.value), trial.params) for trial in completed(study) if trial.value is not None]
    before = study.user_attrs["before"]
    score_before = next(value for value, params in complete if params == before)
    sign = 1.0 if metric.higher_is_better else -1.0
    score, best = max(complete, key=lambda item: (sign * item[0], item[1] == before))
    return TuneResult(
        rule=rule.name,
        metric=metric.key,
        sequences=sequences,
        passes=passes,
        before=Parameters(**before),
        score_before=score_before,
        best=Parameters(**best),
        score=score,
        completed=len(complete),
        pruned=finished(study) - len(complete),
    )
