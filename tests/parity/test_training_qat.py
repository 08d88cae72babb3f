"""Quantisation-aware training: what is rounded is what the export has, and learning under rounding helps."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch import Tensor, nn

from sdst_edge.models import SiameseModel, build, fold
from sdst_edge.models.layers import ConvNorm
from sdst_edge.models.repconv import RepConv
from sdst_edge.training.quantization_aware.quantizer import Quantizer
from sdst_edge.training.quantization_aware.rounding import (
    S8,
    U8,
    Grid,
    decayed,
    round_activations,
    round_weights,
    straying,
    widened,
)
from sdst_edge.training.quantization_aware.units import find_units, folded
from sdst_edge.training.recipe import Quantization, QuantizedVariant
from sdst_runtime.errors import ConfigError
from tests.parity.rounded_run import inputs, rounded
from tests.parity.toy_networks import TOYS, toy
from tests.tolerances import MAX_QAT_DRIFT_LEFT, REL_F32, REL_ROUNDED_LIKE_ORT

VARIANTS: tuple[QuantizedVariant, ...] = ("int8-ort", "int8-qdq")
FAMILIES = ("sdst-nano-s", "nanotrack-v3", "siamrpnpp-mobilenetv2", "lighttrack-mobile")


def lively(family: str) -> SiameseModel:
    """A narrow network whose norms do something."""
    torch.manual_seed(0)
    model = build(family, width=0.25).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
                module.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
    return model


def quantizer_of(model: SiameseModel, variant: QuantizedVariant = "int8-ort", **table: object) -> Quantizer:
    """With the ranges of some inputs."""
    quantizer = Quantizer(model, Quantization(variant=variant, **table))  # type: ignore[arg-type]
    quantizer.observing = "extremes"
    with torch.inference_mode(), quantizer.applied(model):
        for seed in range(3):
            model(*inputs(model, seed))
    quantizer.observing = "no"
    return quantizer


def relative_l2(got: NDArray[np.float32] | Tensor, want: NDArray[np.float32] | Tensor) -> float:
    a, b = np.asarray(got, np.float64), np.asarray(want, np.float64)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


# Rounding


@pytest.mark.parametrize(
    ("grid", "kind", "scale", "zero_point"), [(U8, np.uint8, 5.0 / 255, 51), (S8, np.int8, 4.0 / 127, 0)]
)
def test_activations_are_rounded_as_onnx_runtime_does(grid: Grid, kind: type, scale: float, zero_point: int) -> None:
    x = torch.linspace(-3, 6, 2001)
    got = round_activations(x, torch.tensor([-1.0, 4.0]), grid)
    type_ = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    graph = helper.make_graph(
        [
            helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
            helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
        ],
        "rounding",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)],
        [
            helper.make_tensor("scale", TensorProto.FLOAT, [], [np.float32(scale)]),
            helper.make_tensor("zero", type_, [], [zero_point]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    want = session.run(None, {"x": x.numpy()})[0]
    apart = np.abs(got.numpy() - want) / scale
    assert np.count_nonzero(apart > REL_F32 * grid.high) <= 2  # halves of a step, by the last bit of the scale
    assert apart.max() < 1.5


def test_zero_is_represented_exactly_whatever_the_range() -> None:
    for bounds in ([0.5, 3.0], [-3.0, -0.5], [-0.3, 0.7], [0.0, 0.0]):
        for grid in (U8, S8):
            assert round_activations(torch.zeros(1), torch.tensor(bounds), grid).item() == 0.0


def test_each_output_channel_of_weights_has_a_scale_of_its_own() -> None:
    weight = torch.randn(3, 2, 3, 3) * torch.tensor([1e-3, 1.0, 1e3])[:, None, None, None]
    steps = (weight - round_weights(weight)).abs().amax(dim=(1, 2, 3)) / weight.abs().amax(dim=(1, 2, 3))
    assert (steps <= 0.5 / 127 + REL_F32).all()
    assert (steps > 0).all()
    assert round_weights(torch.zeros(2, 1, 1, 1)).eq(0).all()


def test_gradients_go_straight_through_but_where_something_was_clipped() -> None:
    x = torch.tensor([-5.0, -0.9, 0.3, 2.0, 9.0], requires_grad=True)
    round_activations(x, torch.tensor([-1.0, 2.0]), U8).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_ranges_begin_with_the_first_tensor_and_then_follow() -> None:
    none = torch.full((2,), torch.nan)
    first = decayed(none, torch.tensor([-1.0, 3.0]), 0.75)
    assert first.tolist() == [-1.0, 3.0]
    assert decayed(first, torch.tensor([-5.0, 7.0]), 0.75).tolist() == [-2.0, 4.0]
    assert widened(none, torch.tensor([-1.0, 3.0])).tolist() == [-1.0, 3.0]
    assert widened(first, torch.tensor([-0.5, 7.0])).tolist() == [-1.0, 7.0]


def test_one_value_far_outside_strays_and_is_drawn_in() -> None:
    x = torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    assert straying(x).item() == 0.0
    assert straying(torch.zeros(10)).item() == 0.0
    x[7] = 100.0
    x.requires_grad_()
    bits = straying(x)
    bits.backward()
    assert 2.0 < bits.item() < 4.0  # 100 and 4 deviations over 12, in which the value itself counts
    assert x.grad is not None
    assert x.grad[7] > 0
    assert torch.count_nonzero(x.grad) == 2  # the smallest one is drawn in, too


# Units


@pytest.mark.parametrize("family", FAMILIES)
def test_merged_weights_are_those_of_the_export_to_the_bit(family: str) -> None:
    plain = lively(family)
    exported = copy.deepcopy(plain)
    fold(exported)
    units = find_units(plain)
    assert any(isinstance(plain.get_submodule(unit.name), ConvNorm | RepConv) for unit in units)
    for unit in units:
        made = folded(plain.get_submodule(unit.name))
        wanted = folded(exported.get_submodule(unit.name))
        assert torch.equal(made.weight, wanted.weight), unit.name
        assert (made.bias is None) == (wanted.bias is None)
        assert made.bias is None or wanted.bias is None or torch.equal(made.bias, wanted.bias), unit.name


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", [*TOYS, "sdst-nano-s"])
def test_a_network_and_its_export_form_are_rounded_alike(name: str, variant: QuantizedVariant) -> None:
    plain = toy(name) if name in TOYS else lively(name)
    exported = copy.deepcopy(plain)
    fold(exported)
    quantizer = quantizer_of(plain, variant)
    z, x = inputs(plain, seed=9)
    maps = rounded(plain, quantizer, z, x)
    for got, want in zip(rounded(exported, quantizer, z, x), maps, strict=True):
        assert torch.equal(got, want)
    with torch.inference_mode():
        exact = plain(z, x)
    assert all(not torch.equal(got, want) for got, want in zip(maps, exact, strict=True))


def test_a_network_is_itself_again_afterwards() -> None:
    model = toy("toy-points")
    quantizer = quantizer_of(model)
    z, x = inputs(model)
    before = model(z, x)
    keys, attributes = list(model.state_dict()), [set(vars(module)) for module in model.modules()]
    with pytest.raises(ZeroDivisionError), quantizer.applied(model):
        raise ZeroDivisionError
    assert [set(vars(module)) for module in model.modules()] == attributes
    assert list(model.state_dict()) == keys
    assert all(torch.equal(got, want) for got, want in zip(model(z, x), before, strict=True))


def test_template_and_search_have_ranges_of_their_own_and_a_tensor_is_rounded_once() -> None:
    model = toy("toy-points")
    places = list(Quantizer(model, Quantization()).ranges)
    assert places == [
        "template/trunk.stem/input",
        "template/trunk.stem/output",
        "template/trunk.body/output",
        "template/kernel_score",
        "template/kernel_ltrb",
        "search/trunk.stem/input",
        "search/trunk.stem/output",
        "search/trunk.body/output",
        "tail/branches.score.tower/input",
        "tail/branches.score.tower/output",
        "tail/branches.ltrb.tower/input",
        "tail/branches.ltrb.tower/output",
    ]


def test_for_tensorrt_only_what_layers_take_is_rounded() -> None:
    assert list(Quantizer(toy("toy-points"), Quantization(variant="int8-qdq")).ranges) == [
        "template/trunk.stem/input",
        "template/trunk.body/input",
        "search/trunk.stem/input",
        "search/trunk.body/input",
        "tail/branches.score.tower/input",
        "tail/branches.ltrb.tower/input",
    ]


def test_squeeze_and_excite_and_the_last_layers_stay_float() -> None:
    units = {unit.name: unit for unit in find_units(lively("nanotrack-v3"))}
    assert not any("excite" in name or "squeeze" in name for name in units)
    last = [name for name in units if ".predict" in name]
    assert last
    assert all(units[name].is_float for name in last)
    assert sum(unit.is_float for unit in units.values()) == len(last)


def test_modules_that_stay_float_are_left_out() -> None:
    model = toy("toy-points")
    quantizer = quantizer_of(model, float_modules=("branches", "trunk.stem"))
    assert not any("branches" in place or "stem" in place for place in quantizer.ranges)
    everything = Quantizer(model, Quantization(float_modules=("trunk", "branches")))
    assert list(everything.ranges) == ["template/kernel_score", "template/kernel_ltrb", "search/search_score"]


def test_module_that_does_not_exist_cannot_stay_float() -> None:
    with pytest.raises(ConfigError, match=r"float_modules names 'neck', which is no module .* it has trunk, matchers"):
        Quantizer(toy("toy-points"), Quantization(float_modules=("neck",)))


def test_network_that_folds_in_an_unknown_way_is_refused() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x

        def fold(self) -> None: ...

    model = toy("toy-points")
    model.trunk.odd = Odd()  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match=r"trunk\.odd is a Odd, which folds in a way"):
        Quantizer(model, Quantization())


# Against ONNX Runtime's quantiser


class Frames:
    """Calibration data for ONNX Runtime."""

    def __init__(self, name: str, frames: list[Tensor]) -> None:
        self._left = iter([{name: frame.numpy()} for frame in frames])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._left, None)


def quantized_search(model: SiameseModel, folder: Path, *, symmetric: bool) -> onnxruntime.InferenceSession:
    """The search graph, quantised by ONNX Runtime on the inputs that :func:`quantizer_of` sees."""
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    from sdst_export.float_graphs import FloatGraphs

    onnx.save(FloatGraphs.of(model, "toy").model("search"), str(folder / "float.onnx"))
    frames = Frames("x", [inputs(model, seed)[1] for seed in range(3)])
    quantize_static(
        str(folder / "float.onnx"),
        str(folder / "int8.onnx"),
        frames,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": True},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(folder / "int8.onnx"), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_features_are_those_of_the_graph_that_onnx_runtime_quantises(variant: QuantizedVariant, tmp_path: Path) -> None:
    model = toy("toy-points")
    quantizer = quantizer_of(model, variant)
    session = quantized_search(model, tmp_path, symmetric=variant == "int8-qdq")
    x = inputs(model, seed=1)[1]
    (got,) = session.run(["search_score"], {"x": x.numpy()})
    with torch.inference_mode():
        exact = model.search(x)[0]
        bounds = torch.stack(torch.aminmax(torch.cat([model.search(inputs(model, seed)[1])[0] for seed in range(3)])))
        with quantizer.applied(model):
            want = model.search(x)[0]
    if variant == "int8-qdq":  # ours leaves what a graph gives as it is
        want = round_activations(want, bounds, S8)
    assert relative_l2(got, want) <= REL_ROUNDED_LIKE_ORT
    assert relative_l2(want, exact) >= 2 * REL_ROUNDED_LIKE_ORT  # so that the comparison says something


# Learning


def spoiled() -> SiameseModel:
    """A network hard to quantise: a weight of no use spans the range of each output channel of a layer."""
    model = toy("toy-points")
    stem, body = model.get_submodule("trunk.stem"), model.get_submodule("trunk.body")
    assert isinstance(stem, ConvNorm)
    assert isinstance(body, RepConv)
    assert isinstance(body.square, ConvNorm)
    weight = body.square.conv.weight
    with torch.no_grad():
        stem.norm.weight[0], stem.norm.bias[0] = 0.0, -1.0  # type: ignore[index]  # always below ReLU
        weight[:, 0, 1, 1] = 150.0 * weight[:, 1:].std()
    return model


def fitted(model: SiameseModel, teacher: SiameseModel, quantizer: Quantizer, steps: int) -> None:
    """Makes the rounded maps of a network like a teacher's."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 5e-4 * (1 - step / steps)
        z, x = inputs(model, seed=100 + step, batch=2)
        with torch.no_grad():
            wanted = teacher(z, x)
        quantizer.observing = "mean" if step < 0.7 * steps else "no"
        with quantizer.applied(model):
            got = model(z, x)
        loss = torch.stack([(a - b).square().mean() / b.var() for a, b in zip(got, wanted, strict=True)]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    quantizer.observing = "no"


@pytest.mark.parametrize("variant", VARIANTS)
def test_learning_under_rounding_restores_a_network_that_rounding_spoils(variant: QuantizedVariant) -> None:
    float_self = spoiled()
    model = copy.deepcopy(float_self)
    z, x = inputs(model, seed=9)
    with torch.inference_mode():
        wanted = float_self(z, x)[0]
    before = relative_l2(rounded(model, quantizer_of(model, variant), z, x)[0], wanted)
    fitted(model, float_self, Quantizer(model, Quantization(variant=variant)), steps=80)
    after = relative_l2(rounded(model, quantizer_of(model, variant), z, x)[0], wanted)
    assert before > 0.2
    assert after <= MAX_QAT_DRIFT_LEFT * before, (before, after)


def test_gradients_reach_every_parameter_that_the_family_has() -> None:
    model = lively("sdst-nano-s")
    quantizer = quantizer_of(model)
    with quantizer.applied(model):
        maps = model(*inputs(model, batch=2))
    torch.stack([item.square().mean() for item in maps]).sum().backward()
    without = [name for name, item in model.named_parameters() if item.grad is None or not item.grad.any()]
    assert without == []
