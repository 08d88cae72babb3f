"""Narrower and shallower networks of a family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sdst_runtime.errors import ConfigError

__all__ = ["Scaling"]

Layer = TypeVar("Layer")

MULTIPLE = 8  # of channels: what vector units and grouped convolutions take without a rest


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a student differs from the published network of its family.

    Attributes:
        width: factor on the channels between layers, 0.05..4.
        depth: factor on the number of repeated layers, 0.05..4; at least one of each group stays.

    Raises:
        ConfigError: a factor is no number in its range.
    """

    width: float = 1.0
    depth: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("width", self.width), ("depth", self.depth)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.05 <= value <= 4:
                raise ConfigError(f"{name} is {value!r}, expected a number in [0.05, 4]")

    def channels(self, published: int) -> int:
        """Channels in place of ``published`` ones: a multiple of 8, or the published number at width 1."""
        if self.width == 1:
            return published
        return max(MULTIPLE, round(published * self.width / MULTIPLE) * MULTIPLE)

    def repeats(self, published: int) -> int:
        """Layers in place of ``published`` ones that follow each other, at least 1."""
        return max(1, round(published * self.depth))

    def layers(self, published: Sequence[Layer]) -> tuple[Layer, ...]:
        """What describes the layers of one group: cut short, or its last one repeated, to :meth:`repeats`."""
        wanted = self.repeats(len(published))
        return (*published[:wanted], *[published[-1]] * (wanted - len(published)))
