"""What the loop trains in a quantisation-aware run."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sdst_edge.models.base import SiameseModel
from sdst_edge.training.losses.term import Term, Terms
from sdst_edge.training.pairs.batch import PairBatch
from sdst_edge.training.quantization_aware.quantizer import Quantizer
from sdst_edge.training.quantization_aware.rounding import straying
from sdst_edge.training.recipe.quantization import Quantization

__all__ = ["RANGES", "QuantizationAware"]

#: Name of the loss that keeps ranges narrow.
RANGES = "ranges"


class QuantizationAware(nn.Module):
    """A training module whose student is run rounded; teachers, the student's float self among them, are not.

    To the module's terms it adds :data:`RANGES`, the mean of :func:`straying` over all tensors that are rounded: one
    value far outside costs all others of its tensor their precision, and no gradient of the other losses says so.

    Attributes:
        module: what is learned, such as :class:`sdst_edge.training.sdst.Sdst`.
        quantizer: ranges of the student's tensors.

    Args:
        module: takes a batch and the fraction of the budget, returns terms.
        student: a part of ``module``, on its device.
        table: of the recipe.

    Raises:
        ConfigError: the student cannot be folded, or has no module that the table names.
    """

    def __init__(self, module: nn.Module, student: SiameseModel, table: Quantization) -> None:
        super().__init__()
        self.module = module
        self.quantizer = Quantizer(student, table)
        self._student = (student,)  # in a tuple it is no submodule a second time
        self._table = table

    @property
    def metrics(self) -> Mapping[str, Tensor]:
        """Of the module, for the log."""
        found: Mapping[str, Tensor] = getattr(self.module, "metrics", {})
        return found

    def forward(self, batch: PairBatch, fraction: float) -> Terms:
        """The module's terms, of a student that is run rounded, and the ranges'.

        Args:
            batch: of pairs.
            fraction: of the budget that is spent, 0..1.
        """
        weight = self._table.range_weight
        taken: list[Tensor] | None = [] if weight > 0 else None
        self.quantizer.observing = "mean" if fraction < self._table.freeze_ranges else "no"
        try:
            with self.quantizer.applied(*self._student, taken):
                terms: Terms = self.module(batch, fraction)
        finally:
            self.quantizer.observing = "no"
        if not taken:
            return terms
        strayed = torch.stack([straying(x) for x in taken]).mean().expand(len(batch))
        return {**terms, RANGES: Term(strayed, torch.ones_like(strayed), factor=weight)}
