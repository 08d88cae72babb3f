"""Quantised graphs of small networks whose ranges are known: scales, zero points, and where the pairs stand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import TensorsData

from sdst_export.placeholders import serialize
from sdst_export.quantization import SCHEMES
from sdst_export.quantization.insertion import insert_pairs
from sdst_export.quantization.layers import find_layers, find_quantized, find_twins
from sdst_export.quantization.ranges import find_ranges
from sdst_runtime.baking import bake, quantize_kernel
from sdst_runtime.errors import DatasetError
from tests.tolerances import REL_INT8_STEP, REL_TOY_INT8

Array = NDArray[np.float32]
ORT, QDQ = SCHEMES["int8-ort"], SCHEMES["int8-qdq"]
SHAPE = [1, 4, 6, 6]


def network(
    nodes: list[Any], outputs: dict[str, list[int]], constants: dict[str, Array], **inputs: list[int]
) -> onnx.ModelProto:
    tensors = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in group.items()]
        for group in (inputs, outputs)
    ]
    for index, node in enumerate(nodes):
        node.name = f"{node.op_type}_{index}"
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "net", *tensors, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


@pytest.fixture
def residual() -> onnx.ModelProto:
    """Two convolutions with ReLU, what they give added to what they take, and a last convolution."""
    nodes = [
        node("Conv", "x w0 bias", "a0", pads=[1, 1, 1, 1]),
        node("Relu", "a0", "a1"),
        node("Conv", "a1 w1 bias", "a2", pads=[1, 1, 1, 1]),
        node("Add", "a1 a2", "sum"),
        node("Relu", "sum", "a3"),
        node("Conv", "a3 w2", "last"),
        node("Exp", "last", "y"),
    ]
    random = np.random.default_rng(0)
    weights = {f"w{i}": random.normal(0, 0.2, (4, 4, 3, 3)).astype(np.float32) for i in range(3)}
    constants = {**weights, "bias": np.full(4, 0.1, np.float32)}
    return network(nodes, {"y": [1, 4, 4, 4]}, constants, x=SHAPE)


@pytest.fixture
def head() -> onnx.ModelProto:
    """A correlation whose kernel is an input, and a layer behind it."""
    nodes = [node("Conv", "x kernel", "response", group=4), node("Conv", "response w", "y")]
    weight = np.random.default_rng(1).normal(size=(2, 4, 1, 1)).astype(np.float32)
    return network(nodes, {"y": [1, 2, 4, 4]}, {"w": weight}, x=SHAPE, kernel=[4, 1, 3, 3])


def feeds(model: onnx.ModelProto, count: int = 3, seed: int = 1) -> list[dict[str, Array]]:
    generator = np.random.default_rng(seed)
    shapes = {item.name: [dim.dim_value for dim in item.type.tensor_type.shape.dim] for item in model.graph.input}
    return [{n: generator.uniform(-1, 1, s).astype(np.float32) for n, s in shapes.items()} for _ in range(count)]


def run(model: onnx.ModelProto | bytes, feed: dict[str, Array], *, optimised: bool = True) -> Array:
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    data = model if isinstance(model, bytes) else model.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {item.name: feed[item.name] for item in session.get_inputs()})[0])


def kinds(model: onnx.ModelProto) -> list[str]:
    return [item.op_type for item in model.graph.node]


def constants(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    return {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}


def producers(model: onnx.ModelProto) -> dict[str, onnx.NodeProto]:
    return {item.output[0]: item for item in model.graph.node}


def quantized(model: onnx.ModelProto, scheme: Any, layers: Collection[str], kernels: Collection[str] = ()) -> Any:
    ranges = find_ranges(model, feeds(model), "min-max", kinds=scheme.kinds, symmetric=scheme.is_symmetric)
    return insert_pairs(model, kernels, layers, ranges, scheme)


def bounds(ranges: TensorsData, name: str) -> tuple[float, float]:
    low, high = ranges[name].range_value
    return float(np.squeeze(low)), float(np.squeeze(high))


def test_min_max_ranges_are_those_of_the_tensors(residual: onnx.ModelProto) -> None:
    given = feeds(residual, 40)  # more than are held at once
    found = find_ranges(residual, given, "min-max", kinds=ORT.kinds, symmetric=False)
    values = np.stack([feed["x"] for feed in given])
    assert bounds(found, "x") == (values.min(), values.max())
    assert bounds(found, "a1")[0] == 0.0
    low, high = bounds(find_ranges(residual, given, "min-max", kinds=ORT.kinds, symmetric=True), "x")
    assert high == -low == np.abs(values).max()


@pytest.mark.parametrize("read_by", [("HardSwish",), ("HardSwish", "Relu"), ("Relu",)])
def test_range_before_a_hard_swish_ends_where_it_is_zero(read_by: tuple[str, ...]) -> None:
    nodes = [node("Conv", "x w", "a"), *(node(kind, "a", f"y{i}") for i, kind in enumerate(read_by))]
    weight = np.full((1, 4, 1, 1), 10, np.float32)
    model = network(nodes, {f"y{i}": [1, 1, 6, 6] for i in range(len(read_by))}, {"w": weight}, x=SHAPE)
    given = [{"x": np.full(SHAPE, value, np.float32)} for value in (-1.0, 1.0)]
    low, high = bounds(find_ranges(model, given, "min-max", kinds=ORT.kinds | {"HardSwish"}, symmetric=False), "a")
    assert (low, high) == ((-3, 40) if read_by == ("HardSwish",) else (-40, 40))
    low, _ = bounds(find_ranges(model, given, "min-max", kinds=ORT.kinds | {"HardSwish"}, symmetric=True), "a")
    assert low == -40


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_histograms_find_ranges_and_print_nothing(method: Any, residual: onnx.ModelProto, capsys: Any) -> None:
    given = feeds(residual, 8)
    given[3]["x"][0, 0, 0, 0] = 100.0
    high = bounds(find_ranges(residual, given, method, kinds=ORT.kinds, symmetric=False), "x")[1]
    assert 0.5 < high <= 100.0
    assert (high < 100.0) == (method == "percentile")  # which cuts off an outlier
    assert capsys.readouterr() == ("", "")  # the calibrators themselves print


@pytest.mark.parametrize("method", ["min-max", "entropy", "percentile"])
def test_a_file_of_two_sizes_is_looked_at_in_both(method: Any) -> None:
    conv = node("Conv", "x w", "y", pads=[1, 1, 1, 1])
    model = network([conv], {"y": [1, 4, "h", "w"]}, {"w": np.ones((4, 4, 3, 3), np.float32)}, x=[1, 4, "h", "w"])
    given = [{"x": np.full((1, 4, side, side), level, np.float32)} for side, level in ((8, 1.0), (6, 2.0), (6, -3.0))]
    low, high = bounds(find_ranges(model, given, method, kinds=ORT.kinds, symmetric=False), "x")
    assert low < -2.5
    assert high > 1.5


def test_histograms_that_cannot_hold_the_crops_are_refused(residual: onnx.ModelProto) -> None:
    given = feeds(residual, 8)
    given[-1]["x"] *= 1e9
    with pytest.raises(DatasetError, match=r"entropy finds no ranges on these crops.*use min-max"):
        find_ranges(residual, given, "entropy", kinds=ORT.kinds, symmetric=False)


def test_ranges_refuse_no_crops(residual: onnx.ModelProto) -> None:
    with pytest.raises(DatasetError, match="no crops"):
        find_ranges(residual, [], "min-max", kinds=ORT.kinds, symmetric=False)


def test_layers_are_those_with_weights_and_in_maps_not_the_last(residual: onnx.ModelProto) -> None:
    assert find_layers(residual, (), maps=False) == ("Conv_0", "Conv_2", "Conv_5")
    assert find_layers(residual, (), maps=True) == ("Conv_0", "Conv_2")


def test_a_correlation_is_a_layer_even_if_it_is_the_last() -> None:
    nodes = [node("Conv", "x kernel", "y")]
    only = network(nodes, {"y": [1, 1, 4, 4]}, {}, x=SHAPE, kernel=[1, 4, 3, 3])
    assert find_layers(only, ("kernel",), maps=True) == ("Conv_0",)
    assert find_layers(only, (), maps=True) == ()


def test_layers_on_a_single_cell_stay_float() -> None:
    nodes = [node("GlobalAveragePool", "x", "mean"), node("Conv", "mean w", "y")]
    gate = network(nodes, {"y": [1, 4, 1, 1]}, {"w": np.ones((4, 4, 1, 1), np.float32)}, x=SHAPE)
    assert find_layers(gate, (), maps=False) == ()


def test_a_sum_is_quantised_where_both_sides_are(residual: onnx.ModelProto) -> None:
    both = find_quantized(residual, ("Conv_0", "Conv_2"), ORT)
    assert both == ["Conv_0", "Relu_1", "Conv_2", "Add_3", "Relu_4"]
    assert find_quantized(residual, ("Conv_0",), ORT) == ["Conv_0", "Relu_1"]
    assert find_quantized(residual, ("Conv_0", "Conv_2"), QDQ) == ["Conv_0", "Conv_2", "Add_3"]


def test_twins_are_the_nodes_that_do_the_same(head: onnx.ModelProto) -> None:
    tail = network(
        [node("Identity", "response", "same"), node("Conv", "same w", "y")],
        {"y": [1, 2, 4, 4]},
        {"w": np.zeros((2, 4, 1, 1), np.float32)},
        response=[1, 4, 4, 4],
    )
    assert find_twins(head, tail, {"kernel"}) == {"Conv_1": "Conv_1"}


def test_int8_ort_has_no_relu_left_and_every_conv_between_pairs(residual: onnx.ModelProto) -> None:
    model, _ = quantized(residual, ORT, ("Conv_0", "Conv_2", "Conv_5"))
    assert "Relu" not in kinds(model)
    made = producers(model)
    for item in model.graph.node:
        if item.op_type in ("Conv", "Add"):
            assert all(made[name].op_type == "DequantizeLinear" for name in item.input)
            reader = next(other for other in model.graph.node if item.output[0] in other.input)
            assert reader.op_type == "QuantizeLinear"
    stored = constants(model)
    activations = [value for name, value in stored.items() if name.endswith("zero_point") and value.ndim == 0]
    assert {value.dtype.name for value in activations} == {"uint8"}
    assert stored["a1_zero_point"] == 0  # that of a ReLU
    assert stored["w0_zero_point"].tolist() == [0] * 4
    assert stored["w0_scale"].shape == (4,)
    assert stored["w0_quantized"].dtype == np.int8


def test_scales_are_those_of_the_ranges(residual: onnx.ModelProto) -> None:
    model, _ = quantized(residual, ORT, ("Conv_0",))
    values = np.stack([feed["x"] for feed in feeds(residual)])
    assert constants(model)["x_scale"] == pytest.approx((values.max() - values.min()) / 255, rel=REL_INT8_STEP)


def test_int8_qdq_is_what_tensorrt_takes(residual: onnx.ModelProto) -> None:
    """Symmetric, weights along axis 0, biases in float, both sides of a sum, and nothing after the last layer."""
    model, _ = quantized(residual, QDQ, ("Conv_0", "Conv_2", "Conv_5"))
    made, stored = producers(model), constants(model)
    assert {value.dtype.name for name, value in stored.items() if name.endswith("zero_point")} == {"int8"}
    assert all(not value.any() for name, value in stored.items() if name.endswith("zero_point"))
    assert kinds(model).count("Relu") == 2
    for item in model.graph.node:
        if item.op_type == "Conv":
            assert all(made[name].op_type == "DequantizeLinear" for name in item.input[:2])
            axis = {part.name: part.i for part in made[item.input[1]].attribute}.get("axis")
            assert axis == 0
            assert all(name in stored and stored[name].dtype == np.float32 for name in item.input[2:])
        if item.op_type == "Add":
            assert all(made[name].op_type == "DequantizeLinear" for name in item.input)
    assert made["y"].op_type == "Exp"
    assert made[made["y"].input[0]].op_type == "Conv"


@pytest.mark.parametrize("scheme", [ORT, QDQ], ids=["int8-ort", "int8-qdq"])
def test_quantised_graphs_stay_near_the_float_one(scheme: Any, residual: onnx.ModelProto) -> None:
    """Fused by ONNX Runtime or node by node."""
    model, _ = quantized(residual, scheme, ("Conv_0", "Conv_2", "Conv_5"))
    for feed in feeds(residual, 4, seed=1):
        want = run(residual, feed)
        for optimised in (True, False):
            assert np.abs(run(model, feed, optimised=optimised) - want).max() <= REL_TOY_INT8 * np.abs(want).max()


def test_layers_left_float_have_their_weights_as_they_were(residual: onnx.ModelProto) -> None:
    model, _ = quantized(residual, ORT, ("Conv_0",))
    stored, before = constants(model), constants(residual)
    assert "w0" not in stored
    for name in ("w1", "w2"):
        assert np.array_equal(stored[name], before[name])


def test_a_constant_that_two_layers_share_is_rounded_for_each(residual: onnx.ModelProto) -> None:
    model, _ = quantized(residual, ORT, ("Conv_0", "Conv_2"))
    biases = [
        value for name, value in constants(model).items() if name.endswith("_quantized") and value.dtype == np.int32
    ]
    assert len(biases) == 2
    assert not np.array_equal(*biases)


def test_baked_int8_kernel_computes_with_the_kernel(head: onnx.ModelProto) -> None:
    """Of any magnitude: its scales come from the kernel, not from calibration."""
    model, scales = quantized(head, ORT, ("Conv_0", "Conv_1"), ["kernel"])
    assert scales == {"kernel": "kernel_scale"}
    data, (placeholder,) = serialize(model, scales)
    assert (placeholder.name, placeholder.dtype, placeholder.shape) == ("kernel", "int8", (4, 1, 3, 3))
    for feed in feeds(head, 3, seed=1):
        baked = bake(data, [placeholder], feed)
        stored = constants(onnx.load_from_string(baked))
        steps, sizes = quantize_kernel(feed["kernel"])
        assert np.array_equal(stored["kernel"], steps)
        assert np.array_equal(stored["kernel_scale"], sizes)
        want = run(head, feed)
        assert np.abs(run(baked, feed) - want).max() <= REL_TOY_INT8 * np.abs(want).max()


def test_unbaked_head_gives_no_numbers(head: onnx.ModelProto) -> None:
    model, scales = quantized(head, ORT, ("Conv_0",), ["kernel"])
    data, (placeholder,) = serialize(model, scales)
    assert placeholder.scale_offset is not None
    assert np.isnan(np.frombuffer(data, "<f4", count=4, offset=placeholder.scale_offset)).all()
    assert not any(data[placeholder.offset : placeholder.offset + placeholder.length])


def test_kernel_of_a_correlation_left_float_is_a_float32_placeholder(head: onnx.ModelProto) -> None:
    model, scales = quantized(head, ORT, ("Conv_1",), ["kernel"])
    assert scales == {"kernel": None}
    data, (placeholder,) = serialize(model, scales)
    assert (placeholder.dtype, placeholder.scale_offset, placeholder.length) == ("float32", None, 4 * 4 * 9)
    feed = feeds(head)[0]
    assert np.isfinite(run(bake(data, [placeholder], feed), feed)).all()


def test_quantising_leaves_its_input_alone_and_gives_the_same_bytes(head: onnx.ModelProto) -> None:
    before = head.SerializeToString(deterministic=True)
    one, other = (serialize(*quantized(head, ORT, ("Conv_0", "Conv_1"), ["kernel"])) for _ in range(2))
    assert one == other
    assert head.SerializeToString(deterministic=True) == before
