"""Long series as what a small picture can show of them."""

from __future__ import annotations

from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from sdst_edge.workflows.pages.axis import Axis, LogAxis, Scale

__all__ = ["envelope", "finite_points", "histogram", "time_scale"]

#: Times whose largest is this many times their median are shown on a logarithmic axis: a linear one would flatten
#: all but the stalls.
LONG_TAIL = 8.0

Floats = NDArray[np.float64]


def finite_points(values: Items[float]) -> tuple[Floats, Floats]:
    """Places in the series, from 1 on, and values, without those that are not finite."""
    numbers = np.asarray(values, np.float64)
    places = np.flatnonzero(np.isfinite(numbers))
    return (places + 1).astype(np.float64), numbers[places]


def time_scale(times: Floats, *, from_zero: bool = True) -> Scale:
    """An axis for times: linear, or logarithmic where the tail is long and no time is 0.

    Args:
        times: (N,) at least one.
        from_zero: whether a linear axis begins at 0.
    """
    largest, smallest = float(times.max()), float(times.min())
    if smallest > 0 and largest > LONG_TAIL * float(np.median(times)):
        return LogAxis(smallest, largest)
    return Axis(largest, 0.0 if from_zero else smallest)


def envelope(places: Floats, values: Floats, columns: int) -> list[tuple[float, float]]:
    """A line's points; of a long series the lowest and the highest of each column, so that no stall is lost.

    Args:
        places: (N,) ascending.
        values: (N,).
        columns: that the picture has.
    """
    if len(values) <= 2 * columns:
        return list(zip(places.tolist(), values.tolist(), strict=True))
    points = []
    for part in np.array_split(np.arange(len(values)), columns):
        ends = sorted({int(part[values[part].argmin()]), int(part[values[part].argmax()])})
        points += [(float(places[index]), float(values[index])) for index in ends]
    return points


def histogram(values: Floats, scale: Scale, bins: int) -> tuple[Floats, NDArray[np.int64]]:
    """Edges of bins that are equally wide on the axis, and how many values lie in each.

    Args:
        values: (N,) at least one, within the axis.
        scale: of the values.
        bins: over the range of the values.

    Returns:
        (bins + 1,) edges and (bins,) counts; one bin where all values are the same.
    """
    low, high = float(values.min()), float(values.max())
    if scale.share(high) - scale.share(low) < 1e-9:
        return np.array([low, high]), np.array([len(values)])
    space = np.geomspace if isinstance(scale, LogAxis) else np.linspace
    edges = space(low, high, bins + 1)
    edges[0], edges[-1] = low, high  # rounding must not leave a value outside
    counts, _ = np.histogram(values, edges)
    return edges, counts
