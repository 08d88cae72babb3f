"""The curves of an evaluation, with all that a plot of them says."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

from sdst_edge.evaluation.result import Curve, EvaluationResult
from sdst_edge.workflows.pages.axis import Axis
from sdst_edge.workflows.report.numbers import score_text

__all__ = ["CURVE_NAMES", "CurveChart", "CurveLine", "curve_charts"]

#: By the curve's name: title, what the thresholds are, and what the values are.
_TEXTS = {
    "success": ("Success", "overlap threshold (IoU)", "share of frames above it"),
    "precision": ("Precision", "centre error threshold (px)", "share of frames within it"),
    "norm_precision": (
        "Normalised precision",
        "centre error threshold (share of the target's size)",
        "share of frames within it",
    ),
    "eao": ("Expected average overlap", "length of a run (frames)", "average overlap expected"),
}

#: In the order in which they are shown.
CURVE_NAMES = tuple(_TEXTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLine:
    """A tracker's line.

    Attributes:
        tracker: its name.
        legend: figure that sums the line up, such as ``success AUC 0.583``; empty where the rule has none.
        curve: of the line.
    """

    tracker: str
    legend: str
    curve: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveChart:
    """Lines over the same thresholds.

    Attributes:
        name: ``success``, ``precision``, ``norm_precision`` or ``eao``.
        title: for people.
        x_label: what the thresholds are.
        y_label: what the values are.
        x_axis: for the thresholds.
        y_axis: for the values.
        lines: one a tracker.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    x_axis: Axis
    y_axis: Axis
    lines: tuple[CurveLine, ...]

    @property
    def summary(self) -> str:
        """The picture in words."""
        lines = "; ".join(f"{line.tracker} {line.legend}".strip() for line in self.lines)
        return f"{self.title} plot, {self.y_label} over {self.x_label}: {lines}"


def curve_charts(results: Items[EvaluationResult]) -> tuple[CurveChart, ...]:
    """One chart for each curve that any of the results has."""
    charts = []
    for name, (title, x_label, y_label) in _TEXTS.items():
        lines = tuple(_line(result, name) for result in results if name in result.curves)
        if not lines:
            continue
        largest = max(value for line in lines for value in line.curve.values)
        if name != "eao":  # shares of frames are easier to compare when all plots end at 1 (or 100)
            largest = max(metric.best for result in results for metric in result.metrics)
        chart = CurveChart(
            name=name,
            title=title,
            x_label=x_label,
            y_label=y_label + (", %" if largest == 100 else ""),
            x_axis=Axis(max(line.curve.thresholds[-1] for line in lines)),
            y_axis=Axis(largest),
            lines=lines,
        )
        charts.append(chart)
    return tuple(charts)


def _line(result: EvaluationResult, name: str) -> CurveLine:
    """With the first metric whose key begins with the curve's name; GOT-10k's curve is summed up by AO, its first."""
    metric = next((item for item in result.metrics if item.key.startswith(name)), None)
    if metric is None and name == "success":
        metric = result.metrics[0]
    legend = "" if metric is None else f"{metric.label} {score_text(metric, result.overall.get(metric.key))}"
    return CurveLine(tracker=result.tracker, legend=legend, curve=result.curves[name])
