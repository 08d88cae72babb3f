"""Pictures for papers and slides: curves, and attributes as bars. Needs matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdst_edge.workflows.pages.axis import Axis
from sdst_edge.workflows.report.curves import CurveChart
from sdst_edge.workflows.report.figure import (
    BAR,
    GRID,
    LOST,
    MARK,
    TRACKERS,
    WEAK,
    WEAK_TEXT,
    png_figure,
    short_name,
)
from sdst_edge.workflows.report.findings import FEW_SEQUENCES, WEAK_SHARE, AttributeRow, Findings
from sdst_edge.workflows.report.numbers import change_text, score_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["attribute_label", "draw_attributes", "draw_curves"]

#: Longer names are cut.
ATTRIBUTE_CHARACTERS = 24


def draw_curves(chart: CurveChart, path: Path) -> None:
    """Writes the lines of a chart as a PNG, with the figure that sums each up in the legend.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    with png_figure(path, (5.6, 4.2)) as figure:
        axes = figure.add_subplot()
        handles = []
        for index, line in enumerate(chart.lines):
            color, dashes, _ = TRACKERS[index % len(TRACKERS)]
            handles += axes.plot(line.curve.thresholds, line.curve.values, color=color, linestyle=dashes, linewidth=2)
        axes.set(xlim=(0, chart.x_axis.top), ylim=(0, chart.y_axis.top), title=chart.title)
        axes.set(xlabel=chart.x_label, ylabel=chart.y_label, xticks=chart.x_axis.ticks, yticks=chart.y_axis.ticks)
        axes.grid(color=GRID, linewidth=0.8)
        labels = [f"{line.legend}\n{short_name(line.tracker)}".strip() for line in chart.lines]
        rising = "precision" in chart.name
        legend = axes.legend(handles, labels, loc="lower right" if rising else "lower left", framealpha=0.9, fontsize=9)
        for text in legend.get_texts():
            text.set_parse_math(False)  # a $ in a tracker's name is a $


def draw_attributes(findings: Findings, tracker: str, path: Path) -> None:
    """Writes one bar an attribute as a PNG: the worst on top, weak ones coloured, the overall score as a line.

    Args:
        findings: with a metric.
        tracker: its name, for the title.
        path: of the PNG.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    metric, overall = findings.metric, findings.overall
    assert metric is not None
    assert overall is not None
    rows = [row for row in findings.rows if row.score is not None]
    axis = Axis(max(overall, *(row.score or 0.0 for row in rows)))
    with png_figure(path, (7.2, 1.5 + 0.27 * len(rows))) as figure:
        figure.suptitle(
            f"{metric.label} by attribute (sequences that hold it): {short_name(tracker)}",
            x=0.01,
            ha="left",
            parse_math=False,
            fontsize=11,
        )
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            _draw_bar(axes, place, row, overall)
            _write_beside(axes, place, row, (score_text(metric, row.score), change_text(metric, row.change)))
        axes.axvline(overall, color=MARK, linewidth=1.5, label=f"overall {score_text(metric, overall)}")
        axes.set_yticks(range(len(rows)), [attribute_label(row) for row in rows], parse_math=False)
        for label, row in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_color(_text_look(row)[0])
            label.set_fontweight(_text_look(row)[1])
        axes.set(xlim=(0, axis.top), ylim=(len(rows) - 0.4, -0.6), xticks=axis.ticks)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right"]].set_visible(False)
        _draw_keys(axes, findings)


def _draw_bar(axes: Axes, place: int, row: AttributeRow, overall: float) -> None:
    score = row.score or 0.0
    if row.weak:
        axes.barh(place, overall, height=0.7, color=LOST)
    hatch = "////" if row.few else None
    axes.barh(place, score, height=0.7, color=WEAK if row.weak else BAR, edgecolor="white", linewidth=0, hatch=hatch)


def _write_beside(axes: Axes, place: int, row: AttributeRow, texts: tuple[str, str]) -> None:
    color, weight = _text_look(row)
    row_end: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "textcoords": "offset points"}
    for right_pt, text in zip((42, 96), texts, strict=True):
        axes.annotate(text, (1, place), (right_pt, 0), ha="right", va="center", color=color, weight=weight, **row_end)


def _text_look(row: AttributeRow) -> tuple[str, str]:
    return (WEAK_TEXT, "bold") if row.weak else (MARK, "normal")


def _draw_keys(axes: Axes, findings: Findings) -> None:
    from matplotlib.patches import Patch

    keys: list[Any] = [axes.lines[0]]
    if any(row.weak for row in findings.rows):
        keys.append(Patch(facecolor=WEAK, label=f"weak: over {WEAK_SHARE:.0%} {findings.worse_side} overall"))
    if any(row.few for row in findings.rows):
        few = f"fewer than {FEW_SEQUENCES} sequences"
        keys.append(Patch(facecolor=BAR, edgecolor="white", linewidth=0, hatch="////", label=few))
    axes.figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False)


def attribute_label(row: AttributeRow) -> str:
    """Such as ``FM  fast motion (12)``."""
    title = f"  {row.title}" if row.title else ""
    return f"{short_name(row.name, ATTRIBUTE_CHARACTERS)}{title} ({row.sequences:,})"
