"""Every spelling of a correlation against the plain one that specifies it, and that one against values by hand."""

from __future__ import annotations

from typing import get_args

import onnx
import pytest
import torch
from torch import Tensor, nn

from sdst_edge.models.correlation import KINDS, correlate, correlate_kernel, kernel_layout
from sdst_export.cut import Piece
from sdst_export.graphs import trace
from sdst_export.simplify import simplify
from sdst_runtime.manifest import Correlation, CorrelationForm, CorrelationKind
from tests.parity.onnx_bundle import run_graph
from tests.tolerances import REL_SUM_F64, REL_XCORR_F32

FORMS = get_args(CorrelationForm)
UP = 3  # kernels of the up-channel correlations here

#: Template and search shapes, channels and sides: unequal sides, one cell, and a template as large as the search.
SHAPES = [((3, 4, 3), (3, 9, 8)), ((2, 1, 1), (2, 4, 5)), ((5, 6, 6), (5, 6, 6))]
EACH_KIND = pytest.mark.parametrize("kind", KINDS)
EACH_PADDING = pytest.mark.parametrize(
    ("kind", "padding"), [*((kind, 0) for kind in KINDS), ("depthwise", 1), ("depthwise", 2)]
)


def correlation(kind: CorrelationKind, padding: int = 0) -> Correlation:
    return Correlation(kind=kind, kernel="kernel", search="search", response="response", padding=padding)


def operands(
    kind: CorrelationKind, template: tuple[int, ...], search: tuple[int, ...], batches: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Template and search features, float64."""
    generator = torch.Generator().manual_seed(0)
    raised = template[0] * (UP if kind == "up-channel" else 1)
    shapes = (batches[0], raised, *template[1:]), (batches[1], *search)
    return tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes)


def slow(item: Correlation, template: Tensor, search: Tensor) -> Tensor:
    return KINDS[item.kind].slow(template, nn.functional.pad(search, (item.padding,) * 4))


def relative(got: Tensor, want: Tensor) -> float:
    assert got.shape == want.shape
    return float((got - want).abs().max() / want.abs().max())


@EACH_PADDING
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("batches", [(1, 1), (3, 3), (1, 3)])
def test_correlate_equals_its_definition(
    kind: CorrelationKind,
    padding: int,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    batches: tuple[int, int],
) -> None:
    item = correlation(kind, padding)
    z, x = operands(kind, *shapes, batches)
    assert relative(correlate(item, z, x), slow(item, z, x)) <= REL_SUM_F64


@EACH_PADDING
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("batch", [1, 3])
def test_every_form_equals_its_definition(
    kind: CorrelationKind,
    padding: int,
    form: CorrelationForm,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    batch: int,
) -> None:
    item = correlation(kind, padding)
    z, x = operands(kind, *shapes, (1, batch))
    kernel = kernel_layout(item, z, x.shape[1])
    assert relative(correlate_kernel(item, kernel, x, form), slow(item, z, x)) <= REL_SUM_F64


@EACH_PADDING
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("batch", [1, 3])
def test_every_form_keeps_its_result_in_onnx_runtime(
    kind: CorrelationKind, padding: int, form: CorrelationForm, batch: int
) -> None:
    item = correlation(kind, padding)
    z, x = (tensor.float() for tensor in operands(kind, (3, 4, 3), (3, 9, 8), (1, batch)))
    kernel = kernel_layout(item, z, 3)
    graph = exported(item, kernel, x, form)
    (got,) = run_graph(graph.SerializeToString(), {"kernel": kernel.numpy(), "search": x.numpy()}).values()
    magnitudes = slow(item, z.abs().double(), x.abs().double())
    error = (torch.from_numpy(got) - slow(item, z.double(), x.double())).abs() / magnitudes
    assert float(error.max()) <= REL_XCORR_F32


@EACH_PADDING
def test_forms_are_spelled_as_they_are_named(kind: CorrelationKind, padding: int) -> None:
    item = correlation(kind, padding)
    z, x = (tensor.float() for tensor in operands(kind, (3, 4, 3), (3, 9, 8), (1, 1)))
    kernel = kernel_layout(item, z, 3)
    used = {
        form: [node.op_type for node in exported(item, kernel, x, form).graph.node]
        for form in ("conv", "taps", "matmul")
    }
    assert used["conv"] == ["Conv"]
    assert used["matmul"].count("MatMul") == 1
    assert "Conv" not in used["taps"] + used["matmul"]
    assert ("MatMul" in used["taps"]) == (kind == "up-channel")


def exported(item: Correlation, kernel: Tensor, search: Tensor, form: CorrelationForm) -> onnx.ModelProto:
    piece = Piece(
        function=lambda named: (correlate_kernel(item, named["kernel"], named["search"], form),),
        inputs={"kernel": kernel, "search": search},
        outputs=["response"],
    )
    return simplify(trace(nn.Identity(), piece))


def test_kernels_have_the_layout_of_the_manifest() -> None:
    shapes = {}
    for kind in KINDS:
        z, _ = operands(kind, (6, 4, 3), (6, 9, 8), (1, 1))
        shapes[kind] = tuple(kernel_layout(correlation(kind), z, 6).shape)
    assert shapes == {
        "full": (1, 6, 4, 3),
        "depthwise": (6, 1, 4, 3),
        "up-channel": (UP, 6, 4, 3),
        "pixelwise": (12, 6, 1, 1),
    }


def test_depthwise_slow_is_correlation_not_convolution() -> None:
    template = torch.tensor([[[[1.0, 2.0]]]])
    search = torch.tensor([[[[1.0, 10.0, 100.0]]]])
    assert KINDS["depthwise"].slow(template, search).tolist() == [[[[21.0, 210.0]]]]
    padded = correlate(correlation("depthwise", padding=1), template, search)
    assert padded.shape == (1, 1, 3, 4)
    assert padded[0, 0, 1].tolist() == [2.0, 21.0, 210.0, 100.0]


def test_pixelwise_slow_orders_cells_by_rows() -> None:
    template = torch.arange(4.0).reshape(1, 1, 2, 2)
    search = torch.tensor([[[[1.0, 10.0]]]])
    assert KINDS["pixelwise"].slow(template, search).tolist() == [[[[0, 0]], [[1, 10]], [[2, 20]], [[3, 30]]]]


def test_full_slow_adds_channels() -> None:
    template = torch.tensor([[[[1.0]], [[2.0]]]])
    search = torch.tensor([[[[1.0, 2.0]], [[10.0, 20.0]]]])
    assert KINDS["full"].slow(template, search).tolist() == [[[[21.0, 42.0]]]]


def test_up_channel_slow_takes_the_channels_of_one_kernel_after_the_other() -> None:
    template = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1)  # two kernels of two channels
    search = torch.tensor([[[[1.0]], [[10.0]]]])
    assert KINDS["up-channel"].slow(template, search).flatten().tolist() == [21.0, 43.0]
