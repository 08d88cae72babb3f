"""A first layer of patches on bytes: what it computes, and layers that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sdst_export.graph_files import GraphFile, Use
from sdst_export.quantization import SCHEMES
from sdst_export.quantization.byte_input import begin_with_bytes, describe_bytes, find_patches
from sdst_export.quantization.insertion import insert_pairs
from sdst_export.quantization.ranges import find_ranges
from sdst_runtime.byte_crops import fill_bytes
from sdst_runtime.config import Normalization
from sdst_runtime.manifest import Tensor
from tests.tolerances import ABS_BYTE_FILTERS, REL_BYTE_FILTERS, REL_BYTES_AT_MEAN, REL_TOY_INT8

Array = NDArray[np.float32]
ORT = SCHEMES["int8-ort"]
SHAPE = (1, 3, 16, 24)
RGB = Normalization(channel_order="rgb", mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375))
BGR = Normalization(mean=(127.5, 127.5, 127.5), std=(64.0, 32.0, 128.0))


def network(
    rows: int = 4, columns: int = 4, *, bias: bool = True, side: int = 16, readers: int = 1, **changes: Any
) -> GraphFile:
    """Patches and ReLU, and a layer behind them, as a file that a crop is given to."""
    random, shape = np.random.default_rng(0), (1, 3, side, 24)
    attributes = {"strides": [rows, columns], **changes}
    channels = 3 // attributes.get("group", 1)
    constants = {
        "w0": random.normal(0, 0.1, (6, channels, rows, columns)).astype(np.float32),
        "w1": random.normal(0, 0.2, (4, 6, 1, 1)).astype(np.float32),
        **({"b0": random.normal(0, 1, 6).astype(np.float32)} if bias else {}),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w0", *(["b0"] if bias else [])], ["a0"], name="stem", **attributes),
        helper.make_node("Relu", ["a0"], ["a1"], name="act"),
        helper.make_node("Conv", ["a1", "w1"], ["y"], name="next"),
        *(helper.make_node("Identity", ["x"], [f"copy{i}"], name=f"copy{i}") for i in range(1, readers)),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", "copy1")[:readers]]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        values,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    use = Use(inputs=(Tensor(name="x", shape=shape, dtype="float32"),), outputs=())
    return GraphFile(name="search", model=onnx.shape_inference.infer_shapes(model), uses={"search": use})


def crops(rule: Normalization, count: int) -> list[tuple[NDArray[np.uint8], Array]]:
    """Blocks of colour as bytes, and as floats."""
    random, found = np.random.default_rng(1), []
    for _ in range(count):
        pixels = random.integers(0, 256, (1, 4, 6, 3), np.uint8).repeat(4, 1).repeat(4, 2)  # (1, 16, 24, 3)
        planes = pixels if rule.channel_order == "bgr" else pixels[..., ::-1]
        floats = ((planes - np.float32(rule.mean)) / np.float32(rule.std)).transpose(0, 3, 1, 2)
        found.append((pixels, np.ascontiguousarray(floats, np.float32)))
    return found


def run(model: onnx.ModelProto, x: NDArray[Any], *, optimised: bool = True) -> Array:
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], {"x": x})[0])


def on_bytes(file: GraphFile, layers: tuple[str, ...], rule: Normalization) -> onnx.ModelProto:
    patches = find_patches(file)
    assert patches is not None
    feeds = [{"x": floats} for _, floats in crops(rule, 6)]
    ranges = find_ranges(file.model, feeds, "min-max", kinds=ORT.kinds, symmetric=False)
    model, _ = insert_pairs(file.model, (), layers, ranges, ORT)
    return begin_with_bytes(model, patches, rule)


@pytest.mark.parametrize("layers", [("stem", "next"), ("next",), ()])
@pytest.mark.parametrize(("rows", "columns", "bias"), [(4, 4, True), (2, 4, False), (1, 1, True), (8, 2, True)])
@pytest.mark.parametrize("rule", [BGR, RGB], ids=["bgr", "rgb"])
def test_bytes_give_what_normalised_floats_give(
    rule: Normalization, rows: int, columns: int, bias: bool, layers: tuple[str, ...]
) -> None:
    """Fused by ONNX Runtime or node by node, with what follows quantised or in float."""
    file = network(rows, columns, bias=bias)
    model = on_bytes(file, layers, rule)
    for pixels, floats in crops(rule, 3):
        want = run(file.model, floats)
        for optimised in (True, False):
            got = run(model, pixels, optimised=optimised)
            assert got.shape == want.shape
            assert np.abs(got - want).max() <= REL_TOY_INT8 * np.abs(want).max()


def test_the_layer_is_one_integer_convolution_with_nothing_rounded_before_it() -> None:
    model = on_bytes(network(), ("stem", "next"), BGR)
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.UINT8
    readers = {name: node for node in model.graph.node for name in node.input}
    name, path = "x", []
    while "Conv" not in path:
        path.append(readers[name].op_type)
        (name,) = readers[name].output
    assert path == ["Reshape", "Transpose", "DequantizeLinear", "Conv"]
    stored = {item.name: item for item in model.graph.initializer}
    assert "w0" not in stored
    assert not any(name.startswith(("x_", "w0", "b0")) for name in stored)  # the floats' own quantisers are gone
    assert stored["bytes_weight"].data_type == TensorProto.INT8
    assert list(stored["bytes_weight"].dims) == [6, 12, 4, 1]


@pytest.mark.parametrize("rule", [BGR, RGB], ids=["bgr", "rgb"])
def test_rounded_weights_add_nothing_at_the_mean(rule: Normalization) -> None:
    """A crop of one colour about the mean gives the bias but for what a byte's distance from the mean makes."""
    file = network()
    for item in file.model.graph.initializer:
        if item.name == "w0":  # one large weight, by which all others round badly
            weight = numpy_helper.to_array(item).copy()
            weight[:, 0, 0, 0] = 30.0
            item.CopyFrom(numpy_helper.from_array(weight, "w0"))
    patches = find_patches(file)
    assert patches is not None
    order = rule.mean if rule.channel_order == "bgr" else rule.mean[::-1]
    pixels = np.broadcast_to(np.rint(order).astype(np.uint8), (1, 16, 24, 3))
    planes = (pixels if rule.channel_order == "bgr" else pixels[..., ::-1]) - np.float32(rule.mean)
    floats = np.ascontiguousarray((planes / np.float32(rule.std)).transpose(0, 3, 1, 2), np.float32)
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    got = run(begin_with_bytes(model, patches, rule), np.ascontiguousarray(pixels))
    want = run(file.model, floats)
    assert np.abs(got - want).max() <= REL_BYTES_AT_MEAN * np.abs(want).max()


def test_filters_of_nothing_and_biases_of_any_size_are_kept() -> None:
    file = network()
    values = {"w0": np.zeros((6, 3, 4, 4), np.float32), "b0": np.float32([0, 1e-3, -7, 1e4, 0.5, 3])}
    values["w0"][0] = 0.1
    for item in file.model.graph.initializer:
        if item.name in values:
            item.CopyFrom(numpy_helper.from_array(values[item.name], item.name))
    patches = find_patches(file)
    assert patches is not None
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    begin_with_bytes(model, patches, BGR)
    for pixels, floats in crops(BGR, 2):
        np.testing.assert_allclose(
            run(model, pixels), run(file.model, floats), rtol=REL_BYTE_FILTERS, atol=ABS_BYTE_FILTERS
        )


def test_symbolic_sides_stay_symbolic() -> None:
    file = network()
    patches = find_patches(file)
    assert patches is not None
    model = onnx.ModelProto()
    model.CopyFrom(file.model)
    del model.graph.value_info[:]
    for item, names in ((model.graph.input[0], "b.hw"), (model.graph.output[0], "b.yx")):
        for dim, name in zip(item.type.tensor_type.shape.dim, names, strict=True):
            if name != ".":
                dim.dim_param = name
    begin_with_bytes(model, patches, BGR)
    sides = model.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in sides] == ["b", "h", "w", 3]
    pixels, floats = crops(BGR, 1)[0]
    whole = run(file.model, floats)
    got = run(model, np.ascontiguousarray(pixels[:, :8, :16].repeat(2, 0)))  # another batch, height and width
    np.testing.assert_allclose(got, whole[:, :, :2, :4].repeat(2, 0), atol=REL_TOY_INT8 * np.abs(whole).max())


@pytest.mark.parametrize(
    "other",
    [
        {"strides": [2, 2]},
        {"strides": [4, 2]},
        {"pads": [1, 1, 1, 1]},
        {"pads": [0, 0, 0, 1]},
        {"group": 3},
        {"dilations": [2, 2]},
        {"auto_pad": "SAME_UPPER"},
        {"side": 18},
        {"readers": 2},
    ],
    ids=str,
)
def test_other_first_layers_are_no_patches(other: dict[str, Any]) -> None:
    assert find_patches(network(**other)) is None
    assert find_patches(network()) is not None


def test_a_layer_whose_weights_are_no_constants_is_left_alone() -> None:
    file = network()
    stored = next(item for item in file.model.graph.initializer if item.name == "w0")
    file.model.graph.initializer.remove(stored)
    file.model.graph.input.append(helper.make_tensor_value_info("w0", TensorProto.FLOAT, list(stored.dims)))
    assert find_patches(file) is None


def test_another_operator_first_is_left_alone() -> None:
    file = network()
    node = helper.make_node("Relu", ["x"], ["before"], name="before")
    file.model.graph.node[0].input[0] = "before"
    file.model.graph.node.insert(0, node)
    assert find_patches(file) is None


def test_the_manifest_gets_bytes_for_every_use() -> None:
    file = network()
    (use,) = describe_bytes(file).uses.values()
    assert use.inputs == (Tensor(name="x", shape=(1, 16, 24, 3), dtype="uint8"),)
    pixels, floats = crops(BGR, 1)[0]
    back = np.zeros(use.inputs[0].shape, np.uint8)
    fill_bytes(floats, BGR, back)
    np.testing.assert_array_equal(back, pixels)
