"""NanoTrack against the golden tensors of the original, with re-creatable and with the published weights."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch

from sdst_edge.models import SiameseModel, import_checkpoint, save_checkpoint
from sdst_edge.models.composed import ComposedTracker, Matcher
from sdst_edge.models.correlation import kernel_layout
from sdst_export import export_bundle
from tests.parity.family_checks import assert_takes_pixels_as_they_are, assert_tracks
from tests.parity.golden_network import (
    Golden,
    deterministic_model,
    deterministic_state,
    golden,
    image,
    reference,
)
from tests.parity.onnx_bundle import relative_error, run_bundle
from tests.tolerances import REL_NETWORK_F32

FAMILIES = ["nanotrack-v1", "nanotrack-v2", "nanotrack-v3"]


def case(family: str) -> str:
    """Name of the golden files."""
    return family.replace("-", "_")


@pytest.fixture
def deterministic(shared: Path, tmp_path: Path) -> Callable[[str], SiameseModel]:
    """From a family to its network with the re-creatable weights, read from a file as a published one is."""

    def make(family: str) -> SiameseModel:
        return deterministic_model(shared, family, case(family), tmp_path)

    return make


def published(shared: Path, family: str) -> SiameseModel:
    return import_checkpoint(family, shared / "weights" / f"{case(family)}.pth").model


def assert_torch_meets(model: SiameseModel, want: Golden) -> None:
    assert isinstance(model, ComposedTracker)
    z, x = torch.from_numpy(image(0, 127)), torch.from_numpy(image(1, 255))
    with torch.inference_mode():
        score, ltrb = model(z, x)
        got = {"cls": score, "loc": ltrb, "z_feat": model.trunk(z), "x_feat": model.trunk(x)}
    for name, tensor in got.items():
        assert relative_error(tensor.numpy(), want[name]) <= REL_NETWORK_F32, name


def assert_onnx_meets(bundle: Path, model: SiameseModel, want: Golden) -> None:
    """Maps against the golden ones, and the cut's tensors against torch's layers on the golden trunk features."""
    assert isinstance(model, ComposedTracker)
    run = run_bundle(bundle, image(0, 127), image(1, 255))
    assert relative_error(run.score, want["cls"]) <= REL_NETWORK_F32
    assert relative_error(run.ltrb, want["loc"]) <= REL_NETWORK_F32
    for correlation, matcher in zip(model.correlations, model.matchers.values(), strict=True):
        assert isinstance(matcher, Matcher)
        with torch.inference_mode():
            features = matcher.search_operand((torch.from_numpy(want["x_feat"]),))
            operand = matcher.template_operand((torch.from_numpy(want["z_feat"]),))
            kernel = kernel_layout(correlation, operand, features.shape[1])
        assert relative_error(run.features[correlation.search], features.numpy()) <= REL_NETWORK_F32
        assert relative_error(run.kernels[correlation.kernel], kernel.numpy()) <= REL_NETWORK_F32


def test_image_meets_check_values() -> None:
    assert image(0, 127)[0, 0, 0, :3].tolist() == [147.95054626464844, 92.55191040039062, 206.41030883789062]
    assert float(image(1, 255)[0, 2, 254, 254]) == 134.5111083984375


def test_deterministic_state_meets_check_values() -> None:
    state = deterministic_state([("backbone.conv1.0.weight", [96, 3, 11, 11], "float32")], {})
    expected = np.array([0.07682102918624878, 0.09383660554885864, -0.05770037695765495], np.float32)
    assert np.array_equal(state["backbone.conv1.0.weight"].ravel()[:3].numpy(), expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_nanotrack_meets_golden_tensors(
    shared: Path, deterministic: Callable[[str], SiameseModel], family: str
) -> None:
    assert_torch_meets(deterministic(family), golden(shared, case(family)))


@pytest.mark.parametrize("family", FAMILIES)
def test_nanotrack_meets_golden_tensors_when_weights_are_published(shared: Path, family: str) -> None:
    assert_torch_meets(published(shared, family), golden(shared, f"{case(family)}_real"))


@pytest.mark.parametrize("family", FAMILIES)
def test_exported_nanotrack_meets_golden_tensors(
    shared: Path, tmp_path: Path, deterministic: Callable[[str], SiameseModel], family: str
) -> None:
    model = deterministic(family)
    provenance = import_checkpoint(family, tmp_path / f"{case(family)}.pth").provenance
    save_checkpoint(model, tmp_path / "checkpoint.safetensors", provenance)
    export_bundle(tmp_path / "checkpoint.safetensors", tmp_path / "bundle")
    assert_onnx_meets(tmp_path / "bundle", model, golden(shared, case(family)))


@pytest.mark.parametrize("family", FAMILIES)
def test_exported_nanotrack_meets_golden_tensors_when_weights_are_published(
    shared: Path, nanotrack_bundles: Callable[[str], Path], family: str
) -> None:
    want = golden(shared, f"{case(family)}_real")
    assert_onnx_meets(nanotrack_bundles(family), published(shared, family), want)
    z, x = image(0, 127), image(1, 255)
    assert relative_error(run_bundle(nanotrack_bundles(family), z, x).score, want["onnx_cls"]) <= REL_NETWORK_F32


@pytest.mark.parametrize("family", FAMILIES)
def test_config_is_that_of_the_original(
    shared: Path, deterministic: Callable[[str], SiameseModel], family: str
) -> None:
    original = reference(shared, case(family))["tracker"]
    config = deterministic(family).config
    assert config.penalty_k == original["PENALTY_K"]
    assert config.window_influence == original["WINDOW_INFLUENCE"]
    assert config.size_lr == original["LR"]
    assert config.template_size == original["EXEMPLAR_SIZE"]
    assert config.search_size == original["INSTANCE_SIZE"]
    assert config.response_size == original["OUTPUT_SIZE"] == original["points"]["size"]
    assert config.stride_px == original["points"]["stride"]
    assert [config.point_origin_px] * 2 == original["points"]["first"]
    assert config.crop.context_amount == original["CONTEXT_AMOUNT"]
    assert config.crop.search_scale == original["INSTANCE_SIZE"] / original["EXEMPLAR_SIZE"]
    assert_takes_pixels_as_they_are(config, original)


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_are_all_but_the_neck_that_is_never_run(
    shared: Path, deterministic: Callable[[str], SiameseModel], family: str
) -> None:
    facts = reference(shared, case(family))
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    neck = sum(
        prod(shape) for key, shape, _ in facts["state_dict"] if key.startswith("neck.") and not key.endswith(buffers)
    )
    assert sum(item.numel() for item in deterministic(family).parameters()) == facts["params"] - neck


@pytest.mark.parametrize("family", FAMILIES)
def test_tracks(shared: Path, deterministic: Callable[[str], SiameseModel], family: str, tmp_path: Path) -> None:
    assert_tracks(shared, deterministic(family), tmp_path)
