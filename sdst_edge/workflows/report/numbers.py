"""Scores as texts."""

from __future__ import annotations

from sdst_edge.evaluation.rules.rule import Metric

__all__ = ["MISSING", "change_text", "score_text"]

#: Stands where a score was not measured.
MISSING = "–"

MINUS = "−"


def score_text(metric: Metric, value: float | None) -> str:
    """A score with three decimals, or one on a scale to 100."""
    return MISSING if value is None else _rounded(metric, value).replace("-", MINUS)


def change_text(metric: Metric, change: float | None) -> str:
    """A difference of scores with its sign; the one that rounds to zero has none."""
    if change is None:
        return MISSING
    size = _rounded(metric, abs(change))
    if float(size) == 0:
        return size
    return f"{MINUS if change < 0 else '+'}{size}"


def _rounded(metric: Metric, value: float) -> str:
    return f"{value:.1f}" if metric.best == 100 else f"{value:.3f}"
