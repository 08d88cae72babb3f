"""Made-up predictions and feature maps, float64, and what every distillation loss must do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from sdst_edge.training.losses.term import Term
from sdst_edge.training.teachers.prediction import Prediction
from tests.tolerances import REL_DISTILLATION_F64

__all__ = ["assert_gradients", "assert_totals", "normal", "prediction"]


def normal(seed: int, *shape: int) -> Tensor:
    """Of standard deviation 1, float64; takes gradients."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return values.requires_grad_()


def prediction(seed: int, *, batch: int = 2, candidates: int = 1, side: int = 3, boxes: bool = True) -> Prediction:
    """Logits of a few units, boxes of 4 to 36 px that now and then lie beside their point."""
    logit = (normal(seed, batch, candidates, side, side).detach() * 3).requires_grad_()
    if not boxes:
        return Prediction(logit, None)
    ltrb = normal(seed + 1, batch, candidates, 4, side, side).detach().tanh() * 8 + 10
    ltrb[:, :, 0, 0] = -2.0  # left of the first row's points: beside the box
    ltrb[:, :, 2, 0] = 14.0
    return Prediction(logit, ltrb.requires_grad_())


def assert_totals(term: Term, totals: ArrayLike) -> None:
    """The totals, and a weight of 1 for every pair."""
    assert term.weight.tolist() == [1.0] * len(term.weight)
    assert not term.weight.requires_grad
    wanted = np.asarray(totals)
    np.testing.assert_allclose(term.total.detach().numpy(), wanted, rtol=REL_DISTILLATION_F64, atol=0)


def assert_gradients(loss: Callable[..., Term], *inputs: Tensor) -> None:
    """Those of the totals are the quotients of differences."""
    assert torch.autograd.gradcheck(lambda *values: loss(*values).total, inputs)
