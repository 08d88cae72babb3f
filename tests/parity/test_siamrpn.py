"""SiamRPN with AlexNet against the golden tensors and the constants of PySOT."""

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
from tests.parity.pysot_config import assert_is_that_of_pysot

FAMILY, CASE = "siamrpn-alexnet", "siamrpn_alex_dwxcorr"


@pytest.fixture(scope="module")
def model(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> SiameseModel:
    """With the golden case's weights, read from a file as a published network is."""
    return deterministic_model(shared, FAMILY, CASE, tmp_path_factory.mktemp(FAMILY))


def test_keys_and_shapes_agree(shared: Path) -> None:
    assert_keys_and_shapes_agree(shared, FAMILY, CASE)


def test_tensors_agree(shared: Path, model: SiameseModel) -> None:
    assert isinstance(model, ComposedTracker)
    z, x = torch.from_numpy(image(0, 127)), torch.from_numpy(image(1, 287))
    with torch.inference_mode():
        score, deltas = model(z, x)
        features = {"z_backbone": model.trunk(z), "x_backbone": model.trunk(x)}
    assert_tensors_agree(shared, CASE, {**features, "cls": score, "loc": deltas})


def test_config_is_that_of_the_original(shared: Path) -> None:
    assert_is_that_of_pysot(build(FAMILY).config, reference(shared, CASE)["tracker"])


def test_tracks(shared: Path, model: SiameseModel, tmp_path: Path) -> None:
    assert_tracks(shared, model, tmp_path)
