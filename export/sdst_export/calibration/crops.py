"""Pairs of network inputs, and what makes them fit to calibrate on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import DatasetError
from sdst_runtime.measurements import Calibration, CalibrationMethod

__all__ = ["MIN_SEARCHES", "CalibrationSet", "CropPair", "evenly", "is_plain"]

MIN_SEARCHES = 8  # below, a range is chance
_PLAIN = 1e-6  # of the spread over the largest magnitude

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CropPair:
    """A template and a search region as libsdst's crop leaves them, float32.

    Attributes:
        z: (1, 3, template_size, template_size); pairs of one target share the array.
        x: (scales, 3, search_size, search_size), of the ordinary size or that of small targets.
    """

    z: NDArray[np.float32]
    x: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationSet:
    """Crops, and where they are from.

    Attributes:
        source: name of the data set, or ``random``.
        sequences: how many were followed.
        pairs: of crops, those of one target one after the other.

    Raises:
        DatasetError: there are fewer than :data:`MIN_SEARCHES`, or a crop is not finite or of one colour only.
    """

    source: str
    sequences: int
    pairs: tuple[CropPair, ...]

    def __post_init__(self) -> None:
        if len(self.pairs) < MIN_SEARCHES:
            raise DatasetError(
                f"{self.source}: {len(self.pairs)} search crops to calibrate on, expected at least {MIN_SEARCHES} that "
                "show more than one colour; give more or longer sequences"
            )
        for what, crops in (("template", self.template_crops), ("search", tuple(pair.x for pair in self.pairs))):
            for number, crop in enumerate(crops):
                if not np.isfinite(crop).all():
                    raise DatasetError(f"{self.source}: {what} crop {number} to calibrate on holds NaN or infinity")
                if is_plain(crop):
                    raise DatasetError(
                        f"{self.source}: {what} crop {number} to calibrate on is of one colour, and ranges taken from "
                        "it would clip real frames; give frames that show something"
                    )

    @property
    def template_crops(self) -> tuple[NDArray[np.float32], ...]:
        """Each template once."""
        return tuple({id(pair.z): pair.z for pair in self.pairs}.values())

    def spread(self, count: int) -> tuple[CropPair, ...]:
        """About ``count`` pairs from all over the set, at least one of each search size."""
        by_shape: dict[tuple[int, ...], list[CropPair]] = {}
        for pair in self.pairs:
            by_shape.setdefault(pair.x.shape, []).append(pair)
        groups = by_shape.values()
        return tuple(pair for group in groups for pair in evenly(group, max(1, count // len(groups))))

    def facts(self, method: CalibrationMethod) -> Calibration:
        """What a manifest keeps of it.

        Args:
            method: by which ranges are taken from it.
        """
        return Calibration(
            source=self.source,
            sequences=self.sequences,
            templates=len(self.template_crops),
            searches=len(self.pairs),
            method=method,
        )


def is_plain(crop: NDArray[np.float32]) -> bool:
    """Whether every channel of a crop has one value throughout, so that it shows nothing."""
    spread = crop.max(axis=(-2, -1)) - crop.min(axis=(-2, -1))
    return bool((spread <= _PLAIN * max(float(np.abs(crop).max()), 1.0)).all())


def evenly(items: list[_Item], count: int) -> list[_Item]:
    """At most ``count`` of the items, evenly spaced, the first and the last among them."""
    places = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int))
    return [items[place] for place in places]
