"""What a family's network is held against: the original's keys, shapes and tensors; and that it learns and tracks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.datasets import Sequence, read_got10k
from sdst_edge.evaluation import follow
from sdst_edge.models import SiameseModel, build, families, save_checkpoint
from sdst_edge.models.key_mapping import map_keys, weights_of
from sdst_export import export_bundle
from sdst_runtime import load
from sdst_runtime.config import Normalization, TrackerConfig
from sdst_runtime.loading import SessionChoice
from sdst_runtime.manifest import Provenance
from tests.parity.golden_network import golden, reference, stored_channels
from tests.parity.onnx_bundle import relative_error
from tests.tolerances import ABS_ONE_STEP_PX, REL_NETWORK_F32

__all__ = [
    "assert_keys_and_shapes_agree",
    "assert_student_learns",
    "assert_takes_pixels_as_they_are",
    "assert_tensors_agree",
    "assert_tracks",
]

SEQUENCES = ("otb_Car4", "otb_Skiing")  # a target of 10 % of the frame, and one of 0.3 %
FRAMES = 6


def assert_keys_and_shapes_agree(shared: Path, family: str, case: str) -> None:
    """Each key of the original has its place and its shape in ours, and the parameters are as many."""
    facts = reference(shared, case)
    state = {key: torch.empty(shape, device="meta") for key, shape, _ in facts["state_dict"]}
    published = families()[family].published
    assert published is not None
    mapped, left_over = map_keys(state, published)
    with torch.device("meta"):
        model = build(family)
    assert left_over == ()
    assert {key: value.shape for key, value in mapped.items()} == {
        key: value.shape for key, value in weights_of(model).items()
    }
    assert sum(item.numel() for item in model.parameters()) == facts["params"]


def assert_tensors_agree(shared: Path, case: str, got: Mapping[str, Tensor]) -> None:
    """Holds every tensor of a golden case against ours of the same name."""
    facts, want = reference(shared, case), golden(shared, case)
    assert set(got) == set(want)
    for name, tensor in got.items():
        stored = stored_channels(facts, name, tensor.numpy())
        assert relative_error(stored, want[name]) <= REL_NETWORK_F32, name


def assert_student_learns(family: str, *, width: float, depth: float) -> None:
    """A narrower, shallower or deeper network has the outputs of its configuration, and gradients in all layers."""
    torch.manual_seed(0)
    model = build(family, width=width, depth=depth)
    config = model.config
    z, x = (torch.rand(config.scales, *shape[1:]) for shape in (config.template_shape, config.search_shape))
    outputs = model(z, x)
    assert {name: tuple(item.shape) for name, item in zip(config.outputs, outputs, strict=True)} == config.outputs
    sum(item.square().mean() for item in outputs).backward()  # type: ignore[union-attr]
    for name, item in model.named_parameters():
        assert item.grad is not None, name
        assert item.grad.isfinite().all(), name
        assert item.grad.any() or name.endswith("bias"), name  # a norm takes the bias before it out


def assert_takes_pixels_as_they_are(config: TrackerConfig, original: Mapping[str, Any]) -> None:
    """Compares a pixel rule that changes nothing with ``tracker`` of the reference's json."""
    assert original["channel_order"] == "BGR"
    assert original["normalisation"] == "none (float32 0..255)"
    assert config.normalization == Normalization()


def assert_tracks(shared: Path, model: SiameseModel, folder: Path) -> None:
    """Exports a network and runs it on two sequences as `sdst-edge eval` does; both kinds of session agree.

    Args:
        shared: the folder of sequences.
        model: made by its family.
        folder: an empty one for the checkpoint and the bundle.
    """
    save_checkpoint(model, folder / "checkpoint.safetensors", Provenance(source="no training"))
    export_bundle(folder / "checkpoint.safetensors", folder / "bundle")
    sequences = {sequence.name: sequence for sequence in read_got10k(shared / "data" / "tracking" / "val")}
    for name in SEQUENCES:
        clip = sequences[name].held(range(FRAMES))
        baked = _boxes(folder / "bundle", "baked", clip)
        split = _boxes(folder / "bundle", "split", clip.held(range(2)))
        assert baked.shape == (FRAMES - 1, 4)
        assert np.isfinite(baked).all()
        assert (baked[:, 2:] >= model.config.min_side_px).all()
        assert np.abs(baked[0] - clip.boxes_xywh[0]).max() > 0, "no network is that sure"
        assert np.abs(split[0] - baked[0]).max() <= ABS_ONE_STEP_PX


def _boxes(bundle: Path, session: SessionChoice, sequence: Sequence) -> NDArray[np.float64]:
    """(N - 1, 4) boxes from the second frame on."""
    with load(bundle, session=session) as tracker:
        return follow(tracker, sequence).boxes_xywh[1:]
