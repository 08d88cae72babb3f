"""SiamMask against the golden tensors of the original, with re-creatable weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sdst_edge.models import TorchSession, build
from sdst_edge.models.composed import ComposedTracker
from sdst_edge.models.correlation import correlate
from sdst_edge.models.trackers.mask_refinement import RefinedMask
from sdst_runtime import load
from sdst_runtime.config import TrackerConfig
from sdst_runtime.core import State
from sdst_runtime.loading import open_session
from sdst_runtime.masks import mask_square, outline, project_mask
from tests.parity.family_checks import assert_keys_and_shapes_agree, assert_tensors_agree, assert_tracks
from tests.parity.golden_network import deterministic_model, image, reference
from tests.parity.mask_reference import projected, smallest_rectangle_area
from tests.parity.network_run import NetworkRun, run_network
from tests.parity.onnx_bundle import relative_error
from tests.parity.pysot_config import assert_is_that_of_pysot
from tests.tolerances import ABS_PROJECTED_MASK, REL_F32, REL_NETWORK_F32

FAMILY, CASE = "siammask-resnet50", "siammask_r50_l3"


@pytest.fixture(scope="module")
def run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> NetworkRun:
    """The network with the golden case's weights, run once."""
    model = deterministic_model(shared, FAMILY, CASE, tmp_path_factory.mktemp(FAMILY))
    assert isinstance(model, ComposedTracker)
    return run_network(model)


@pytest.fixture(scope="module")
def config() -> TrackerConfig:
    return build(FAMILY, width=0.05, depth=0.05).config


def coarse_logits(run: NetworkRun) -> torch.Tensor:
    """Unrefined masks of all cells, (1, 3969, 25, 25)."""
    mask = run.model.mask
    assert isinstance(mask, RefinedMask)
    features = dict(zip(run.model.search_outputs, run.search, strict=True))[mask.correlation.search]
    with torch.inference_mode():
        logits: torch.Tensor = mask.coarse(correlate(mask.correlation, run.template[-1], features))
    return logits


def test_keys_and_shapes_agree(shared: Path) -> None:
    assert_keys_and_shapes_agree(shared, FAMILY, CASE)


def test_tensors_agree(shared: Path, run: NetworkRun) -> None:
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
    assert_tensors_agree(shared, CASE, got)


def test_config_is_that_of_the_original(shared: Path, run: NetworkRun) -> None:
    original, mask = reference(shared, CASE)["tracker"], run.model.mask
    assert_is_that_of_pysot(run.model.config, original)
    assert mask is not None
    assert mask.threshold == original["MASK_THERSHOLD"]  # so spelled
    assert run.model.config.template_size == original["MASK_OUTPUT_SIZE"]


@pytest.mark.parametrize("depth", [0.5, 2.0])
def test_student_learns(depth: float) -> None:
    model = build(FAMILY, width=0.2, depth=depth)
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


def test_tracks_and_segments(shared: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build(FAMILY, width=0.1, depth=0.3).eval()
    assert_tracks(shared, model, tmp_path)
    session, by_torch = open_session(tmp_path / "bundle"), TorchSession(model)
    z, x = image(0, 127), image(1, 255)
    template, reference_template = session.embed(z), by_torch.embed(z)
    session.match(template, x)
    by_torch.match(reference_template, x)
    for cell in ((0, 0), (24, 24), (24, 0), (3, 20)):  # windows at the rim of the features reach their padding
        got, want = session.segment(template, cell), by_torch.segment(reference_template, cell)
        assert got.shape == (1, 1, 127, 127)
        assert relative_error(got, want) <= REL_NETWORK_F32, cell
    frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    with load(tmp_path / "bundle") as tracker:
        tracker.init(frame, (120, 90, 60, 50))
        tracker.update(frame)
        mask, polygon = tracker.segment()
    assert mask.shape == (240, 320)
    assert polygon.shape == (4, 2)
    assert np.isfinite(polygon).all()


def blob(generator: np.random.Generator) -> NDArray[np.float64]:
    """Logits (127, 127) of a tilted ellipse, 8 in its middle and -8 outside; its rim is some pixels wide."""
    rows, columns = np.mgrid[:127, :127] - generator.uniform(45, 80, size=(2, 1, 1))
    angle, radii = generator.uniform(0, np.pi), generator.uniform(8, 30, size=2)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    across = columns * np.sin(angle) - rows * np.cos(angle)
    return np.asarray(np.clip(8 * (1 - np.hypot(along / radii[0], across / radii[1])), -8, 8))


@pytest.mark.parametrize("seed", range(12))
def test_mask_lies_in_the_frame_where_the_original_puts_it(config: TrackerConfig, seed: int) -> None:
    generator = np.random.default_rng(seed)
    frame_wh = (int(generator.integers(120, 640)), int(generator.integers(120, 480)))
    target = np.concatenate([generator.uniform(0.3, 0.7, 2), generator.uniform(0.1, 0.4, 2)]) * (frame_wh * 2)
    cell = (int(generator.integers(6, 19)), int(generator.integers(6, 19)))
    logits = blob(generator)
    square = mask_square(config, State(*map(float, target)), cell)
    got = project_mask(logits[None, None].astype(np.float32), square, frame_wh)
    want = projected(1 / (1 + np.exp(-logits)), target, cell, frame_wh)
    assert got.shape == want.shape
    assert want.max() > 0.9  # it is in the frame
    assert np.abs(got - want).max() <= ABS_PROJECTED_MASK


@pytest.mark.parametrize("seed", range(12))
def test_outline_is_the_smallest_rectangle_around_the_largest_part(seed: int) -> None:
    generator = np.random.default_rng(100 + seed)
    largest = blob(generator) > 0
    mask = np.zeros((200, 160), bool)
    mask[30:157, 20:147] = largest
    rows = np.flatnonzero(mask.any(axis=1))
    ends = [(int(pick(np.flatnonzero(mask[row]))), int(row)) for row in rows for pick in (min, max)]
    mask[2:12, 2:12] = True  # a smaller part, away from it
    corners = outline(mask, (0.0, 0.0, 1.0, 1.0)).astype(np.float64)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    assert sides[0] * sides[1] == pytest.approx(smallest_rectangle_area(np.array(ends, float)), rel=REL_F32)
    assert np.allclose(corners[0] + corners[2], corners[1] + corners[3])
