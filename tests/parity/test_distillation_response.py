"""The Siamese target response loss against loops over its formula, and what it must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.models.base import SiameseModel
from sdst_edge.training.distillation.response import response_maps, target_patch, target_response
from sdst_edge.training.teachers.teacher import Outputs
from sdst_runtime.errors import ConfigError
from tests.parity.distillation_cases import assert_gradients, assert_totals, normal
from tests.parity.toy_networks import toy
from tests.tolerances import REL_DISTILLATION_F64, REL_F32

Array = NDArray[np.float64]


def outputs(*operands: tuple[Tensor, Tensor]) -> Outputs:
    return Outputs(maps=(), template=tuple(z for z, _ in operands), search=tuple(x for _, x in operands))


def patch_loop(template: Array) -> Array:
    """(C, h, w) to its middle."""
    channels, height, width = template.shape
    if height % 2 == 0:
        halves = np.zeros((channels, height - 1, width - 1))
        for y in range(height - 1):
            for x in range(width - 1):
                halves[:, y, x] = template[:, y : y + 2, x : x + 2].mean(axis=(1, 2))
        template = halves
    side = height // 2 if height // 2 % 2 else height // 2 + 1
    middle = template.shape[1] // 2
    part = slice(middle - side // 2, middle + side // 2 + 1)
    return template[:, part, part]


def response_loop(template: Array, search: Array) -> tuple[Array, Array]:
    """Q_z and Q_x of one pair, of length 1."""
    patch = patch_loop(template)
    channels, rows, columns = search.shape
    reach = patch.shape[1] // 2
    w = np.zeros((rows, columns))
    for y in range(rows):
        for x in range(columns):
            for dy in range(-reach, reach + 1):
                for dx in range(-reach, reach + 1):
                    if 0 <= y + dy < rows and 0 <= x + dx < columns:
                        for c in range(channels):
                            w[y, x] += search[c, y + dy, x + dx] * patch[c, dy + reach, dx + reach]
            w[y, x] = max(0.0, w[y, x])
    w /= w.sum()
    q_x = np.zeros((rows, columns))
    for c in range(channels):
        q_x += np.abs(w * search[c])
    q_z = np.abs(patch).sum(axis=0)
    return q_z / np.sqrt((q_z**2).sum()), q_x / np.sqrt((q_x**2).sum())


def loss_loop(student: list[tuple[Tensor, Tensor]], teacher: list[tuple[Tensor, Tensor]]) -> list[float]:
    """Of correlations one to one and maps of equal sides."""
    totals = []
    for b in range(len(student[0][0])):
        parts = []
        for ours, theirs in zip(student, teacher, strict=True):
            a, t = (response_loop(*(f[b].detach().numpy() for f in each)) for each in (ours, theirs))
            parts.append(sum(float(((m - n) ** 2).sum()) for m, n in zip(a, t, strict=True)))
        totals.append(sum(parts) / len(parts))
    return totals


def operands(seed: int, channels: int, template: int = 6, search: int = 7) -> tuple[Tensor, Tensor]:
    return normal(seed, 2, channels, template, template), normal(seed + 1, 2, channels, search, search)


@pytest.mark.parametrize("template", [5, 6, 8])
def test_target_response_follows_the_formula_for_any_channels(template: int) -> None:
    student = [operands(0, 3, template), operands(2, 4, template)]
    teacher = [operands(4, 5, template), operands(6, 2, template)]
    assert_totals(target_response(outputs(*student), outputs(*teacher)), loss_loop(student, teacher))


def test_target_response_gradients() -> None:
    teacher = outputs(operands(4, 5, 8, 6))
    assert_gradients(lambda z, x: target_response(outputs((z, x)), teacher), *operands(0, 2, 6, 5))


@pytest.mark.parametrize(("side", "first", "last"), [(1, 0, 0), (2, 0.5, 0.5), (3, 1, 1), (4, 0.5, 2.5), (5, 1, 3)])
def test_the_patch_is_the_middle_half_with_its_middle_cell_in_the_middle(side: int, first: float, last: float) -> None:
    ramp = torch.arange(side, dtype=torch.float64).expand(1, 1, side, side)
    patch = target_patch(ramp)
    assert patch.shape[2] == patch.shape[3]
    assert patch.shape[3] % 2 == 1
    assert patch[0, 0, 0, 0].item() == first
    assert patch[0, 0, 0, -1].item() == last
    assert (first + last) / 2 == (side - 1) / 2


def test_w_does_not_see_the_other_pairs() -> None:
    z, x = operands(0, 3)
    together = response_maps(z, x)
    for b in range(2):
        alone = response_maps(z[b : b + 1], x[b : b + 1])
        for both, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(both[b].detach(), one[0].detach(), rtol=REL_DISTILLATION_F64)


def test_target_response_is_zero_for_equal_features_of_any_scale_and_order_of_channels() -> None:
    z, x = operands(0, 4)
    order = torch.tensor([2, 0, 3, 1])
    other = outputs((1e-2 * z[:, order], 1e3 * x[:, order]))
    assert target_response(outputs((z, x)), other).total.abs().max().item() < REL_DISTILLATION_F64


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_target_response_does_not_depend_on_the_scale_of_either_side(scale: float) -> None:
    z, x = operands(0, 4)
    teacher = outputs(operands(4, 3))
    plain = target_response(outputs((z, x)), teacher).total.tolist()
    assert target_response(outputs((z * scale, x)), teacher).total.tolist() == pytest.approx(plain, rel=REL_F32)
    assert target_response(outputs((z, x * scale)), teacher).total.tolist() == pytest.approx(plain, rel=REL_F32)
    assert min(plain) > 0


def test_target_response_does_not_depend_on_the_number_of_equal_channels() -> None:
    z, x = operands(0, 2)
    twice = outputs((torch.cat((z, z), dim=1), torch.cat((x, x), dim=1)))
    assert target_response(outputs((z, x)), twice).total.abs().max().item() < REL_DISTILLATION_F64


def test_the_teacher_gets_no_gradient_and_its_maps_may_have_other_sides() -> None:
    z, x = operands(0, 3, 8, 16)
    other = operands(4, 5, 15, 31)
    term = target_response(outputs((z, x)), outputs(other))
    term.total.sum().backward()
    for features in (z, x):
        assert features.grad is not None
        assert features.grad.abs().max().item() > 0
    assert [features.grad for features in other] == [None, None]


def test_fewer_correlations_learn_from_the_first_of_their_share() -> None:
    student = [operands(0, 3), operands(2, 3)]
    teacher = [operands(seed, 2) for seed in (4, 6, 8, 10)]
    expected = loss_loop(student, [teacher[0], teacher[2]])
    assert_totals(target_response(outputs(*student), outputs(*teacher)), expected)
    assert_totals(target_response(outputs(*student), outputs(teacher[1])), loss_loop(student, [teacher[1]] * 2))


def test_features_without_a_response_are_finite() -> None:
    z = torch.ones(1, 2, 5, 5).requires_grad_()
    x = (-torch.ones(1, 2, 7, 7)).requires_grad_()  # W is 0 everywhere
    dark = torch.zeros(1, 2, 7, 7).requires_grad_()
    for search in (x, dark):
        term = target_response(outputs((z, search)), outputs(operands(4, 2, 5, 7)))
        term.total[:1].sum().backward()
        assert torch.isfinite(term.total).all()
        assert search.grad is not None
        assert torch.isfinite(search.grad).all()


def run(model: SiameseModel, seed: int) -> Outputs:
    config = model.config
    z, x = (normal(seed, 2, 3, side, side).float() for side in (config.template_size, config.search_size))
    template, search = model.template(z), model.search(x)
    return Outputs(maps=model.head(template, search), template=template, search=search)


@pytest.mark.parametrize("name", ["toy-response", "toy-points", "toy-mask"])
def test_full_pixelwise_and_depthwise_correlations_all_teach(name: str) -> None:
    student, teacher = run(toy(name), 0), run(toy("toy-points"), 1)
    total = target_response(student, teacher).total
    assert ((total > 0) & (total < 4)).all()


def test_up_channel_kernels_are_refused() -> None:
    z, x = normal(0, 2, 12, 4, 4), normal(1, 2, 3, 7, 7)
    with pytest.raises(ConfigError, match=r"the teacher's correlation is of another kind .*12 channels on 3"):
        target_response(outputs(operands(2, 3)), outputs((z, x)))


def test_a_network_of_up_channel_correlations_is_refused() -> None:
    with pytest.raises(ConfigError, match="the student's correlation is of another kind"):
        target_response(run(toy("toy-anchors"), 0), run(toy("toy-points"), 1))


def test_a_teacher_of_predictions_is_refused() -> None:
    with pytest.raises(ConfigError, match="the teacher gives predictions only"):
        target_response(outputs(operands(2, 3)), Outputs(maps=()))
