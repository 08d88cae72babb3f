"""Plots of lines: what changed over time, and what more targets cost."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np

from sdst_edge.workflows.bench.page.figures import COLORS, figure, key
from sdst_edge.workflows.bench.page.series import envelope
from sdst_edge.workflows.pages.axis import Axis
from sdst_edge.workflows.pages.plot import Plot

__all__ = ["Line", "Lines", "lines_figure", "named_lines"]

HEIGHT, COLUMNS = 230, 300

Points = Items[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line's name, empty where the caption is enough, and its points; those that are not finite are left out."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What a plot of lines shows.

    Attributes:
        caption: what is shown, with its unit.
        x_label: what the values on the x axis are.
        unit: of the values.
        from_zero: whether the y axis begins at 0.
        dots: whether points are marked.
    """

    caption: str
    x_label: str
    unit: str
    from_zero: bool = True
    dots: bool = False


def lines_figure(shown: Lines, lines: Iterable[Line]) -> str:
    """The lines on common axes, told apart by colour and dashes; empty where none has a point."""
    kept = [line for line in (_finite(line) for line in lines) if line.points]
    if not kept:
        return ""
    xs = [x for line in kept for x, _ in line.points]
    ys = [y for line in kept for _, y in line.points]
    y_axis = Axis(max(ys)) if shown.from_zero and min(ys) >= 0 else Axis(max(ys), min(ys))
    words = "; ".join(f"{line.name} {_course(line.points, shown.unit)}".strip() for line in kept)
    plot = Plot(
        x_axis=Axis(max(xs), exact=True),
        y_axis=y_axis,
        x_label=shown.x_label,
        summary=f"{shown.caption}: {words}",
        height=HEIGHT,
    )
    marks = [mark for index, line in enumerate(kept) for mark in _marks(plot, line, index, dots=shown.dots)]
    legend = [key(index, line.name, "line") for index, line in enumerate(kept)] if len(kept) > 1 else []
    return figure(shown.caption if len(kept) > 1 else _caption(shown, kept[0]), plot.svg(marks), legend)


def named_lines(samples: Items[tuple[float, Mapping[str, float]]]) -> list[Line]:
    """Lines of named values over time, the same ones as one; of numbered names the lowest and the highest.

    Args:
        samples: seconds, and values by name.
    """
    lines: dict[str, list[tuple[float, float]]] = {}
    for seconds, values in samples:
        for name, value in values.items():
            lines.setdefault(name, []).append((seconds, value))
    same: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for name, points in lines.items():
        same.setdefault(tuple(points), []).append(name)
    merged = [Line(name=_joined(names), points=points) for points, names in same.items()]
    return merged if len(merged) <= COLORS else _extremes(lines)[:COLORS]


def _extremes(lines: Mapping[str, Points]) -> list[Line]:
    """Per kind of name (``cpu`` of ``cpu0`` and ``cpu1``) its lowest and its highest values at each time."""
    kinds: dict[str, list[str]] = {}
    for name in lines:
        kinds.setdefault(re.sub(r"[\W_]*\d+[\W_]*$", "", name) or name, []).append(name)
    made = []
    for names in kinds.values():
        if len(names) == 1:
            made.append(Line(name=names[0], points=lines[names[0]]))
            continue
        at: dict[float, list[float]] = {}
        for name in names:
            for seconds, value in lines[name]:
                at.setdefault(seconds, []).append(value)
        for which, pick in (("lowest", min), ("highest", max)):
            points = [(seconds, pick(values)) for seconds, values in sorted(at.items())]
            made.append(Line(name=f"{which} of {_joined(names)}", points=points))
    return made


def _joined(names: Items[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]}"


def _finite(line: Line) -> Line:
    points = [point for point in line.points if all(math.isfinite(value) for value in point)]
    return Line(name=line.name, points=points)


def _marks(plot: Plot, line: Line, index: int, *, dots: bool) -> list[str]:
    kind = f"line-{index % COLORS}"
    if len(line.points) == 1:
        return [plot.dot(*line.points[0], kind)]
    xs, ys = np.asarray(line.points, np.float64).T
    drawn = [plot.line(envelope(xs, ys, COLUMNS), kind)]
    return drawn + [plot.dot(x, y, kind) for x, y in line.points] if dots else drawn


def _course(points: Points, unit: str) -> str:
    first, last = points[0][1], points[-1][1]
    low, high = min(y for _, y in points), max(y for _, y in points)
    if low == high:
        return f"{low:,.4g} {unit}"
    return f"from {first:,.4g} to {last:,.4g} {unit}, between {low:,.4g} and {high:,.4g}"


def _caption(shown: Lines, line: Line) -> str:
    return f"{shown.caption}: {line.name}" if line.name else shown.caption
