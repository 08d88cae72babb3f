"""Plots as SVG; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from sdst_edge.workflows.pages.axis import Scale, tick_text

__all__ = ["Plot"]

_WIDTH = 360

#: Of a digit, in units of the picture.
_DIGIT = 7.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """An area with axes, in which lines and marks are placed by their values.

    Attributes:
        x_axis: to the right.
        y_axis: upwards.
        x_label: what the values on the x axis are.
        summary: the picture in words, for screen readers.
        height: of the picture; it is 360 wide.
        top: upper edge of the area; below it the axes, above it room for names of marks.
    """

    x_axis: Scale
    y_axis: Scale
    x_label: str
    summary: str
    height: int = 280
    top: int = 10

    @property
    def left(self) -> float:
        """Where the area begins, so that the longest number fits beside it."""
        return max(36.0, 10 + _DIGIT * max(len(tick_text(tick)) for tick in self.y_axis.ticks))

    @property
    def right(self) -> float:
        """Where the area ends, so that half of the last number fits below its end."""
        return _WIDTH - max(10.0, _DIGIT / 2 * len(tick_text(self.x_axis.ticks[-1])))

    @property
    def bottom(self) -> float:
        """The lower edge of the area."""
        return self.height - 50

    def x(self, value: float) -> float:
        """Where a value of the x axis lies."""
        return self.left + (self.right - self.left) * self.x_axis.share(value)

    def y(self, value: float) -> float:
        """Where a value of the y axis lies."""
        return self.bottom - (self.bottom - self.top) * self.y_axis.share(value)

    def line(self, points: Iterable[tuple[float, float]], kind: str) -> str:
        """A ``<polyline>`` of a class through points by their values."""
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        return f'<polyline class="line {kind}" points="{places}"/>'

    def dot(self, x: float, y: float, kind: str) -> str:
        """A ``<circle>`` of a class at a point by its values."""
        return f'<circle class="dot {kind}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="4"/>'

    def svg(self, marks: Iterable[str]) -> str:
        """An ``<svg>`` element that scales with the page, with marks drawn over grid and numbers."""
        middle = (self.left + self.right) / 2
        parts = [
            f'<svg class="plot" viewBox="0 0 {_WIDTH} {self.height}" role="img" aria-label="{escape(self.summary)}">',
            *map(self._x_tick, self.x_axis.ticks),
            *map(self._y_tick, self.y_axis.ticks),
            f'<text class="label" x="{middle:g}" y="{self.height - 8}">{escape(self.x_label)}</text>',
            *marks,
            "</svg>",
        ]
        return "\n".join(parts)

    def _x_tick(self, tick: float) -> str:
        x = f"{self.x(tick):.1f}"
        line = f'<line class="grid" x1="{x}" x2="{x}" y1="{self.top}" y2="{self.bottom}"/>'
        return f'{line}<text class="x" x="{x}" y="{self.bottom + 18}">{tick_text(tick)}</text>'

    def _y_tick(self, tick: float) -> str:
        y = f"{self.y(tick):.1f}"
        line = f'<line class="grid" x1="{self.left:g}" x2="{self.right:g}" y1="{y}" y2="{y}"/>'
        return f'{line}<text class="y" x="{self.left - 8:g}" y="{y}" dy="0.35em">{tick_text(tick)}</text>'
