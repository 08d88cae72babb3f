"""SiamRPN++ against the golden tensors of the original, with re-creatable weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdst_edge.models import build
from sdst_edge.models.composed import ComposedTracker, Matcher, WeightedMean
from tests.parity.family_checks import (
    assert_keys_and_shapes_agree,
    assert_tensors_agree,
    assert_tracks,
)
from tests.parity.golden_network import deterministic_model, reference
from tests.parity.network_run import NetworkRun, run_network
from tests.parity.onnx_bundle import relative_error
from tests.parity.pysot_config import assert_is_that_of_pysot
from tests.tolerances import REL_NETWORK_F32

CASES = {"siamrpnpp-mobilenetv2": "siamrpnpp_mobilev2_l234", "siamrpnpp-resnet50": "siamrpnpp_r50_l234"}
DEPTHS = {"siamrpnpp-mobilenetv2": (3, 5, 7), "siamrpnpp-resnet50": (2, 3, 4)}


@pytest.fixture(scope="module", params=list(CASES))
def run(request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> NetworkRun:
    """A family's network with the golden case's weights, run once."""
    folder = tmp_path_factory.mktemp(request.param)
    model = deterministic_model(shared, request.param, CASES[request.param], folder)
    assert isinstance(model, ComposedTracker)
    (folder / f"{CASES[request.param]}.pth").unlink()  # 216 MB
    return run_network(model)


@pytest.mark.parametrize("family", list(CASES))
def test_keys_and_shapes_agree(shared: Path, family: str) -> None:
    assert_keys_and_shapes_agree(shared, family, CASES[family])


def test_tensors_agree(shared: Path, run: NetworkRun) -> None:
    got = dict(zip(("cls", "loc"), run.outputs, strict=True))
    for i, depth in enumerate(DEPTHS[run.model.family]):
        got[f"z_backbone_{i}"], got[f"x_backbone_{i}"] = (maps[depth] for maps in run.backbone)
        got[f"z_neck_{i}"], got[f"x_neck_{i}"] = (maps[i] for maps in run.trunk)
        got[f"z_neck_{i}"] = got[f"z_neck_{i}"][:, :, 4:11, 4:11]  # the original cuts the template here already
    assert_tensors_agree(shared, CASES[run.model.family], got)


def test_kernels_are_those_of_the_middle_of_the_template(run: NetworkRun) -> None:
    for name, kernel in zip(run.model.matchers, run.template, strict=True):
        matcher = run.model.matchers[name]
        assert isinstance(matcher, Matcher)
        middle = run.trunk[0][int(name[-1])][:, :, 4:11, 4:11]
        with torch.inference_mode():
            assert torch.equal(kernel, matcher.kernel(middle)), name
        assert kernel.shape[2:] == (5, 5)


@pytest.mark.parametrize("family", list(CASES))
def test_config_is_that_of_the_original(shared: Path, family: str) -> None:
    config = build(family, width=0.05, depth=0.05).config
    assert_is_that_of_pysot(config, reference(shared, CASES[family])["tracker"])


@pytest.mark.parametrize(
    ("family", "weights"),
    [("siamrpnpp-mobilenetv2", None), ("siamrpnpp-resnet50", [0.5, -1.0, 2.0])],
)
def test_output_is_the_mean_of_the_heads(family: str, weights: list[float] | None) -> None:
    model = build(family, width=0.05, depth=0.05).eval()
    assert isinstance(model, ComposedTracker)
    mean = model.branches["score"]
    assert isinstance(mean, WeightedMean)
    maps = {f"score_{i}": torch.randn(1, 16, 25, 25) for i in range(3)}
    shares = torch.full((3,), 1 / 3) if weights is None else torch.softmax(torch.tensor(weights), 0)
    with torch.no_grad():
        if mean.weight is not None:
            mean.weight.copy_(torch.tensor(weights))
        heads = torch.stack([head(maps) for head in mean.branches])
        got = mean(maps)
    want = torch.einsum("i,ibchw->bchw", shares, heads)
    assert relative_error(got.numpy(), want.numpy()) <= REL_NETWORK_F32


@pytest.mark.parametrize("family", list(CASES))
def test_tracks(shared: Path, tmp_path: Path, family: str) -> None:
    torch.manual_seed(0)
    assert_tracks(shared, build(family, width=0.1, depth=0.3).eval(), tmp_path)
