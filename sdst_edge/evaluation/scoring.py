"""From what a tracker said about sequences to its figures, by any rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.result import AttributeResult, Curve, EvaluationResult, SequenceResult, Speed
from sdst_edge.evaluation.rules.rule import Rule, RuleScores
from sdst_edge.evaluation.trajectory import Trajectory
from sdst_runtime.errors import DatasetError

__all__ = ["ScoredSequence", "check_scorable", "finite_scores", "score_trajectory", "speed_of", "summarize"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredSequence:
    """One sequence with its figures.

    Attributes:
        name: of the sequence.
        frames: how many it has.
        scores: by the rule.
        update_seconds: of each ``update()``; None where nobody measured.
        attributes: challenges that it holds, each with its source: ``labelled`` or ``derived``.
    """

    name: str
    frames: int
    scores: RuleScores
    update_seconds: NDArray[np.float64] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


def check_scorable(sequence: Sequence) -> None:
    """Refuses a sequence that has a true box in frame 1 alone, where all trackers are the same.

    Raises:
        DatasetError: it is one.
    """
    if not sequence.visible[1:].any():
        raise DatasetError(
            f"sequence {sequence.name}: of {len(sequence)} frames none is left to score: the target is seen only in "
            "frame 1, or its makers keep the other boxes to themselves, as those of test sets do; "
            "`sdst-edge eval MODEL DATA --rules none` leaves boxes for their server"
        )


def score_trajectory(
    rule: Rule, sequence: Sequence, trajectory: Trajectory, attributes: Mapping[str, str] | None = None
) -> ScoredSequence:
    """The figures of one sequence.

    Args:
        rule: to score by.
        sequence: the truth.
        trajectory: of the tracker.
        attributes: challenges of the sequence, each with its source.

    Raises:
        DatasetError: no frame but the first has a true box, the rule refuses the number of boxes, or finds no frame to
            score; names the sequence.
    """
    if rule.metrics:
        check_scorable(sequence)
    size_wh = sequence.picture_size() if rule.needs_size else None
    visible = sequence.visible if sequence.marked_visible is None else sequence.marked_visible
    try:
        scores = rule.score(trajectory.boxes_xywh, sequence.boxes_xywh, visible, size_wh, origin=sequence.origin)
    except DatasetError as error:
        raise DatasetError(f"sequence {sequence.name}: {error}") from None
    return ScoredSequence(
        name=sequence.name,
        frames=len(sequence),
        scores=scores,
        update_seconds=None if trajectory.seconds is None else trajectory.seconds[1:],
        attributes=attributes or {},
    )


def summarize(
    rule: Rule,
    items: Items[ScoredSequence],
    *,
    tracker: str,
    order: Iterable[str] = (),
) -> EvaluationResult:
    """A tracker's figures on a set.

    Args:
        rule: by which the sequences were scored.
        items: the sequences, at least one, in the set's order.
        tracker: its name.
        order: of the attributes; those of the sequences that are not among them follow.

    Returns:
        The figures, with name and layout of the set left empty.

    Raises:
        DatasetError: there is no sequence.
    """
    if not items:
        raise DatasetError("no sequences to evaluate on")
    whole = rule.mean([item.scores for item in items])
    return EvaluationResult(
        tracker=tracker,
        dataset="",
        layout="",
        protocol="ope",
        rule=rule.name,
        rule_text=rule.description,
        pooled=rule.pooled,
        metrics=rule.metrics,
        overall=finite_scores(whole.scores),
        sequences=tuple(_sequence_result(item) for item in items),
        attributes=_attribute_results(rule, items, order),
        curves={
            name: _curve(rule.thresholds[name], values)
            for name, values in whole.curves.items()
            if np.isfinite(values).all()
        },
        speed=speed_of([item.update_seconds for item in items]),
    )


def finite_scores(scores: Mapping[str, float]) -> dict[str, float | None]:
    """The same, with None for what is no number: JSON has no NaN."""
    return {key: float(value) if math.isfinite(value) else None for key, value in scores.items()}


def speed_of(update_seconds: Items[NDArray[np.float64] | None]) -> Speed | None:
    """The speed over all updates of some sequences; None where one of them was not measured, or none had an update."""
    measured = [seconds for seconds in update_seconds if seconds is not None and len(seconds)]
    if not measured or any(seconds is None for seconds in update_seconds):
        return None
    total = np.concatenate(measured)
    if not total.sum() > 0:
        return None
    return Speed(fps=float(len(total) / total.sum()), median_ms=float(np.median(total) * 1e3))


def _sequence_result(item: ScoredSequence) -> SequenceResult:
    return SequenceResult(
        name=item.name,
        frames=item.frames,
        scored=item.scores.frames,
        attributes=tuple(item.attributes),
        scores=finite_scores(item.scores.scores),
        speed=speed_of([item.update_seconds]),
    )


def _attribute_results(rule: Rule, items: Items[ScoredSequence], order: Iterable[str]) -> dict[str, AttributeResult]:
    results: dict[str, AttributeResult] = {}
    for name in dict.fromkeys([*order, *(name for item in items for name in item.attributes)]):
        holding = [item for item in items if name in item.attributes]
        if holding:
            results[name] = AttributeResult(
                source="derived" if any(item.attributes[name] == "derived" for item in holding) else "labelled",
                sequences=len(holding),
                scores=finite_scores(rule.mean([item.scores for item in holding]).scores),
            )
    return results


def _curve(thresholds: NDArray[np.float64], values: NDArray[np.float64]) -> Curve:
    return Curve(thresholds=tuple(thresholds.tolist()), values=tuple(values.tolist()))
