"""What every family's network is held against: the original's keys, shapes and tensors; and that its students learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sdst_edge.models import build, families
from sdst_edge.models.key_mapping import map_keys, weights_of
from tests.parity.golden_network import golden, reference, stored_channels
from tests.parity.onnx_bundle import relative_error
from tests.tolerances import REL_NETWORK_F32

__all__ = ["assert_keys_and_shapes_agree", "assert_student_learns", "assert_tensors_agree"]


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
    model = build(family, width=width, depth=depth)
    config = model.config
    z, x = (torch.rand(config.scales, *shape[1:]) for shape in (config.template_shape, config.search_shape))
    outputs = model(z, x)
    assert {name: tuple(item.shape) for name, item in zip(config.outputs, outputs, strict=True)} == config.outputs
    sum(item.square().mean() for item in outputs).backward()  # type: ignore[union-attr]
    still = [name for name, item in model.named_parameters() if item.grad is None or not item.grad.isfinite().all()]
    assert still == []
