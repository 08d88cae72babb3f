"""Shapes that mark a target in one frame where a box does not say it all: polygons and masks of the VOT challenges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "Polygon", "Rectangle", "Region"]


@dataclass(frozen=True, slots=True)
class Rectangle:
    """An axis-aligned box: 0-based continuous image px."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """A closed outline.

    Attributes:
        points: (K, 2) float64, K >= 3, x and y in 0-based continuous image px.
    """

    points: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Pixels of the target within a window; outside it nothing is set.

    Attributes:
        pixels: (h, w) bool.
        left: column of the window's first pixel in the picture.
        top: its row.
    """

    pixels: NDArray[np.bool_]
    left: int
    top: int


#: What marks the target in a frame; None where it is absent.
Region: TypeAlias = Rectangle | Polygon | Mask | None
