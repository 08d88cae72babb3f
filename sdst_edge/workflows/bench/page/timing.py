"""Plots of the times of frames: how often, and one after the other."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass

import numpy as np

from sdst_bench.stats import Summary
from sdst_edge.workflows.bench.page.figures import figure
from sdst_edge.workflows.bench.page.series import Floats, envelope, finite_points, histogram, time_scale
from sdst_edge.workflows.pages.axis import Axis, LogAxis
from sdst_edge.workflows.pages.plot import Plot

__all__ = ["TimedFrames", "histogram_figure", "timeline_figure"]

#: Of the picture, px: a histogram's bins, and the columns of a line.
BINS, COLUMNS = 48, 300

HEIGHT = 230

#: Height of a bin that holds any frame, so that single ones are seen.
_LEAST = 2.0

#: Marks whose names would run into each other have one name together, share of the axis.
_NEAR = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedFrames:
    """Times of frames in order.

    Attributes:
        what: is timed, such as ``update()``.
        times_ms: of each frame.
        summary: of them.
    """

    what: str
    times_ms: Items[float]
    summary: Summary


def histogram_figure(frames: TimedFrames) -> str:
    """How many frames took how long, with the percentiles as lines; empty without a finite time."""
    _, times = finite_points(frames.times_ms)
    if not len(times):
        return ""
    scale = time_scale(times, from_zero=False)
    edges, counts = histogram(times, scale, BINS)
    label = "ms, logarithmic" if isinstance(scale, LogAxis) else "ms"
    summary = f"Histogram of {frames.what} over {len(times):,} frames, {_spread(frames.summary)}"
    plot = Plot(x_axis=scale, y_axis=Axis(float(counts.max())), x_label=label, summary=summary, height=HEIGHT, top=24)
    bins = zip(edges, edges[1:], counts.tolist(), strict=False)  # one edge more than bins
    marks = [_bin(plot, float(low), float(high), count) for low, high, count in bins if count]
    caption = f"{frames.what}, frames by time"
    return figure(caption, plot.svg((*marks, *_percentiles(plot, frames.summary))))


def timeline_figure(frames: TimedFrames) -> str:
    """Times in the order of the frames, stalls included; empty without a finite time."""
    places, times = finite_points(frames.times_ms)
    if not len(times):
        return ""
    scale = time_scale(times)
    slowest = int(places[times.argmax()])
    unit = "ms, logarithmic" if isinstance(scale, LogAxis) else "ms"
    summary = (
        f"{frames.what} of {len(times):,} frames in order, {_spread(frames.summary)}; the slowest is frame {slowest:,}"
    )
    x_axis = Axis(float(len(frames.times_ms)), exact=True)
    plot = Plot(x_axis=x_axis, y_axis=scale, x_label="frame", summary=summary, height=HEIGHT)
    return figure(f"{frames.what}, each frame, {unit}", plot.svg([_series(plot, places, times)]))


def _series(plot: Plot, places: Floats, times: Floats) -> str:
    if len(times) == 1:
        return plot.dot(float(places[0]), float(times[0]), "line-0")
    return plot.line(envelope(places, times, COLUMNS), "line-0 thin")


def _bin(plot: Plot, low: float, high: float, count: int) -> str:
    x, right = plot.x(low), plot.x(high)
    width = max(right - x, 2.0)
    y = min(plot.y(count), plot.bottom - _LEAST)
    return f'<rect class="bar" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{plot.bottom - y:.1f}"/>'


def _percentiles(plot: Plot, summary: Summary) -> list[str]:
    """Lines with their names above the area; those that lie close together share a name."""
    named: list[tuple[str, float]] = []
    marks = []
    for name, value in (("p50", summary.p50), ("p90", summary.p90), ("p99", summary.p99)):
        if not np.isfinite(value):
            continue
        share = plot.x_axis.share(value)
        x = plot.x(value)
        marks.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{plot.top}" y2="{plot.bottom}"/>')
        if named and share - plot.x_axis.share(named[-1][1]) < _NEAR:
            named[-1] = (f"{named[-1][0]} {name}", value)
        else:
            named.append((name, value))
    for name, value in named:
        share = plot.x_axis.share(value)
        anchor = "end" if share > 0.85 else "start" if share < 0.15 else "middle"
        marks.append(f'<text class="name {anchor}" x="{plot.x(value):.1f}" y="{plot.top - 6}">{name}</text>')
    return marks


def _spread(summary: Summary) -> str:
    return f"p50 {summary.p50:.2f} ms, p90 {summary.p90:.2f}, p99 {summary.p99:.2f}, at most {summary.max:.2f}"
