"""What figures of the page are made of: captions, legends, and bars of several parts as real text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from html import escape

from sdst_edge.workflows.pages.axis import Axis, tick_text

__all__ = ["COLORS", "Bar", "bars_figure", "figure", "key"]

#: Of the style sheet; more lines or parts than these begin again.
COLORS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar made of parts.

    Attributes:
        name: on its left.
        parts: lengths, >= 0, in the order of the legend.
        text: on its right.
    """

    name: str
    parts: Items[float]
    text: str


def figure(caption: str, picture: str, legend: Iterable[str] = (), *, wide: bool = False) -> str:
    """A ``<figure>``, of one column or of all; the caption is text, picture and legend are HTML."""
    keys = "".join(legend)
    below = f'<div class="keys">{keys}</div>' if keys else ""
    kind = ' class="wide-figure"' if wide else ""
    return f"<figure{kind}>\n<figcaption><b>{escape(caption)}</b></figcaption>\n{picture}\n{below}</figure>\n"


def key(index: int, text: str, kind: str) -> str:
    """An entry of a legend: ``kind`` is ``line`` or ``part``."""
    index %= COLORS
    if kind == "line":
        mark = f'<svg viewBox="0 0 28 8" aria-hidden="true"><path class="line line-{index}" d="M1 4H27"/></svg>'
    else:
        mark = f'<i class="part part-{index}"></i>'
    return f"<span>{mark}{escape(text)}</span>"


def bars_figure(caption: str, bars: Items[Bar], legend: Items[str]) -> str:
    """Bars on one axis, told apart by colour in the order of the legend.

    Args:
        caption: with the unit, as text.
        bars: from top to bottom; those that are not finite are left out, and without any the text is empty.
        legend: name of each part; those that no bar has are left out.
    """
    bars = [bar for bar in bars if all(math.isfinite(length) for length in bar.parts)]
    if not bars:
        return ""
    axis = Axis(max(sum(bar.parts) for bar in bars))
    rows = "\n".join(_row(bar, axis) for bar in bars)
    ticks = "".join(f'<span style="left:{100 * axis.share(tick):.2f}%">{tick_text(tick)}</span>' for tick in axis.ticks)
    below = f'<li class="scale" aria-hidden="true"><div class="ticks">{ticks}</div></li>'
    picture = f'<ol class="stacks">\n{rows}\n{below}\n</ol>'
    seen = [index for index in range(len(legend)) if any(bar.parts[index] > 0 for bar in bars)]
    keys = [key(index, legend[index], "part") for index in seen]
    return figure(caption, picture, keys, wide=True)


def _row(bar: Bar, axis: Axis) -> str:
    parts = "".join(
        f'<i class="part part-{index % COLORS}" style="width:{100 * axis.share(length):.2f}%"></i>'
        for index, length in enumerate(bar.parts)
        if length > 0
    )
    return (
        f'<li><span class="name">{escape(bar.name)}</span> <span class="value">{escape(bar.text)}</span>'
        f'<div class="track" aria-hidden="true">{parts}</div></li>'
    )
