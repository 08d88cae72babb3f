"""The student: shapes, configuration, and that its deploy form computes what its training form does."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from sdst_edge.models import build, family_facts, fold
from sdst_edge.models.composed import Exp
from sdst_edge.models.repconv import RepConv
from sdst_runtime.errors import ConfigError
from tests.parity.family_checks import assert_tracks
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
    model = with_random_statistics(build("sdst-nano-s"))
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
    model = build("sdst-nano-s").eval()
    config = model.config
    with torch.inference_mode():
        score, ltrb = model(torch.randn(2, 3, 128, 128), torch.randn(2, 3, 256, 256))
    assert score.shape == (2, *config.outputs["score"][1:]) == (2, 1, 16, 16)
    assert ltrb.shape == (2, 4, 16, 16)
    assert float(ltrb.min()) > 0


def test_points_are_symmetric_about_the_search_centre() -> None:
    config = build("sdst-nano-s").config
    last = config.point_origin_px + (config.response_size - 1) * config.stride_px
    assert config.point_origin_px == -last == -120


def test_sizes_take_a_tenth_to_six_tenths_of_a_giga_mac_a_frame() -> None:
    frames = []
    for size in ("s", "m", "l"):
        macs = family_facts(f"sdst-nano-{size}").macs
        frames.append(macs.search + macs.head + macs.correlations)
    assert 1e8 <= frames[0] < frames[1] / 2 < frames[2] / 3 <= 2e8


def test_deploy_form_is_plain_convolutions_and_relu() -> None:
    model = build("sdst-nano-m")
    fold(model)
    leaves = {type(module) for module in model.modules() if not any(module.children())}
    assert leaves == {nn.Conv2d, nn.ReLU, nn.Identity, Exp}
    assert {conv.groups for conv in model.modules() if isinstance(conv, nn.Conv2d)} == {1}
    assert model.correlation_form == "matmul"


@pytest.mark.parametrize(
    "options", [{"width": 0}, {"width": 5.0}, {"width": True}, {"width": "1"}, {"depth": 0}, {"layers": 2}]
)
def test_build_raises_when_an_option_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="sdst-nano-s"):
        build("sdst-nano-s", **options)


def test_build_raises_when_family_is_unknown() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown family 'sdst-giant'; known are dasiamrpn-big, .*, siamrpnpp-resnet50"
    ):
        build("sdst-giant")


def test_tracks(shared: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    assert_tracks(shared, build("sdst-nano-s").eval(), tmp_path)
