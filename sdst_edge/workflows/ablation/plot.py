"""An ablation to look at: each run a point."""

from __future__ import annotations

from pathlib import Path

from sdst_edge.workflows.ablation.table import AblationTable
from sdst_edge.workflows.report.figure import BAR, GRID, MARK, png_figure

__all__ = ["write_plot"]

INCHES_AN_ARM = 0.42


def write_plot(table: AblationTable, path: Path) -> None:
    """Draws the headline figure of each run as a point, arm below arm, and each arm's mean as a line; none for none.

    Raises:
        BackendUnavailable: matplotlib is not installed.
    """
    if table.metric is None:
        return
    with png_figure(path, (6.4, 1.2 + INCHES_AN_ARM * len(table.arms))) as figure:
        axes = figure.subplots()
        for row, arm in enumerate(table.arms):
            values = [point.value for point in arm.points]
            axes.plot(values, [row] * len(values), "o", color=BAR, markersize=6, alpha=0.8)
            if arm.value is not None:
                axes.plot([arm.value, arm.value], [row - 0.3, row + 0.3], "-", color=MARK, linewidth=2)
        axes.set_yticks(range(len(table.arms)), [arm.arm for arm in table.arms])
        axes.set_ylim(len(table.arms) - 0.4, -0.6)
        axes.set_xlabel(f"{table.metric.label}: a point a seed, lines are means")
        axes.grid(axis="x", color=GRID)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
