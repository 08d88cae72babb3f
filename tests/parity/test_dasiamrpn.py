"""DaSiamRPN against the golden tensors and the constants of the original."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdst_edge.models import SiameseModel, build
from sdst_edge.models.composed import ComposedTracker
from sdst_export.parity import sample_inputs
from tests.parity.family_checks import (
    assert_keys_and_shapes_agree,
    assert_takes_pixels_as_they_are,
    assert_tensors_agree,
    assert_tracks,
)
from tests.parity.golden_network import deterministic_model, image, reference
from tests.parity.pysot_config import LONG_TERM_CONFIDENCE_LOW

CASES = {name: name.replace("-", "_") for name in ("dasiamrpn-vot", "dasiamrpn-otb", "dasiamrpn-big")}


def student(family: str) -> SiameseModel:
    """A narrow network as after a first step of training: random weights, and batch norms that know their input."""
    torch.manual_seed(0)
    model = build(family, width=0.1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    z, x = next(sample_inputs(model.config))
    with torch.no_grad():
        model(torch.from_numpy(z), torch.from_numpy(x))
    return model.eval()


@pytest.mark.parametrize("family", list(CASES))
def test_keys_and_shapes_agree(shared: Path, family: str) -> None:
    assert_keys_and_shapes_agree(shared, family, CASES[family])


@pytest.mark.parametrize("family", ["dasiamrpn-vot", "dasiamrpn-big"])  # dasiamrpn-otb is the first one's network
def test_tensors_agree(shared: Path, tmp_path: Path, family: str) -> None:
    model = deterministic_model(shared, family, CASES[family], tmp_path)
    (tmp_path / f"{CASES[family]}.pth").unlink()  # up to 362 MB
    assert isinstance(model, ComposedTracker)
    with torch.inference_mode():
        z_features, x_features = (
            model.trunk(torch.from_numpy(image(0, 127))),
            model.trunk(torch.from_numpy(image(1, 271))),
        )
        kernels = [matcher.template_operand((z_features,)) for matcher in model.matchers.values()]
        searches = [matcher.search_operand((x_features,)) for matcher in model.matchers.values()]
        score, deltas = model.head(tuple(kernels), tuple(searches))
    cls1, r1 = (kernel.reshape(-1, z_features.shape[1], 4, 4) for kernel in kernels)
    features = {"z_feat": z_features, "x_feat": x_features, "cls1_kernel": cls1, "r1_kernel": r1}
    assert_tensors_agree(shared, CASES[family], {**features, "cls": score, "loc": deltas})


@pytest.mark.parametrize("family", list(CASES))
def test_config_is_that_of_the_original(shared: Path, family: str) -> None:
    original, config = reference(shared, CASES[family])["tracker"], build(family, width=0.05).config
    assert config.penalty_k == original["penalty_k"]
    assert config.window_influence == original["window_influence"]
    assert config.size_lr == original["lr"]
    assert config.template_size == original["exemplar_size"]
    assert config.search_size == original["instance_size"]
    assert config.response_size == original["score_size"]
    assert config.stride_px == original["total_stride"] == original["anchors"]["stride"]
    assert [list(anchor) for anchor in config.anchors] == original["anchors"]["wh"]
    assert config.point_origin_px == original["anchors"]["origin"]
    assert config.crop.context_amount == original["context_amount"]
    assert config.crop.search_scale == original["instance_size"] / original["exemplar_size"]
    assert (config.small_target is not None) == original["adaptive"]
    assert_takes_pixels_as_they_are(config, original)
    assert config.found_threshold == LONG_TERM_CONFIDENCE_LOW


def test_search_region_of_small_targets_is_that_of_the_original(shared: Path) -> None:
    config = build("dasiamrpn-big", width=0.05).config
    small = config.for_small_target()
    assert small is not None
    assert config.small_target is not None
    rule = reference(shared, CASES["dasiamrpn-big"])["tracker"]["adaptive_rule"]
    assert f"instance_size={small.search_size} when w*h/(W*H)<{config.small_target.max_area_share}" in rule
    assert small.response_size == (small.search_size - small.template_size) / small.stride_px + 1
    assert small.point_origin_px == -small.response_size / 2 * small.stride_px


@pytest.mark.parametrize("family", list(CASES))
def test_student_tracks(shared: Path, tmp_path: Path, family: str) -> None:
    assert_tracks(shared, student(family), tmp_path)
