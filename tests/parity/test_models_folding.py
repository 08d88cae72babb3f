"""Folded networks compute what the unfolded ones do, with nothing left of their norms."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sdst_edge.models import fold
from sdst_edge.models.layers import ConvNorm
from tests.parity.onnx_bundle import relative_error
from tests.parity.toy_networks import TOYS, toy
from tests.tolerances import REL_NETWORK_F32, REL_SUM_F64


@pytest.mark.parametrize("name", TOYS)
def test_folded_network_has_no_norms_and_the_same_outputs(name: str) -> None:
    plain, folded = toy(name), toy(name)
    fold(folded)
    fold(folded)  # again is allowed
    z, x = torch.randn(plain.config.template_shape), torch.randn(plain.config.search_shape)
    with torch.inference_mode():
        for got, want in zip(folded(z, x), plain(z, x), strict=True):
            assert relative_error(got.numpy(), want.numpy()) <= REL_NETWORK_F32
    assert any(isinstance(item, nn.BatchNorm2d) for item in plain.modules())
    assert not any(isinstance(item, nn.BatchNorm2d) for item in folded.modules())


@pytest.mark.parametrize("bias", [False, True])
def test_fold_keeps_the_epsilon_of_a_norm(bias: bool) -> None:
    layer = ConvNorm(4, 6, 3, bias=bias).double().eval()
    assert isinstance(layer.norm, nn.BatchNorm2d)
    layer.norm.eps = 0.5  # large, so that any other shows
    with torch.no_grad():
        layer.norm.running_var.uniform_(0.1, 1)
        layer.norm.running_mean.normal_()
    x = torch.randn(2, 4, 5, 5, dtype=torch.float64)
    with torch.inference_mode():
        want = layer(x)
        fold(layer)
        assert isinstance(layer.norm, nn.Identity)
        assert relative_error(layer(x).numpy(), want.numpy()) <= REL_SUM_F64


def test_fold_finds_every_module_that_can_be_folded() -> None:
    class Halved(nn.Module):
        folded = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x / 2

        def fold(self) -> None:
            self.folded += 1

    inner = Halved()
    model = nn.Sequential(nn.Sequential(inner), nn.ReLU()).train()
    fold(model)
    assert inner.folded == 1
    assert not model.training
