"""SiamFC against the golden tensors and the constants of siamfc-pytorch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdst_edge.models import SiameseModel, build
from sdst_edge.models.composed import ComposedTracker
from tests.parity.family_checks import (
    assert_keys_and_shapes_agree,
    assert_tensors_agree,
    assert_tracks,
)
from tests.parity.golden_network import deterministic_model, image, reference

FAMILY, CASE = "siamfc-alexnet", "siamfc_alexnet"


@pytest.fixture(scope="module")
def model(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> SiameseModel:
    """With the golden case's weights, read from a file as a published network is."""
    return deterministic_model(shared, FAMILY, CASE, tmp_path_factory.mktemp(FAMILY))


def test_keys_and_shapes_agree(shared: Path) -> None:
    assert_keys_and_shapes_agree(shared, FAMILY, CASE)


def test_tensors_agree(shared: Path, model: SiameseModel) -> None:
    assert isinstance(model, ComposedTracker)
    z, x = torch.from_numpy(image(0, 127)), torch.from_numpy(image(1, 255))
    with torch.inference_mode():
        (response,) = model(z, x)
        assert_tensors_agree(shared, CASE, {"z_feat": model.trunk(z), "x_feat": model.trunk(x), "response": response})


def test_config_is_that_of_the_original(shared: Path) -> None:
    original, config = reference(shared, CASE)["tracker"], build(FAMILY).config
    pyramid = config.pyramid
    assert pyramid is not None
    assert pyramid.count == original["scale_num"]
    assert pyramid.step == original["scale_step"]
    assert pyramid.penalty == original["scale_penalty"]
    assert pyramid.upsampling == original["response_up"]
    assert config.size_lr == original["scale_lr"]
    assert config.window_influence == original["window_influence"]
    assert config.template_size == original["exemplar_sz"]
    assert config.search_size == original["instance_sz"]
    assert config.response_size == original["response_sz"]
    assert config.stride_px == original["total_stride"]
    assert config.point_origin_px == -(original["response_sz"] - 1) / 2 * original["total_stride"]
    assert config.crop.context_amount == original["context"]
    assert config.crop.search_scale == original["instance_sz"] / original["exemplar_sz"]
    assert config.normalization.channel_order == original["channel_order"].lower()


def test_tracks(shared: Path, model: SiameseModel, tmp_path: Path) -> None:
    assert_tracks(shared, model, tmp_path)
