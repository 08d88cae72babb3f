"""Curves as SVG for the page; colours come from the page's style sheet."""

from __future__ import annotations

from html import escape

from sdst_edge.workflows.report.curves import CurveChart
from sdst_edge.workflows.report.numbers import Axis

__all__ = ["curve_svg"]

_WIDTH, _HEIGHT = 360, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 350, 10, 230


def curve_svg(chart: CurveChart) -> str:
    """An ``<svg>`` element that scales with the page, with the chart's summary as its name for screen readers."""
    parts = [
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(chart.summary)}">',
        *(_x_tick(chart.x_axis, tick) for tick in chart.x_axis.ticks),
        *(_y_tick(chart.y_axis, tick) for tick in chart.y_axis.ticks),
        f'<text class="label" x="{(_LEFT + _RIGHT) / 2:g}" y="{_HEIGHT - 8}">{escape(chart.x_label)}</text>',
        *(_line(chart, index) for index in range(len(chart.lines))),
        "</svg>",
    ]
    return "\n".join(parts)


def _x(axis: Axis, value: float) -> str:
    return f"{_LEFT + (_RIGHT - _LEFT) * axis.share(value):.1f}"


def _y(axis: Axis, value: float) -> str:
    return f"{_BOTTOM - (_BOTTOM - _TOP) * axis.share(value):.1f}"


def _x_tick(axis: Axis, tick: float) -> str:
    x = _x(axis, tick)
    line = f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_BOTTOM}"/>'
    return f'{line}<text class="x" x="{x}" y="{_BOTTOM + 18}">{tick:g}</text>'


def _y_tick(axis: Axis, tick: float) -> str:
    y = _y(axis, tick)
    line = f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>'
    return f'{line}<text class="y" x="{_LEFT - 8}" y="{y}" dy="0.35em">{tick:g}</text>'


def _line(chart: CurveChart, index: int) -> str:
    curve = chart.lines[index].curve
    pairs = zip(curve.thresholds, curve.values, strict=True)
    points = " ".join(f"{_x(chart.x_axis, threshold)},{_y(chart.y_axis, value)}" for threshold, value in pairs)
    return f'<polyline class="line line-{index}" points="{points}"/>'
