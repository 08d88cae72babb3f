"""Pictures for papers and slides: curves, and attributes as bars. Needs matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.report.curves import CurveChart
from sdst_edge.workflows.report.findings import FEW_SEQUENCES, WEAK_SHARE, AttributeRow, Findings
from sdst_edge.workflows.report.numbers import Axis, change_text, score_text
from sdst_runtime.errors import BackendUnavailable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_attributes", "draw_curves"]

# Blue against vermilion is told apart with any kind of colour vision; the lines also differ in dashes.
BAR, WEAK, WEAK_TEXT, LOST, MARK, GRID = "#7092b4", "#d55e00", "#ad4b00", "#fbe3d2", "#1b1f24", "#d8dde3"
LINES = (("#3a6ea5", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#cc79a7", ":"), ("#1b1f24", (0, (6, 1, 1, 1, 1, 1))))

DPI = 160
#: Longer names are cut.
TRACKER_CHARACTERS = 48
ATTRIBUTE_CHARACTERS = 24


def draw_curves(chart: CurveChart, path: Path) -> None:
    """Writes the lines of a chart as a PNG, with the figure that sums each up in the legend.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    with _figure(path, (5.6, 4.2)) as figure:
        axes = figure.add_subplot()
        handles = []
        for index, line in enumerate(chart.lines):
            color, dashes = LINES[index % len(LINES)]
            handles += axes.plot(line.curve.thresholds, line.curve.values, color=color, linestyle=dashes, linewidth=2)
        axes.set(xlim=(0, chart.x_axis.top), ylim=(0, chart.y_axis.top), title=chart.title)
        axes.set(xlabel=chart.x_label, ylabel=chart.y_label, xticks=chart.x_axis.ticks, yticks=chart.y_axis.ticks)
        axes.grid(color=GRID, linewidth=0.8)
        labels = [f"{line.legend}\n{_short(line.tracker)}".strip() for line in chart.lines]
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
    with _figure(path, (7.2, 1.5 + 0.27 * len(rows))) as figure:
        figure.suptitle(
            f"{metric.label} by attribute (sequences that hold it): {_short(tracker)}",
            x=0.01,
            ha="left",
            parse_math=False,
            fontsize=11,
        )
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            _draw_bar(axes, place, row, overall)
            text = f"{score_text(metric, row.score)}  {change_text(metric, row.change)}"
            color, weight = _text_look(row)
            axes.text(
                1.19,
                place,
                text,
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                color=color,
                weight=weight,
            )
        axes.axvline(overall, color=MARK, linewidth=1.5, label=f"overall {score_text(metric, overall)}")
        axes.set_yticks(range(len(rows)), [_label(row) for row in rows], parse_math=False)
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


def _text_look(row: AttributeRow) -> tuple[str, str]:
    return (WEAK_TEXT, "bold") if row.weak else (MARK, "normal")


def _draw_keys(axes: Axes, findings: Findings) -> None:
    from matplotlib.patches import Patch

    worse = "below" if findings.metric is None or findings.metric.higher_is_better else "above"
    keys: list[Any] = [axes.lines[0]]
    if any(row.weak for row in findings.rows):
        keys.append(Patch(facecolor=WEAK, label=f"weak: over {WEAK_SHARE:.0%} {worse} overall"))
    if any(row.few for row in findings.rows):
        few = f"fewer than {FEW_SEQUENCES} sequences"
        keys.append(Patch(facecolor=BAR, edgecolor="white", linewidth=0, hatch="////", label=few))
    axes.figure.legend(handles=keys, loc="outside lower center", ncols=len(keys), frameon=False)


def _label(row: AttributeRow) -> str:
    title = f"  {row.title}" if row.title else ""
    return f"{_short(row.name, ATTRIBUTE_CHARACTERS)}{title} ({row.sequences:,})"


def _short(name: str, characters: int = TRACKER_CHARACTERS) -> str:
    name = name.encode(errors="replace").decode()  # names of files may hold what is no letter, which fonts refuse
    return name if len(name) <= characters else f"{name[: characters - 1]}…"


@contextmanager
def _figure(path: Path, size_inch: tuple[float, float]) -> Iterator[Figure]:
    """A figure that is written when the block ends: the same bytes each time, whatever the user's matplotlibrc says."""
    try:
        from matplotlib import style
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise BackendUnavailable(
            f"plots need {error.name}, which is not installed: pip install 'sdst-edge[plots]'"
        ) from None
    with style.context("default"), replacing(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # names in any script: boxes, no noise
        figure = Figure(figsize=size_inch, dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06))
        yield figure
        figure.savefig(part, format="png", metadata={"Software": None})
