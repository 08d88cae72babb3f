"""From finished trials to the table of an ablation.

Figures of an arm are means over its seeds. A difference to the baseline is over the seeds that both have finished: each
sequence's score is averaged over them first, and the interval is that of a paired bootstrap over the sequences
(:mod:`sdst_edge.evaluation.bootstrap`). It says what other sequences of the same kind might give, not what other seeds
might: those are shown one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field, replace

import numpy as np

from sdst_edge.evaluation.bootstrap import Bootstrap
from sdst_edge.evaluation.compare import Contrast, Difference, compare_results
from sdst_edge.evaluation.result import EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.trials.frame_times import FrameTimes
from sdst_edge.workflows.trials.trial import Trial
from sdst_runtime.errors import DatasetError

__all__ = [
    "STUDENT",
    "AblationTable",
    "ArmResult",
    "Asked",
    "Point",
    "TeacherResult",
    "make_table",
    "mean_result",
]

#: Of the student's architecture among the frame times.
STUDENT = "student"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an ablation is asked for.

    Attributes:
        recipe: file of the student's recipe.
        overrides: of the recipe.
        arms: in the order of the table.
        seeds: of each arm.
        steps: optimiser steps of each run.
        batch_size: pairs a step.
        command: that makes the table.
        bootstrap: behind the intervals.
    """

    recipe: str
    overrides: tuple[str, ...]
    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: int
    batch_size: int
    command: str
    bootstrap: Bootstrap

    @property
    def baseline(self) -> str:
        """Arm that the others are compared with: ``general``, or the first where that is not among them."""
        return "general" if "general" in self.arms else self.arms[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run: its seed, and its headline figure."""

    seed: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One arm.

    Attributes:
        arm: its name.
        points: the finished runs.
        missing: seeds whose runs are not finished.
        value: mean of the points; None without any.
        attributes: by name: mean over seeds of the headline figure on the sequences that hold it.
        paired_seeds: over which the differences are.
        difference: to the baseline; None for itself, and where nothing is to compare.
        attribute_differences: by name, likewise.
        seconds: that training took, mean over seeds; None without any.
    """

    arm: str
    points: tuple[Point, ...]
    missing: tuple[int, ...]
    value: float | None = None
    attributes: Mapping[str, float | None]
    paired_seeds: tuple[int, ...] = ()
    difference: Difference | None = None
    attribute_differences: Mapping[str, Difference]
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherResult:
    """A teacher on the same validation set.

    Attributes:
        name: ``general``, or the attribute that it is specialised in.
        parameters: of the network.
        compression: its parameters over the student's; None while no student is finished.
        value: headline figure.
        attributes: by name: the same on the sequences that hold it.
    """

    name: str
    parameters: int
    compression: float | None
    value: float | None
    attributes: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationTable:
    """What an ablation found out.

    Attributes:
        asked: what was to be run.
        baseline: arm that differences are to.
        missing: runs that are not finished, such as ``general, seed 2``.
        dataset: name of the validation set; empty while nothing is finished, as what follows.
        layout: of it.
        rule_text: by which it was scored.
        metric: the headline figure; None while nothing is finished.
        sequences: in the set.
        attributes: sequences that hold it, by attribute in the set's order.
        arms: in the order asked for.
        general: the general teachers, as far as they can be run.
        specialised: the specialised teachers, likewise; each is named by its attribute.
        chosen: teachers whose checkpoint is the best by their own recipe's evaluation, with the set of that.
        parameters: of the student; None while none is finished.
        frame_times: of the student and the general teachers, by name; None where they are not measured.
    """

    asked: Asked
    baseline: str
    missing: tuple[str, ...]
    dataset: str = ""
    layout: str = ""
    rule_text: str = ""
    metric: Metric | None = None
    sequences: int = 0
    attributes: Mapping[str, int]
    arms: tuple[ArmResult, ...]
    general: tuple[TeacherResult, ...]
    specialised: tuple[TeacherResult, ...]
    chosen: Mapping[str, str] = field(default_factory=dict)
    parameters: int | None = None
    frame_times: FrameTimes | None = None


def make_table(
    asked: Asked,
    trials: Mapping[tuple[str, int], Trial],
    *,
    general: Items[Trial] = (),
    specialised: Items[Trial] = (),
    frame_times: FrameTimes | None = None,
) -> AblationTable:
    """The table of what is finished.

    Args:
        asked: what was to be run.
        trials: finished ones, by arm and seed.
        general: the general teachers, evaluated on the same set.
        specialised: the specialised teachers, likewise.
        frame_times: of :data:`STUDENT` and of teachers by their names.

    Raises:
        DatasetError: the trials were not evaluated on the same sequences.
    """
    by_arm = {arm: {seed: trials[arm, seed] for seed in asked.seeds if (arm, seed) in trials} for arm in asked.arms}
    first = next(iter(trials.values()), None)
    student = None if first is None else first.parameters
    table = AblationTable(
        asked=asked,
        baseline=asked.baseline,
        missing=tuple(f"{arm}, seed {s}" for arm in asked.arms for s in asked.seeds if (arm, s) not in trials),
        attributes={},
        arms=tuple(_arm(arm, by_arm[arm], by_arm[asked.baseline], asked) for arm in asked.arms),
        general=tuple(_teacher(item, student) for item in general),
        specialised=tuple(_teacher(item, student) for item in specialised),
        parameters=student,
        frame_times=frame_times,
    )
    some = [*trials.values(), *general, *specialised]
    return _about(table, some[0].evaluation) if some else table


def mean_result(results: Items[EvaluationResult], name: str) -> EvaluationResult:
    """The mean of evaluations of one data set: each sequence's scores, and each figure of the set.

    Args:
        results: at least one; a figure that one of them lacks, the mean lacks, too.
        name: of the mean.

    Raises:
        DatasetError: they are not of the same sequences.
    """
    first = results[0]
    names = [item.name for item in first.sequences]
    if any([item.name for item in other.sequences] != names for other in results[1:]):
        raise DatasetError(f"runs of {name} were not evaluated on the same sequences; evaluate them again")

    def scores(items: Items[Mapping[str, float | None]]) -> dict[str, float | None]:
        return {key: _mean([item.get(key) for item in items]) for key in items[0]}

    def sequence(place: int) -> SequenceResult:
        runs = [result.sequences[place] for result in results]
        return replace(runs[0], scores=scores([run.scores for run in runs]), speed=None)

    attributes = {
        key: replace(item, scores=scores([result.attributes[key].scores for result in results]))
        for key, item in first.attributes.items()
    }
    return replace(
        first,
        tracker=name,
        overall=scores([result.overall for result in results]),
        sequences=tuple(sequence(place) for place in range(len(names))),
        attributes=attributes,
        curves={},
        speed=None,
    )


def _arm(arm: str, runs: Mapping[int, Trial], baseline: Mapping[int, Trial], asked: Asked) -> ArmResult:
    missing = tuple(seed for seed in asked.seeds if seed not in runs)
    if not runs:
        return ArmResult(arm=arm, points=(), missing=missing, attributes={}, attribute_differences={})
    mean = mean_result([run.evaluation for run in runs.values()], arm)
    key = mean.metrics[0].key
    points = [(seed, run.evaluation.overall.get(key)) for seed, run in runs.items()]
    paired = tuple(seed for seed in runs if seed in baseline) if arm != asked.baseline else ()
    contrast = _contrast(arm, [runs[seed] for seed in paired], [baseline[seed] for seed in paired], asked.bootstrap)
    return ArmResult(
        arm=arm,
        points=tuple(Point(seed=seed, value=value) for seed, value in points if value is not None),
        missing=missing,
        value=mean.overall.get(key),
        attributes={name: item.scores.get(key) for name, item in mean.attributes.items()},
        paired_seeds=paired,
        difference=None if contrast is None else contrast.overall[key],
        attribute_differences={} if contrast is None else contrast.attributes,
        seconds=float(np.mean([run.seconds for run in runs.values()])),
    )


def _contrast(arm: str, runs: Items[Trial], baseline: Items[Trial], bootstrap: Bootstrap) -> Contrast | None:
    if not runs:
        return None
    means = [
        mean_result([run.evaluation for run in side], name) for side, name in ((baseline, "baseline"), (runs, arm))
    ]
    return compare_results(means, bootstrap=bootstrap).contrasts[0]


def _teacher(teacher: Trial, student: int | None) -> TeacherResult:
    result = teacher.evaluation
    key = result.metrics[0].key
    return TeacherResult(
        name=teacher.name,
        parameters=teacher.parameters,
        compression=teacher.parameters / student if student else None,
        value=result.overall.get(key),
        attributes={name: item.scores.get(key) for name, item in result.attributes.items()},
    )


def _about(table: AblationTable, result: EvaluationResult) -> AblationTable:
    return replace(
        table,
        dataset=result.dataset,
        layout=result.layout,
        rule_text=result.rule_text,
        metric=result.metrics[0],
        sequences=len(result.sequences),
        attributes={name: item.sequences for name, item in result.attributes.items()},
    )


def _mean(values: Items[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None
