"""The student: shapes, configuration, and that its deploy form computes what its training form does."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from sdst_edge.models import build, family_facts, fold
from sdst_edge.models.composed import ComposedTracker, Exp
from sdst_edge.models.repconv import RepConv
from sdst_runtime.errors import ConfigError
from tests.parity.family_checks import assert_tracks
from tests.tolerances import ABS_CELL_MIDDLE_PX, REL_NETWORK_F32, REL_SUM_F64

SIZES = ("s", "m", "l")


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
    z, x = torch.randn(2, 3, 128, 128), torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        for got, want in zip(deploy(z, x), model(z, x), strict=True):
            assert want.std() > 0
            assert float((got - want).abs().max() / want.abs().max()) <= REL_NETWORK_F32


def test_outputs_are_a_logit_and_positive_distances_per_cell() -> None:
    model = build("sdst-nano-s").eval()
    config = model.config
    with torch.inference_mode():
        score, ltrb = model(torch.randn(2, 3, 128, 128), torch.randn(2, 3, 224, 224))
    assert score.shape == (2, *config.outputs["score"][1:]) == (2, 1, 14, 14)
    assert ltrb.shape == (2, *config.outputs["ltrb"][1:]) == (2, 4, 14, 14)
    assert float(ltrb.min()) > 0


@pytest.mark.parametrize("size", SIZES)
def test_points_lie_where_cells_look(size: str) -> None:
    """The middle of what a cell sees is its point, to within half a patch: the first layer sees 4 px at once."""
    model = build(f"sdst-nano-{size}")
    config = model.config
    assert config.point_origin_px == -7 * 16
    assert isinstance(model, ComposedTracker)
    fold(model)
    with torch.no_grad():
        for name, parameter in model.trunk.named_parameters():
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)  # all that is seen counts, and ReLU lets it through
    x = torch.ones(1, 3, config.search_size, config.search_size, requires_grad=True)
    features = model.trunk(x)
    px = torch.arange(config.search_size) + 0.5 - config.search_size / 2  # centres of pixels from that of the crop
    for row, column in ((7, 7), (6, 8)):
        (seen,) = torch.autograd.grad(features[0, 0, row, column], x, retain_graph=True)
        share = seen[0, 0] / seen[0, 0].sum()
        assert not share[[0, -1]].any()  # else the border would have cut some of it off
        middle_y, middle_x = float((share.sum(1) * px).sum()), float((share.sum(0) * px).sum())
        assert abs(middle_y - (config.point_origin_px + row * config.stride_px)) <= ABS_CELL_MIDDLE_PX
        assert abs(middle_x - (config.point_origin_px + column * config.stride_px)) <= ABS_CELL_MIDDLE_PX


def test_the_first_layer_sees_every_pixel_in_one_patch() -> None:
    model = build("sdst-nano-s").eval()
    assert isinstance(model, ComposedTracker)
    assert isinstance(model.trunk, nn.Sequential)
    x = torch.randn(1, 3, 32, 32)
    changed = x.clone()
    changed[0, :, 7, 12] += 1.0  # the last row of a patch, the first column of another
    with torch.inference_mode():
        differs = (model.trunk[0](changed) != model.trunk[0](x)).any(dim=1)[0]
    assert differs.nonzero().tolist() == [[1, 3]]


def test_branches_read_search_features_beside_the_response() -> None:
    model = with_random_statistics(build("sdst-nano-s"))
    assert model.tail_inputs == ("response_shared", "search_shared")
    response, search, other = torch.randn(1, 64, 14, 14), *torch.randn(2, 1, 64, 14, 14)
    with torch.inference_mode():
        base = model.tail(response, search)
        for changed in (model.tail(response, other), model.tail(other, search)):
            assert all((got - was).abs().max() > 0 for got, was in zip(changed, base, strict=True))


def test_sizes_differ_in_what_they_compute_and_hold() -> None:
    facts = [family_facts(f"sdst-nano-{size}") for size in SIZES]
    frames = [item.macs.search + item.macs.head + item.macs.correlations for item in facts]
    assert 5e7 <= frames[0] < frames[1] / 2 < frames[2] / 5 <= 8e7
    assert 3e5 <= facts[0].parameters < facts[1].parameters <= 9e5 < facts[2].parameters  # M in INT8: under 1 MB


@pytest.mark.parametrize("size", SIZES)
def test_deploy_form_is_plain_convolutions_and_relu(size: str) -> None:
    model = build(f"sdst-nano-{size}")
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
