"""Evaluations with figures made up for tests of what shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sdst_edge.evaluation.result import AttributeResult, Curve, EvaluationResult, SequenceResult, Speed
from sdst_edge.evaluation.rules.rule import Metric

__all__ = ["METRICS", "lasot_like", "made_up"]

METRICS = (
    Metric(key="success_auc", label="success AUC"),
    Metric(key="precision_20", label="precision@20"),
    Metric(key="norm_precision_20", label="normalised precision@0.2"),
)

#: LaSOT's attributes, how much each costs a tracker, and the share of sequences that hold it.
LASOT_LIKE = {
    "IV": (0.02, 0.17), "POC": (0.02, 0.67), "DEF": (0.0, 0.51), "MB": (0.05, 0.35), "CM": (0.0, 0.3),
    "ROT": (0.0, 0.63), "BC": (0.03, 0.36), "VC": (0.02, 0.12), "SV": (0.0, 0.94), "FOC": (0.11, 0.22),
    "FM": (0.25, 0.19), "OV": (0.12, 0.17), "LR": (0.15, 0.25), "ARC": (0.0, 0.8),
}  # fmt: skip

ClipScores = Mapping[str, tuple[float | None, tuple[str, ...]]]


def made_up(clips: ClipScores, **changes: Any) -> EvaluationResult:
    """An evaluation of sequences whose success AUC and attributes are given; other figures follow from it.

    Args:
        clips: success AUC and attributes by name of the sequence.
        changes: other values for attributes of the result.
    """
    sequences = tuple(_sequence(name, score, attributes) for name, (score, attributes) in clips.items())
    names = dict.fromkeys(name for item in sequences for name in item.attributes)
    holders = {name: [item for item in sequences if name in item.attributes] for name in names}
    result = EvaluationResult(
        tracker="toy tracker",
        dataset="data/toy",
        layout="lasot",
        protocol="ope",
        rule="toy",
        rule_text="toy rule: all frames count",
        pooled=False,
        metrics=METRICS,
        overall=_means(sequences),
        sequences=sequences,
        attributes={
            name: AttributeResult(source="labelled", sequences=len(items), scores=_means(items))
            for name, items in holders.items()
        },
        curves={
            "success": _curve(np.linspace(0, 1, 21), lambda x: 1 - x**2),
            "precision": _curve(np.arange(51.0), lambda x: x / (x + 8)),
            "norm_precision": _curve(np.linspace(0, 0.5, 51), lambda x: x / (x + 0.08)),
        },
        speed=Speed(fps=181.6, median_ms=5.41),
    )
    return replace(result, **changes)


def lasot_like(sequences: int, **changes: Any) -> EvaluationResult:
    """An evaluation in which a tracker is weak in fast motion, seeded."""
    random = np.random.default_rng(3)
    clips: dict[str, tuple[float, tuple[str, ...]]] = {}
    for index in range(sequences):
        held = tuple(name for name, (_, share) in LASOT_LIKE.items() if random.random() < share)
        score = 0.66 - sum(LASOT_LIKE[name][0] for name in held) + random.normal(0, 0.08)
        clips[f"clip-{index + 1}"] = (float(np.clip(score, 0.02, 0.93)), held)
    return made_up(clips, **changes)


def _sequence(name: str, score: float | None, attributes: tuple[str, ...]) -> SequenceResult:
    powers = {"success_auc": 1, "precision_20": 0.9, "norm_precision_20": 0.7}
    scores = {key: None if score is None else score**power for key, power in powers.items()}
    return SequenceResult(
        name=name,
        frames=1200,
        scored=1150,
        attributes=attributes,
        scores=scores,
        speed=Speed(fps=180.0 + 100 * (score or 0), median_ms=5.5),
    )


def _means(items: Iterable[SequenceResult]) -> dict[str, float | None]:
    known = {metric.key: [item.scores[metric.key] for item in items] for metric in METRICS}
    known = {key: [value for value in values if value is not None] for key, values in known.items()}
    return {key: float(np.mean(values)) if values else None for key, values in known.items()}


def _curve(thresholds: Any, values: Any) -> Curve:
    return Curve(thresholds=tuple(thresholds.tolist()), values=tuple(values(thresholds).tolist()))
