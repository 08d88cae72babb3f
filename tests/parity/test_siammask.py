"""SiamMask against the golden tensors of the original, with re-creatable weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdst_edge.models import build
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.correlation import correlate
from sdst_edge.models.mask_refinement import RefinedMask
from tests.parity.golden_network import deterministic_model, golden, reference, stored_channels
from tests.parity.network_run import NetworkRun, run_network
from tests.parity.onnx_bundle import relative_error
from tests.parity.pysot_config import assert_is_that_of_pysot
from tests.tolerances import REL_NETWORK_F32

FAMILY, CASE = "siammask-resnet50", "siammask_r50_l3"


@pytest.fixture(scope="module")
def run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> NetworkRun:
    """The network with the golden case's weights, run once."""
    model = deterministic_model(shared, FAMILY, CASE, tmp_path_factory.mktemp(FAMILY))
    assert isinstance(model, ComposedTracker)
    return run_network(model)


def coarse_logits(run: NetworkRun) -> torch.Tensor:
    """Unrefined masks of all cells, (1, 3969, 25, 25)."""
    mask = run.model.mask
    assert isinstance(mask, RefinedMask)
    features = dict(zip(run.model.search_outputs, run.search, strict=True))[mask.correlation.search]
    with torch.inference_mode():
        logits: torch.Tensor = mask.coarse(correlate(mask.correlation, run.template[-1], features))
    return logits


def test_maps_and_masks_meet_golden_tensors(shared: Path, run: NetworkRun) -> None:
    facts, want = reference(shared, CASE), golden(shared, CASE)
    got = dict(zip(("cls", "loc"), run.outputs, strict=True))
    got["z_backbone"], got["x_backbone"] = (maps[3] for maps in run.backbone)
    got["z_neck"], got["x_neck"] = (maps[0] for maps in run.trunk)
    got["z_neck"] = got["z_neck"][:, :, 4:11, 4:11]  # the original cuts the template here already
    coarse = coarse_logits(run)
    got["mask_coarse_head64"] = coarse[:, :64]
    got["mask_coarse_pos_12_12"] = coarse[:, :, 12, 12]
    for row, column in ((12, 12), (3, 20)):
        with torch.inference_mode():
            mask = run.model.segment(run.template, run.search, torch.tensor([row, column]))
        got[f"mask_refined_pos_{row}_{column}"] = mask.flatten(1)
    assert set(got) == set(want)
    for tensor, value in got.items():
        stored = stored_channels(facts, tensor, value.numpy())
        assert relative_error(stored, want[tensor]) <= REL_NETWORK_F32, tensor


def test_all_parameters_are_there(shared: Path, run: NetworkRun) -> None:
    assert sum(item.numel() for item in run.model.parameters()) == reference(shared, CASE)["params"]


def test_config_is_that_of_the_original(shared: Path, run: NetworkRun) -> None:
    original, mask = reference(shared, CASE)["tracker"], run.model.mask
    assert_is_that_of_pysot(run.model.config, original)
    assert mask is not None
    assert mask.threshold == original["MASK_THERSHOLD"]  # so spelled
    assert run.model.config.template_size == original["MASK_OUTPUT_SIZE"]


def test_student_learns_in_all_its_layers() -> None:
    model = build(FAMILY, width=0.35, depth=0.5)
    assert isinstance(model, ComposedTracker)
    assert isinstance(model.mask, RefinedMask)
    kernels = model.template(torch.rand(1, 3, 127, 127) * 255)
    features = model.search(torch.rand(1, 3, 255, 255) * 255)
    score, deltas = model.head(kernels, features)
    refined = model.segment(kernels, features, torch.tensor([24, 0]))  # a corner: its windows reach the padding
    response = correlate(model.mask.correlation, kernels[-1], features[2])
    coarse = model.mask.coarse(response)
    assert {"score": tuple(score.shape), "deltas": tuple(deltas.shape)} == dict(model.config.outputs)
    assert refined.shape == (1, 1, 127, 127)
    assert coarse.shape == (1, 63 * 63, 25, 25)
    (score.square().mean() + deltas.abs().mean() + refined.square().mean() + coarse.square().mean()).backward()
    still = [name for name, item in model.named_parameters() if item.grad is None or not item.grad.isfinite().all()]
    assert still == []
