"""Evaluations side by side: how far trackers are from a baseline, overall and per attribute."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_edge.evaluation.bootstrap import Bootstrap, bootstrap_interval
from sdst_edge.evaluation.result import EvaluationResult, SequenceResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_runtime.errors import ConfigError, DatasetError

__all__ = ["FEWEST_CLEAR", "Comparison", "Contrast", "Difference", "compare_results"]

#: One sequence in both evaluations.
_Pair: TypeAlias = tuple[SequenceResult, SequenceResult]

#: How far the mean over sequences may be from the figure of the set, as a share of a perfect score, to be the same.
SAME_FIGURE = 1e-6

#: Where all of n differences have one sign, the interval leaves out 0, and two trackers that are alike get there with
#: probability 2 / 2^n: only from this many sequences on in less than 5 % of cases.
FEWEST_CLEAR = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of two trackers.

    Attributes:
        sequences: over which it is.
        baseline: figure of the first tracker; None where the rule gives none.
        value: of the other.
        difference: ``value - baseline``.
        low: lower end of the 95 % interval of the difference; None where no interval belongs to it: fewer than two
            sequences, or a figure that is no mean over sequences.
        high: upper end.
        clear: whether the interval leaves out 0, over at least :data:`FEWEST_CLEAR` sequences; None without one.
    """

    sequences: int
    baseline: float | None
    value: float | None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    clear: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One tracker against the baseline.

    Attributes:
        tracker: its name.
        overall: by metric.
        attributes: by attribute, in the set's order: the chosen metric over the sequences that hold it.
    """

    tracker: str
    overall: Mapping[str, Difference]
    attributes: Mapping[str, Difference]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Trackers against the first of them.

    Attributes:
        baseline: name of the first tracker.
        dataset: name of the set.
        layout: of the set.
        protocol: of all evaluations.
        rule: likewise.
        rule_text: likewise, for people.
        metrics: what the figures are, the headline first.
        metric: key of the one that attributes are compared by.
        sequences: how many were compared.
        left_out: names of sequences that not all evaluations have.
        bootstrap: behind the intervals.
        contrasts: the other trackers, in the order given.
    """

    baseline: str
    dataset: str
    layout: str
    protocol: str
    rule: str
    rule_text: str
    metrics: tuple[Metric, ...]
    metric: str
    sequences: int
    left_out: tuple[str, ...]
    bootstrap: Bootstrap
    contrasts: tuple[Contrast, ...]


def compare_results(
    results: Items[EvaluationResult],
    *,
    metric: str | None = None,
    bootstrap: Bootstrap | None = None,
    common: bool = False,
) -> Comparison:
    """How far the trackers are from the first one, overall and per attribute.

    Args:
        results: two or more, of one data set, protocol and rule; the first is the baseline.
        metric: key of the one to compare attributes by; None for the headline.
        bootstrap: how to draw; None for 10,000 resamples of seed 0.
        common: compare on the sequences that all have, instead of refusing where they differ.

    Raises:
        ConfigError: fewer than two results, or the rule has no such metric.
        DatasetError: they cannot be compared: another data set, protocol, rule, or other sequences, or no scores.
    """
    if len(results) < 2:
        raise ConfigError(f"{len(results)} evaluations to compare, expected two or more")
    first, bootstrap = results[0], bootstrap or Bootstrap()
    for other in results[1:]:
        _check_same_rule(first, other)
    names, left_out = _compared_names(results, common)
    keys = [item.key for item in first.metrics]
    if not keys:
        raise DatasetError(f"{first.tracker} was not scored, so nothing can be compared")
    metric = keys[0] if metric is None else metric
    if metric not in keys:
        raise ConfigError(f"rule {first.rule} gives no {metric!r}, it gives {', '.join(keys)}")
    chosen = next(item for item in first.metrics if item.key == metric)
    kept = [_only(result, names) if left_out else result for result in results]
    contrasts = tuple(_contrast(kept[0], other, chosen, bootstrap) for other in kept[1:])
    return Comparison(
        baseline=first.tracker,
        dataset=first.dataset,
        layout=first.layout,
        protocol=first.protocol,
        rule=first.rule,
        rule_text=first.rule_text,
        metrics=first.metrics,
        metric=metric,
        sequences=len(names),
        left_out=left_out,
        bootstrap=bootstrap,
        contrasts=contrasts,
    )


def _check_same_rule(first: EvaluationResult, other: EvaluationResult) -> None:
    for name in ("dataset", "layout", "protocol", "rule"):
        ours, theirs = getattr(first, name), getattr(other, name)
        if ours != theirs:
            raise DatasetError(
                f"{first.tracker} and {other.tracker} cannot be compared: {name} {ours!r} and {theirs!r}; "
                "evaluate both on one data set by one protocol and rule"
            )


def _compared_names(results: Items[EvaluationResult], common: bool) -> tuple[list[str], tuple[str, ...]]:
    """Names of the sequences to compare, in the first one's order, and of those left out."""
    first = results[0]
    lengths = [{item.name: item.frames for item in result.sequences} for result in results]
    names = [name for name in lengths[0] if all(name in known for known in lengths)]
    everyone = dict.fromkeys(name for known in lengths for name in known)
    left_out = tuple(name for name in everyone if not all(name in known for known in lengths))
    if left_out and not common:
        raise DatasetError(
            f"{first.tracker} and the others were not evaluated on the same sequences: {len(left_out)} are not in all "
            f"of them ({', '.join(left_out[:3])}{', ...' if len(left_out) > 3 else ''}); evaluate them again, "
            "or compare on the common ones with --common"
        )
    if not names:
        raise DatasetError(f"{first.tracker} and the others have no sequence in common")
    for name in names:
        if len(counts := {known[name] for known in lengths}) > 1:
            raise DatasetError(
                f"sequence {name} has {' and '.join(map(str, sorted(counts)))} frames: these are two data sets"
            )
    return names, left_out


def _contrast(first: EvaluationResult, other: EvaluationResult, chosen: Metric, bootstrap: Bootstrap) -> Contrast:
    partner = {item.name: item for item in other.sequences}
    pairs = [(item, partner[item.name]) for item in first.sequences]

    def difference(
        key: str, pairs: list[_Pair], ours: Mapping[str, float | None], theirs: Mapping[str, float | None]
    ) -> Difference:
        return _difference(key, pairs, (ours.get(key), theirs.get(key)), first.pooled, bootstrap)

    attributes = {}
    for name in first.attributes:
        holding = [pair for pair in pairs if name in pair[0].attributes]
        same = name in other.attributes and all(
            (name in ours.attributes) == (name in theirs.attributes) for ours, theirs in pairs
        )
        if holding and same:
            scores = first.attributes[name].scores, other.attributes[name].scores
            attributes[name] = difference(chosen.key, holding, *scores)
    overall = {item.key: difference(item.key, pairs, first.overall, other.overall) for item in first.metrics}
    return Contrast(tracker=other.tracker, overall=overall, attributes=attributes)


def _difference(
    key: str, pairs: list[_Pair], figures: tuple[float | None, float | None], pooled: bool, bootstrap: Bootstrap
) -> Difference:
    baseline, value = figures
    if baseline is None or value is None:
        return Difference(sequences=len(pairs), baseline=baseline, value=value)
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    low = high = clear = None
    if len(pairs) > 1 and _is_mean(baseline, ours, key, pooled) and _is_mean(value, theirs, key, pooled):
        gaps = _scores(theirs, key) - _scores(ours, key)
        low, high = bootstrap_interval(gaps, _weights(ours, pooled), bootstrap)
        clear = len(pairs) >= FEWEST_CLEAR and (low > 0 or high < 0)
    return Difference(
        sequences=len(pairs),
        baseline=baseline,
        value=value,
        difference=value - baseline,
        low=low,
        high=high,
        clear=clear,
    )


def _only(result: EvaluationResult, names: list[str]) -> EvaluationResult:
    """The evaluation of some of its sequences: figures that are means over sequences; None for the others."""
    wanted = set(names)

    def over(items: list[SequenceResult], stated: Mapping[str, float | None]) -> dict[str, float | None]:
        kept = [item for item in items if item.name in wanted]
        means = {
            key: kept and value is not None and _is_mean(value, items, key, result.pooled)
            for key, value in stated.items()
        }
        return {key: _mean(kept, key, result.pooled) if is_mean else None for key, is_mean in means.items()}

    attributes = {
        name: replace(item, scores=over([one for one in result.sequences if name in one.attributes], item.scores))
        for name, item in result.attributes.items()
    }
    by_name = {item.name: item for item in result.sequences}
    return replace(
        result,
        sequences=tuple(by_name[name] for name in names),
        overall=over(list(result.sequences), result.overall),
        attributes=attributes,
    )


def _is_mean(figure: float, items: Items[SequenceResult], key: str, pooled: bool) -> bool:
    """Whether a figure of the set is the mean over its sequences: EAO, for one, is not."""
    scores = [item.scores.get(key) for item in items]
    if any(score is None for score in scores):
        return False
    scale = max(1.0, *(abs(score) for score in scores if score is not None))
    return abs(_mean(items, key, pooled) - figure) <= SAME_FIGURE * scale


def _mean(items: Items[SequenceResult], key: str, pooled: bool) -> float:
    return float(np.average(_scores(items, key), weights=_weights(items, pooled)))


def _scores(items: Items[SequenceResult], key: str) -> NDArray[np.float64]:
    return np.array([item.scores[key] for item in items], dtype=np.float64)


def _weights(items: Items[SequenceResult], pooled: bool) -> NDArray[np.float64]:
    return np.array([item.scored if pooled else 1 for item in items], dtype=np.float64)
