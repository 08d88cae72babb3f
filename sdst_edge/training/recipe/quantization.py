"""Which integers a network is to run in later, so that it learns to with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sdst_edge.training.recipe.ranges import require

__all__ = ["Quantization", "QuantizedVariant"]

QuantizedVariant: TypeAlias = Literal["int8-ort", "int8-qdq"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """Quantisation-aware training: the network is run as the INT8 variant of a bundle will round it.

    Attributes:
        variant: of the bundle, see :mod:`sdst_edge.training.quantization_aware.scheme`.
        range_weight: of the loss that draws in values far outside the rest of their tensor; 0 leaves it out.
        range_decay: share of a tensor's old range in its new one, a batch, 0..1.
        freeze_ranges: share of the budget after which ranges stay as they are, 0..1, so that weights settle to them.
        float_modules: prefixes of module names that stay float, such as ``branches.ltrb``; as the export leaves them.
    """

    variant: QuantizedVariant = "int8-ort"
    range_weight: float = 0.0
    range_decay: float = 0.9
    freeze_ranges: float = 0.7
    float_modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require("quantization.range_weight", self.range_weight, 0.0, 1e4)
        require("quantization.range_decay", self.range_decay, 0.0, 0.9999)
        require("quantization.freeze_ranges", self.freeze_ranges, 0.0, 1.0)
