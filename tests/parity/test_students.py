"""What is true of every family at any width and depth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sdst_edge.models import SiameseModel, build, families, family_facts, fold, load_checkpoint, save_checkpoint
from sdst_runtime.manifest import Provenance
from tests.parity.family_checks import assert_student_learns
from tests.parity.onnx_bundle import relative_error
from tests.tolerances import REL_NETWORK_F32, REL_SUM_F64

FAMILIES = list(families())


def student(family: str) -> SiameseModel:
    """A narrow, deep network that ran in training once, so that norms know their input; in eval mode."""
    torch.manual_seed(0)
    model = build(family, width=0.1, depth=1.5)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            nn.init.normal_(module.weight, 1, 0.1)
            nn.init.normal_(module.bias, 0, 0.1)
    with torch.no_grad():
        model(*inputs(model, 2))
    return model.eval()


def inputs(model: SiameseModel, batch: int) -> tuple[Tensor, Tensor]:
    """Templates and search regions of random pixels."""
    return tuple(torch.randn(batch, *shape[1:]) for shape in (model.config.template_shape, model.config.search_shape))


def errors(got: tuple[Tensor, ...], want: tuple[Tensor, ...]) -> Iterator[float]:
    """Relative ones, per output."""
    return (relative_error(a.detach().numpy(), b.detach().numpy()) for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "siammask-resnet50"])  # has its own test
@pytest.mark.parametrize(("width", "depth"), [(0.35, 0.4), (0.05, 2.0)])
def test_student_learns(family: str, width: float, depth: float) -> None:
    assert_student_learns(family, width=width, depth=depth)


@pytest.mark.parametrize("family", FAMILIES)
def test_width_and_depth_change_the_number_of_parameters(family: str) -> None:
    narrow, published, wide = (family_facts(family, width=width).parameters for width in (0.35, 1.0, 1.5))
    assert narrow < 0.5 * published < 0.5 * wide
    shallow, _, deep = (family_facts(family, depth=depth).parameters for depth in (0.5, 1.0, 2.0))
    assert shallow < published < deep


@pytest.mark.parametrize("family", FAMILIES)
def test_folded_network_has_the_same_outputs(family: str) -> None:
    model = student(family).double()  # float32 would be amplified where a channel has hardly any variance
    z, x = (item.double() for item in inputs(model, 2))
    cell = torch.tensor([0, 24])
    with torch.inference_mode():
        want = model(z, x)
        mask = () if model.mask is None else (model.segment(model.template(z[:1]), model.search(x[:1]), cell),)
        fold(model)
        assert max(errors(model(z, x), want)) <= REL_SUM_F64
        if model.mask is not None:
            folded = model.segment(model.template(z[:1]), model.search(x[:1]), cell)
            assert max(errors((folded,), mask)) <= REL_SUM_F64


@pytest.mark.parametrize("family", FAMILIES)
def test_batch_is_computed_item_by_item_and_one_template_serves_many_searches(family: str) -> None:
    model = student(family)
    z, x = inputs(model, 2)
    with torch.inference_mode():
        pairs, shared = model(z, x), model(z[:1], x)
        single = [model(z[i : i + 1], x[j : j + 1]) for i, j in ((0, 0), (1, 1), (0, 1))]
    assert max(errors(pairs, tuple(map(torch.cat, zip(*single[:2], strict=True))))) <= REL_NETWORK_F32
    assert max(errors(shared, tuple(map(torch.cat, zip(*single[::2], strict=True))))) <= REL_NETWORK_F32


@pytest.mark.parametrize("family", FAMILIES)
def test_checkpoint_keeps_width_and_depth(family: str, tmp_path: Path) -> None:
    model = student(family)
    save_checkpoint(model, tmp_path / "student.safetensors", Provenance(source="no training"))
    loaded = load_checkpoint(tmp_path / "student.safetensors").model
    assert (loaded.family, loaded.options) == (family, {"width": 0.1, "depth": 1.5})
    z, x = inputs(model, 1)
    with torch.inference_mode():
        assert all(map(torch.equal, loaded(z, x), model(z, x)))
