"""Several evaluations in the same plots. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from pathlib import Path

from sdst_edge.evaluation.result import EvaluationResult
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.pages.axis import Axis
from sdst_edge.workflows.report.curves import curve_charts
from sdst_edge.workflows.report.figure import GRID, TRACKERS, png_figure, short_name
from sdst_edge.workflows.report.findings import AttributeRow, find_weakness
from sdst_edge.workflows.report.numbers import score_text
from sdst_edge.workflows.report.plots import attribute_label, draw_curves

__all__ = ["write_comparison"]


def write_comparison(results: Items[EvaluationResult], folder: Path) -> Mapping[str, Path]:
    """Writes the curves of several trackers over each other, and their scores by attribute, as PNG.

    Args:
        results: at least one, of the same sequences by the same rule.
        folder: for the files; made where it is missing.

    Returns:
        The files by what they show: names of curves, and ``attributes`` where the first result has scores for some.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for chart in curve_charts(results):
        written[chart.name] = folder / f"{chart.name}.png"
        draw_curves(chart, written[chart.name])
    findings = find_weakness(results[0])
    if findings.metric is not None:
        written["attributes"] = folder / "attributes.png"
        _draw_attributes(results, findings.metric, findings.rows, written["attributes"])
    return written


def _draw_attributes(results: Items[EvaluationResult], metric: Metric, rows: Items[AttributeRow], path: Path) -> None:
    """One row an attribute, the first tracker's worst on top, and one marker in it for each tracker."""
    scores = [[_score(result, row.name, metric) for row in rows] for result in results]
    axis = Axis(max(score for each in scores for score in each if score is not None))
    with png_figure(path, (7.2, 1.5 + 0.27 * len(rows) + 0.15 * len(results))) as figure:
        axes = figure.add_subplot()
        axes.set_title(f"{metric.label} by attribute (sequences that hold it)", loc="left", fontsize=11)
        axes.hlines(range(len(rows)), 0, axis.top, color=GRID, linewidth=0.8)
        handles = []
        for index, values in enumerate(scores):
            color, _, marker = TRACKERS[index % len(TRACKERS)]
            places = [place for place, value in enumerate(values) if value is not None]
            shown = [value for value in values if value is not None]
            handles += axes.plot(shown, places, marker, color=color, markersize=7, alpha=0.9)
        axes.set_yticks(range(len(rows)), [attribute_label(row) for row in rows], parse_math=False)
        axes.set(xlim=(0, axis.top), ylim=(len(rows) - 0.4, -0.6), xticks=axis.ticks)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
        labels = [f"{score_text(metric, item.overall.get(metric.key))}  {short_name(item.tracker)}" for item in results]
        legend = figure.legend(
            handles, labels, loc="outside lower left", frameon=False, title="overall", alignment="left"
        )
        for text in legend.get_texts():
            text.set_parse_math(False)  # a $ in a tracker's name is a $


def _score(result: EvaluationResult, attribute: str, metric: Metric) -> float | None:
    held = result.attributes.get(attribute)
    return None if held is None else held.scores.get(metric.key)
