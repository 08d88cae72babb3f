"""LightTrack-Mobile against the golden tensors of the original."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdst_edge.models import SiameseModel
from sdst_edge.models.composed import ComposedTracker, Matcher
from tests.parity.family_checks import (
    assert_keys_and_shapes_agree,
    assert_tensors_agree,
    assert_tracks,
)
from tests.parity.golden_network import deterministic_model, image, imagenet, reference

CASE = "lighttrack_mobile"


@pytest.fixture(scope="module")
def deterministic(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> SiameseModel:
    """The network with the re-creatable weights, read from a file of all 426 keys as the published one is."""
    return deterministic_model(shared, "lighttrack-mobile", CASE, tmp_path_factory.mktemp("lighttrack"))


def test_lighttrack_meets_golden_tensors(shared: Path, deterministic: SiameseModel) -> None:
    model = deterministic
    assert isinstance(model, ComposedTracker)
    matcher = model.matchers["shared"]
    assert isinstance(matcher, Matcher)
    corr: list[torch.Tensor] = []
    matcher.after.register_forward_hook(lambda _module, _inputs, output: corr.append(output))
    z, x = (torch.from_numpy(imagenet(image(seed, side))) for seed, side in ((0, 128), (1, 256)))
    with torch.inference_mode():
        cls, reg = model(z, x)
        got = {
            "z_feat": model.trunk(z),
            "x_feat": model.trunk(x),
            "z_neck": model.template(z)[0],
            "x_neck": model.search(x)[0],
            "corr_cls": corr[0],
            "cls": cls,
            "reg": reg,
        }
    assert_tensors_agree(shared, CASE, got)


def test_keys_and_shapes_are_those_of_the_original(shared: Path) -> None:
    assert len(reference(shared, CASE)["state_dict"]) == 426
    assert_keys_and_shapes_agree(shared, "lighttrack-mobile", CASE)


def test_config_is_that_of_the_original(shared: Path, deterministic: SiameseModel) -> None:
    original = reference(shared, CASE)["tracker"]
    default, vot = original["default"], original["vot_yaml"]["TEST"]["VOT2019"]
    config = deterministic.config
    assert config.penalty_k == default["penalty_k"]
    assert config.window_influence == default["window_influence"]
    assert config.size_lr == default["lr"]
    assert config.size_smoothing == "twice"
    assert config.template_size == default["exemplar_size"]
    assert config.search_size == default["instance_size"]
    assert config.response_size == default["score_size"]
    assert config.stride_px == default["total_stride"]
    assert config.crop.context_amount == default["context_amount"]
    assert config.crop.search_scale == default["instance_size"] / default["exemplar_size"]
    assert config.normalization.channel_order == original["channel_order"].lower()
    assert config.normalization.mean == pytest.approx((123.675, 116.28, 103.53))
    assert config.normalization.std == pytest.approx((58.395, 57.12, 57.375))
    small = config.for_small_target()
    assert small is not None
    assert small.search_size == vot["big_sz"]
    assert small.response_size == round(vot["big_sz"] / default["total_stride"])
    for each in (config, small):  # points lie at (i - n // 2) * 16 about the middle of the search region
        assert each.point_origin_px == -(each.response_size // 2) * default["total_stride"]


def test_network_takes_the_larger_search_region_of_small_targets(deterministic: SiameseModel) -> None:
    small = deterministic.config.for_small_target()
    assert small is not None
    with torch.inference_mode():
        maps = deterministic(torch.zeros(small.template_shape), torch.zeros(small.search_shape))
    assert [tuple(item.shape) for item in maps] == list(small.outputs.values())


def test_exported_network_tracks(shared: Path, deterministic: SiameseModel, tmp_path: Path) -> None:
    assert_tracks(shared, deterministic, tmp_path)
