"""Accuracy against latency: numbered marks, and what each number is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from html import escape

import numpy as np

from sdst_edge.workflows.bench.page.figures import figure
from sdst_edge.workflows.bench.page.series import time_scale
from sdst_edge.workflows.pages.axis import Axis, LogAxis
from sdst_edge.workflows.pages.plot import Plot

__all__ = ["Rival", "scatter_figure"]

#: Half of a number's box in the picture, and the radius of a mark.
_HALF_WIDTH, _HALF_HEIGHT, _RADIUS = 8.0, 8.0, 5.0

#: Directions in which a number may lie from its mark, the best first, and how far.
_AROUND = ((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (0.7, -0.7), (-0.7, -0.7), (-0.7, 0.7), (0.7, 0.7))
_AWAY = (15.0, 24.0, 33.0, 42.0)

#: Of the scores, above and below.
_MARGIN = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A tracker among others.

    Attributes:
        name: of the bundle or peer.
        latency_ms: p50.
        success_auc: 0..1.
        ours: whether it is a bundle.
    """

    name: str
    latency_ms: float
    success_auc: float
    ours: bool = True


def scatter_figure(caption: str, rivals: Iterable[Rival]) -> str:
    """Marks by latency and accuracy, up and to the left is better; empty for fewer than two trackers."""
    shown = [item for item in rivals if math.isfinite(item.latency_ms) and math.isfinite(item.success_auc)]
    if len(shown) < 2:
        return ""
    x_axis = time_scale(np.array([item.latency_ms for item in shown]))
    scores = [item.success_auc for item in shown]
    label = "p50 of update(), ms" + (", logarithmic" if isinstance(x_axis, LogAxis) else "")
    words = "; ".join(f"{index}: {_entry(item)}" for index, item in enumerate(shown, start=1))
    plot = Plot(
        x_axis=x_axis,
        y_axis=Axis(max(scores) + _MARGIN, max(min(scores) - _MARGIN, 0.0)),
        x_label=label,
        summary=f"{caption}. {words}",
    )
    places = [(plot.x(item.latency_ms), plot.y(item.success_auc)) for item in shown]
    marks = [_mark(place, ours=item.ours) for place, item in zip(places, shown, strict=True)]
    marks += [
        f'<text class="rank" x="{x:.1f}" y="{y:.1f}" dy="0.35em">{index}</text>'
        for index, (x, y) in enumerate(_number_places(places, plot), start=1)
    ]
    entries = "".join(f"<li>{escape(_entry(item))}</li>" for item in shown)
    return figure(caption, f'{plot.svg(marks)}\n<ol class="rivals">{entries}</ol>')


def _entry(item: Rival) -> str:
    return f"{item.name}: {item.latency_ms:.2f} ms, AUC {item.success_auc:.3f}"


def _mark(place: tuple[float, float], *, ours: bool) -> str:
    x, y = place
    if ours:
        return f'<circle class="dot ours" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS:g}"/>'
    return f'<path class="dot peer" d="M{x:.1f} {y - 5.5:.1f}l5.5 5.5-5.5 5.5-5.5-5.5z"/>'


def _number_places(marks: Items[tuple[float, float]], plot: Plot) -> list[tuple[float, float]]:
    """Where the numbers lie: beside their marks, over no other mark or number while there is room."""
    taken = list(marks)
    places = []
    for x, y in marks:
        around = [(x + away * right, y + away * down) for away in _AWAY for right, down in _AROUND]
        inside = [(u, v) for u, v in around if plot.left < u < plot.right and plot.top < v < plot.bottom]
        free = (place for place in inside if not any(_overlap(place, other) for other in taken))
        place = next(free, inside[0])
        places.append(place)
        taken.append(place)
    return places


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < _HALF_WIDTH + _RADIUS and abs(one[1] - other[1]) < _HALF_HEIGHT + _RADIUS
