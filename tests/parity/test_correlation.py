"""Fast correlations against the plain ones that specify them, and both against values worked out by hand."""

from __future__ import annotations

import pytest
import torch

from sdst_edge.models.correlation import correlate, depthwise, depthwise_slow, pixelwise, pixelwise_slow
from sdst_export.graphs import correlate_kernel, kernel_layout
from sdst_runtime.manifest import Correlation
from tests.tolerances import REL_SUM_F64

Shape = tuple[int, int, int, int]


def pair(template: Shape, search: Shape) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in (template, search))


def relative(got: torch.Tensor, want: torch.Tensor) -> float:
    assert got.shape == want.shape
    return float((got - want).abs().max() / want.abs().max())


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(
    ("template", "search"),
    [((1, 3, 4, 4), (1, 3, 16, 16)), ((3, 2, 3, 5), (3, 2, 7, 9)), ((2, 1, 1, 1), (2, 1, 4, 4)), ((1, 5, 6, 6),) * 2],
)
def test_depthwise_equals_its_definition(template: Shape, search: Shape, padding: int) -> None:
    z, x = pair(template, search)
    assert relative(depthwise(z, x, padding), depthwise_slow(z, x, padding)) <= REL_SUM_F64


@pytest.mark.parametrize(
    ("template", "search"),
    [((1, 3, 8, 8), (1, 3, 16, 16)), ((3, 5, 2, 3), (3, 5, 4, 7)), ((2, 1, 1, 1), (2, 1, 3, 3))],
)
def test_pixelwise_equals_its_definition(template: Shape, search: Shape) -> None:
    z, x = pair(template, search)
    assert relative(pixelwise(z, x), pixelwise_slow(z, x)) <= REL_SUM_F64


def test_depthwise_slow_is_correlation_not_convolution() -> None:
    template = torch.tensor([[[[1.0, 2.0]]]])
    search = torch.tensor([[[[1.0, 10.0, 100.0]]]])
    assert depthwise_slow(template, search).tolist() == [[[[21.0, 210.0]]]]
    padded = depthwise_slow(template, search, padding=1)
    assert padded.shape == (1, 1, 3, 4)
    assert padded[0, 0, 1].tolist() == [2.0, 21.0, 210.0, 100.0]


def test_pixelwise_slow_orders_cells_by_rows() -> None:
    template = torch.arange(4.0).reshape(1, 1, 2, 2)
    search = torch.tensor([[[[1.0, 10.0]]]])
    assert pixelwise_slow(template, search).tolist() == [[[[0, 0]], [[1, 10]], [[2, 20]], [[3, 30]]]]


@pytest.mark.parametrize("kind", ["depthwise", "pixelwise"])
def test_exported_kernel_gives_the_same_response(kind: str) -> None:
    padding = 1 if kind == "depthwise" else 0
    correlation = Correlation(kind=kind, kernel="kernel_a", search="search_a", response="response_a", padding=padding)
    z, x = pair((1, 6, 4, 3), (1, 6, 9, 8))
    kernel = kernel_layout(correlation, z)
    assert kernel.shape == ((6, 1, 4, 3) if kind == "depthwise" else (12, 6, 1, 1))
    assert relative(correlate_kernel(correlation, kernel, x), correlate(correlation, z, x)) <= REL_SUM_F64
