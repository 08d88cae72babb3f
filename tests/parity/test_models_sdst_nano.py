"""The student: shapes, configuration, and that its deploy form computes what its training form does."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from sdst_edge.models import build, fold
from sdst_edge.models.repconv import RepConv
from sdst_runtime.errors import ConfigError
from tests.tolerances import REL_NETWORK_F32, REL_SUM_F64


def with_random_statistics(model: nn.Module) -> nn.Module:
    """Batch norms as after training: no scale, offset or running statistic at its start value."""
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            nn.init.normal_(module.weight, 1, 0.3, generator=generator)
            nn.init.normal_(module.bias, 0, 0.3, generator=generator)
    return model.eval()


@pytest.mark.parametrize(("channels", "stride"), [((8, 8), 1), ((8, 8), 2), ((8, 16), 1)])
def test_repconv_folds_to_one_convolution_with_equal_outputs(channels: tuple[int, int], stride: int) -> None:
    torch.manual_seed(0)
    block = with_random_statistics(RepConv(*channels, stride=stride)).double()
    x = torch.randn(2, channels[0], 9, 10, dtype=torch.float64)
    with torch.inference_mode():
        want = block(x)
        fold(block)
        got = block(x)
    assert [type(module) for module in block.modules()] == [RepConv, nn.Conv2d]
    assert want.std() > 0
    assert float((got - want).abs().max() / want.abs().max()) <= REL_SUM_F64


def test_fold_keeps_the_outputs_of_the_student() -> None:
    torch.manual_seed(0)
    model = with_random_statistics(build("sdst-nano"))
    deploy = copy.deepcopy(model)
    fold(deploy)
    fold(deploy)  # a second time changes nothing
    assert not any(isinstance(module, nn.BatchNorm2d) for module in deploy.modules())
    z, x = torch.randn(2, 3, 128, 128), torch.randn(2, 3, 256, 256)
    with torch.inference_mode():
        for got, want in zip(deploy(z, x), model(z, x), strict=True):
            assert want.std() > 0
            assert float((got - want).abs().max() / want.abs().max()) <= REL_NETWORK_F32


def test_outputs_are_a_logit_and_positive_distances_per_cell() -> None:
    model = build("sdst-nano").eval()
    config = model.config
    with torch.inference_mode():
        score, ltrb = model(torch.randn(2, 3, 128, 128), torch.randn(2, 3, 256, 256))
    assert score.shape == (2, *config.outputs["score"][1:]) == (2, 1, 16, 16)
    assert ltrb.shape == (2, 4, 16, 16)
    assert float(ltrb.min()) > 0


def test_points_are_symmetric_about_the_search_centre() -> None:
    config = build("sdst-nano").config
    last = config.point_origin_px + (config.response_size - 1) * config.stride_px
    assert config.point_origin_px == -last == -120


def test_batch_is_computed_item_by_item() -> None:
    model = with_random_statistics(build("sdst-nano", width=0.5))
    z, x = torch.randn(3, 3, 128, 128), torch.randn(3, 3, 256, 256)
    with torch.inference_mode():
        together = model(z, x)
        for i in range(3):
            for got, want in zip(together, model(z[i : i + 1], x[i : i + 1]), strict=True):
                assert float((got[i : i + 1] - want).abs().max() / want.abs().max()) <= REL_NETWORK_F32


def test_every_parameter_gets_a_gradient() -> None:
    model = build("sdst-nano", width=0.5)
    score, ltrb = model(torch.randn(2, 3, 128, 128), torch.randn(2, 3, 256, 256))
    (score.square().mean() + ltrb.square().mean()).backward()
    assert [key for key, item in model.named_parameters() if item.grad is None or not item.grad.any()] == []


def test_width_scales_the_channels() -> None:
    sizes = [sum(item.numel() for item in build("sdst-nano", width=width).parameters()) for width in (0.5, 1, 2)]
    assert sizes[0] < sizes[1] / 2 < sizes[2] / 4


@pytest.mark.parametrize("options", [{"width": 0}, {"width": 5.0}, {"width": True}, {"width": "1"}, {"depth": 2}])
def test_build_raises_when_an_option_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="sdst-nano"):
        build("sdst-nano", **options)


def test_build_raises_when_family_is_unknown() -> None:
    with pytest.raises(ConfigError, match=r"unknown family 'sdst-giant'; known are nanotrack-v1, .*, sdst-nano"):
        build("sdst-giant")
