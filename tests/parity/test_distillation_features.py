"""Hints, attention and flow against loops over their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.training.distillation.attention import attention
from sdst_edge.training.distillation.flow import flow, flow_matrix
from sdst_edge.training.distillation.hints import Regressor, hint
from sdst_edge.training.distillation.resampling import resampled
from sdst_runtime.errors import ConfigError
from tests.parity.distillation_cases import assert_gradients, assert_totals, normal
from tests.tolerances import REL_DISTILLATION_F64, REL_F32

Array = NDArray[np.float64]


def regressor(ours: int, theirs: int, seed: int = 50) -> Regressor:
    made = Regressor(ours, theirs).double()
    with torch.no_grad():
        made.project.weight.copy_(normal(seed, theirs, ours, 1, 1))
        made.project.bias.copy_(normal(seed + 1, theirs))  # type: ignore[union-attr]
    return made


def bilinear(image: Array, y: float, x: float) -> float:
    """Of an image (H, W) at a place in cells from the first cell's middle, its rim repeated."""
    height, width = image.shape
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    y0, x0 = min(int(y), height - 1), min(int(x), width - 1)
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    top = (1 - (x - x0)) * image[y0, x0] + (x - x0) * image[y0, x1]
    bottom = (1 - (x - x0)) * image[y1, x0] + (x - x0) * image[y1, x1]
    return float((1 - (y - y0)) * top + (y - y0) * bottom)


def sampled_loop(maps: Array, size: tuple[int, int], field: tuple[float, float] = (1.0, 1.0)) -> Array:
    """(C, H, W) at the cells of a grid over ``field`` of it."""
    channels, height, width = maps.shape
    result = np.zeros((channels, *size))
    for c in range(channels):
        for i in range(size[0]):
            for j in range(size[1]):
                y = height / 2 + ((i + 0.5) / size[0] - 0.5) * field[1] * height
                x = width / 2 + ((j + 0.5) / size[1] - 0.5) * field[0] * width
                result[c, i, j] = bilinear(maps[c], y - 0.5, x - 0.5)
    return result


FIELD = torch.tensor([[0.5, 0.8], [1.3, 1.0]], dtype=torch.float64)


@pytest.mark.parametrize("size", [(3, 4), (9, 8)])
@pytest.mark.parametrize("field", [None, FIELD])
def test_resampled_maps_are_bilinear_samples(size: tuple[int, int], field: Tensor | None) -> None:
    maps = normal(0, 2, 2, 5, 6).detach()
    result = resampled(maps, size, field)
    for b in range(2):
        share = (1.0, 1.0) if field is None else tuple(field[b].tolist())
        expected = sampled_loop(maps[b].numpy(), size, (share[0], share[1]))
        np.testing.assert_allclose(result[b], expected, rtol=REL_DISTILLATION_F64)


def test_maps_of_the_size_stay_as_they_are() -> None:
    maps = normal(0, 2, 2, 5, 5)
    assert resampled(maps, (5, 5)) is maps
    whole = torch.ones(2, 2, dtype=torch.float64)
    np.testing.assert_allclose(resampled(maps, (5, 5), whole).detach(), maps.detach(), rtol=REL_DISTILLATION_F64)


def hint_loop(student: Tensor, teacher: Tensor, adapter: Regressor) -> list[float]:
    weight, bias = adapter.project.weight.detach().numpy()[:, :, 0, 0], adapter.project.bias.detach().numpy()  # type: ignore[union-attr]
    totals = []
    for s, t in zip(student.detach().numpy(), teacher.detach().numpy(), strict=True):
        _, rows, columns = s.shape
        t = sampled_loop(t, (rows, columns))
        squares = []
        for y in range(rows):
            for x in range(columns):
                squares.extend((weight @ s[:, y, x] + bias - t[:, y, x]) ** 2)
        totals.append(sum(squares) / len(squares))
    return totals


@pytest.mark.parametrize("side", [4, 7])
def test_hint_follows_the_formula(side: int) -> None:
    student, teacher, adapter = normal(0, 2, 3, 4, 4), normal(1, 2, 5, side, side), regressor(3, 5)
    assert_totals(hint(student, teacher, adapter), hint_loop(student, teacher, adapter))


def test_hint_gradients_reach_student_and_regressor_only() -> None:
    student, teacher, adapter = normal(0, 2, 3, 4, 4), normal(1, 2, 5, 7, 7), regressor(3, 5)
    assert_gradients(lambda features: hint(features, teacher, adapter), student)
    hint(student, teacher, adapter).total.sum().backward()
    assert student.grad is not None
    assert adapter.project.weight.grad is not None
    assert teacher.grad is None


def test_hint_is_zero_where_the_regressor_gives_the_teachers_features() -> None:
    student, adapter = normal(0, 2, 3, 4, 4), regressor(3, 5)
    assert hint(student, adapter(student), adapter).total.tolist() == [0.0, 0.0]


def test_hint_of_other_channels_is_refused() -> None:
    with pytest.raises(ConfigError, match="takes 3 channels of the student, the feature map has 4"):
        hint(normal(0, 2, 4, 4, 4), normal(1, 2, 5, 4, 4), regressor(3, 5))
    with pytest.raises(ConfigError, match=r"gives \(2, 5, 4, 4\), the teacher's feature map is \(2, 6, 4, 4\)"):
        hint(normal(0, 2, 3, 4, 4), normal(1, 2, 6, 4, 4), regressor(3, 5))


def attention_loop(student: Tensor, teacher: Tensor) -> list[float]:
    """Of maps of equal sides."""
    totals = []
    for s, t in zip(student.detach().numpy(), teacher.detach().numpy(), strict=True):
        maps = []
        for features in (s, t):
            flat = [sum(v**2 for v in features[:, y, x]) / len(features) for y, x in np.ndindex(features.shape[1:])]
            length = math.sqrt(sum(v**2 for v in flat))
            maps.append([v / length for v in flat])
        totals.append(sum((a - b) ** 2 for a, b in zip(*maps, strict=True)) / len(maps[0]))
    return totals


def test_attention_follows_the_formula_for_any_channels() -> None:
    student, teacher = normal(0, 2, 3, 4, 5), normal(1, 2, 7, 4, 5)
    assert_totals(attention(student, teacher), attention_loop(student, teacher))


def test_attention_averages_the_larger_map_down() -> None:
    small, large = normal(0, 2, 3, 4, 4), normal(1, 2, 3, 8, 8)
    averaged = large.detach().reshape(2, 3, 4, 2, 4, 2).mean(dim=(3, 5))
    assert_totals(attention(small, large), attention_loop(small, averaged))
    assert_totals(attention(large, small), attention_loop(averaged, small))


def test_attention_over_another_field_samples_the_teacher() -> None:
    student, teacher = normal(0, 2, 3, 4, 4), normal(1, 2, 3, 7, 7)
    samples = [
        sampled_loop(teacher[b].detach().numpy(), (4, 4), (FIELD[b, 0].item(), FIELD[b, 1].item())) for b in range(2)
    ]
    assert_totals(attention(student, teacher, FIELD), attention_loop(student, torch.from_numpy(np.stack(samples))))


def test_attention_gradients_and_none_for_the_teacher() -> None:
    student, teacher = normal(0, 2, 3, 4, 4), normal(1, 2, 5, 6, 6)
    assert_gradients(lambda features: attention(features, teacher), student)
    attention(student, teacher).total.sum().backward()
    assert teacher.grad is None


def test_attention_of_scaled_features_is_zero_and_of_dark_ones_finite() -> None:
    features = normal(0, 2, 3, 4, 4)
    assert attention(features, 7 * features).total.max().item() < REL_DISTILLATION_F64
    dark = torch.zeros(1, 3, 4, 4).requires_grad_()
    attention(dark, features[:1].float()).total.sum().backward()
    assert dark.grad is not None
    assert torch.isfinite(dark.grad).all()


def flow_loop(bottom: Array, top: Array) -> Array:
    """(C, H, W) and (D, H, W) to (C, D)."""
    result = np.zeros((len(bottom), len(top)))
    for c, d in np.ndindex(result.shape):
        for y, x in np.ndindex(bottom.shape[1:]):
            result[c, d] += bottom[c, y, x] * top[d, y, x]
    return result / (bottom.shape[1] * bottom.shape[2])


def test_flow_matrix_of_max_pooled_stages() -> None:
    bottom, top = normal(0, 1, 3, 6, 6).detach(), normal(1, 1, 2, 3, 3).detach()
    pooled = bottom.reshape(1, 3, 3, 2, 3, 2).amax(dim=(3, 5))
    expected = flow_loop(pooled[0].numpy(), top[0].numpy())
    np.testing.assert_allclose(flow_matrix(bottom, top)[0], expected, rtol=REL_DISTILLATION_F64)
    np.testing.assert_allclose(flow_matrix(top, bottom)[0], expected.T, rtol=REL_DISTILLATION_F64)


def test_flow_follows_the_formula_for_any_channels_and_sides() -> None:
    student = normal(0, 2, 3, 4, 4), normal(1, 2, 2, 4, 4)
    teacher = normal(2, 2, 5, 6, 6), normal(3, 2, 4, 6, 6)
    adapters = regressor(3, 5), regressor(2, 4, 60)
    adapted = [adapter(stage).detach().numpy() for adapter, stage in zip(adapters, student, strict=True)]
    totals = []
    for b in range(2):
        ours = flow_loop(adapted[0][b], adapted[1][b])
        theirs = flow_loop(teacher[0][b].detach().numpy(), teacher[1][b].detach().numpy())
        totals.append(((ours - theirs) ** 2).mean())
    assert_totals(flow(student, teacher, adapters), totals)


def test_flow_gradients_and_none_for_the_teacher() -> None:
    teacher = normal(2, 1, 4, 6, 6), normal(3, 1, 2, 3, 3)
    adapters = regressor(2, 4), regressor(3, 2, 60)
    student = normal(0, 1, 2, 4, 4), normal(1, 1, 3, 2, 2)
    assert_gradients(lambda bottom, top: flow((bottom, top), teacher, adapters), *student)
    flow(student, teacher, adapters).total.sum().backward()
    assert [stage.grad for stage in teacher] == [None, None]
    assert adapters[1].project.weight.grad is not None


def test_flow_of_a_student_with_the_teachers_features_is_zero() -> None:
    student, adapters = (normal(0, 2, 3, 4, 4), normal(1, 2, 2, 4, 4)), (regressor(3, 5), regressor(2, 4, 60))
    teacher = adapters[0](student[0]), adapters[1](student[1])
    assert flow(student, teacher, adapters).total.tolist() == pytest.approx([0.0, 0.0], abs=REL_F32)


def test_flow_of_other_channels_is_refused() -> None:
    stages = normal(0, 2, 3, 4, 4), normal(1, 2, 3, 4, 4)
    with pytest.raises(ConfigError, match=r"\(2, 5, 4\) of the student and \(2, 3, 3\) of the teacher"):
        flow(stages, stages, (regressor(3, 5), regressor(3, 4)))
