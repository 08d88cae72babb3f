"""A small bundle in memory that every target can run, for tests that plant faults in it.

Its graphs are made with the onnx package; what they compute does not matter, only how they are put together::

    search     Q_x, DQ_x, conv (4 to 8 channels, int8, a scale per channel), relu, Q_r, DQ_r, depthwise (int8)
    template   conv
    tail       conv, sigmoid
    correlate  depthwise, with the kernel as an input (conv), or spelled with MatMul
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sdst_runtime.bundle import Bundle
from sdst_runtime.manifest import Graph, GraphRole, Manifest, Parity, Placeholder, Variant
from tests.toy_bundle import toy_manifest

__all__ = ["bundle_of", "find", "good_models", "initializer", "node", "plain_search", "set_initializer"]

OPSET, IR_VERSION = 17, 8
CHANNELS, SIDE, KERNEL = 8, 16, 4

Constants = Mapping[str, NDArray[Any]]


def bundle_of(
    files: Mapping[str, onnx.ModelProto | bytes],
    *,
    name: str = "onnx/int8-qdq",
    ending: str = "onnx",
    placeholders: tuple[str, ...] = (),
    **variant: Any,
) -> Bundle:
    """A bundle with one variant.

    Args:
        files: graphs by role, as models or as they lie on disk.
        name: of the variant.
        ending: of the files.
        placeholders: initializers of the head that a baked session writes.
        variant: attributes of the variant that differ from those of one for TensorRT in int8.
    """
    data = {role: item if isinstance(item, bytes) else item.SerializeToString() for role, item in files.items()}
    kept = tuple(Placeholder(name=item, offset=0, length=4, shape=(1,), dtype="float32") for item in placeholders)
    graphs = {
        cast(GraphRole, role): Graph(
            file=f"{name}/{role}.{ending}",
            sha256=64 * "0",
            size_bytes=len(item),
            inputs=(),
            outputs=(),
            placeholders=kept if role == "head" else (),
        )
        for role, item in data.items()
    }
    parity = Parity(reference="none", inputs=1, max_rel_error={})
    chosen: dict[str, Any] = {"engine": "tensorrt", "precision": "int8", "session": "split", **variant}
    manifest: Manifest = replace(
        toy_manifest({}), variants={name: Variant(graphs=graphs, parity=parity, **chosen)}, default_variant=name
    )
    return Bundle(Path("made-up"), manifest, {graphs[role].file: data[role] for role in graphs})


def good_models() -> dict[str, onnx.ModelProto]:
    """Graphs of a split session for TensorRT, new ones each time."""
    return {
        "template": _template(),
        "search": _search(),
        "tail": _tail(),
        "correlate_conv": _correlate_conv(),
        "correlate_matmul": _correlate_matmul(),
        "correlate_taps": _correlate_matmul(),
    }


def plain_search() -> onnx.ModelProto:
    """The search graph in float32, without quantisers."""
    numbers = np.random.default_rng(0)
    constants = {
        "w": numbers.standard_normal((CHANNELS, 4, 3, 3)).astype(np.float32),
        "b": numbers.standard_normal(CHANNELS).astype(np.float32),
        "w_dw": numbers.standard_normal((CHANNELS, 1, 3, 3)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], "conv", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        helper.make_node("Conv", ["r", "w_dw"], ["features"], "depthwise", group=CHANNELS, pads=[1, 1, 1, 1]),
    ]
    return _model(nodes, {"x": (1, 4, SIDE, SIDE)}, {"features": (1, CHANNELS, SIDE, SIDE)}, constants)


def node(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    """The node of that name."""
    return next(item for item in model.graph.node if item.name == name)


def initializer(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    """The initializer of that name."""
    return next(item for item in model.graph.initializer if item.name == name)


def set_initializer(model: onnx.ModelProto, name: str, value: NDArray[Any]) -> None:
    """Gives an initializer another value, type and shape; adds it where there is none."""
    for item in model.graph.initializer:
        if item.name == name:
            item.CopyFrom(numpy_helper.from_array(value, name))
            return
    model.graph.initializer.append(numpy_helper.from_array(value, name))


def find(model: onnx.ModelProto, name: str) -> onnx.ValueInfoProto:
    """The input or output of that name."""
    return next(item for item in (*model.graph.input, *model.graph.output) if item.name == name)


def _search() -> onnx.ModelProto:
    numbers = np.random.default_rng(0)
    constants: dict[str, NDArray[Any]] = {
        "w": numbers.standard_normal((CHANNELS, 4, 3, 3)).astype(np.float32),
        "b": numbers.standard_normal(CHANNELS).astype(np.float32),
        "w_dw": numbers.standard_normal((CHANNELS, 1, 3, 3)).astype(np.float32),
        "x_scale": np.array(0.05, np.float32),
        "x_zero": np.array(0, np.int8),
        "r_scale": np.array(0.1, np.float32),
        "r_zero": np.array(0, np.int8),
    }
    for name in ("w", "w_dw"):
        largest = np.abs(constants[name]).max(axis=(1, 2, 3))
        constants |= {f"{name}_scale": largest / np.float32(127), f"{name}_zero": np.zeros(CHANNELS, np.int8)}
    nodes = [
        *_pair("x", "x"),
        *_pair("w", "w", axis=0),
        helper.make_node("Conv", ["x_dq", "w_dq", "b"], ["c"], "conv", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        *_pair("r", "r"),
        *_pair("w_dw", "w_dw", axis=0),
        helper.make_node("Conv", ["r_dq", "w_dw_dq"], ["features"], "depthwise", group=CHANNELS, pads=[1, 1, 1, 1]),
    ]
    return _model(nodes, {"x": (1, 4, SIDE, SIDE)}, {"features": (1, CHANNELS, SIDE, SIDE)}, constants)


def _template() -> onnx.ModelProto:
    weights = np.random.default_rng(1).standard_normal((CHANNELS, 4, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["z", "w"], ["c"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["c", "shape"], ["kernel"], "reshape"),
    ]
    shapes: dict[str, tuple[int, ...]] = {"z": (1, 4, KERNEL, KERNEL)}
    constants = {"w": weights, "shape": np.array([CHANNELS, 1, KERNEL, KERNEL])}
    return _model(nodes, shapes, {"kernel": (CHANNELS, 1, KERNEL, KERNEL)}, constants)


def _tail() -> onnx.ModelProto:
    weights = np.random.default_rng(2).standard_normal((1, CHANNELS, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["response", "w"], ["c"], "conv"),
        helper.make_node("Sigmoid", ["c"], ["score"], "sigmoid"),
    ]
    side = SIDE - KERNEL + 1
    return _model(nodes, {"response": (1, CHANNELS, side, side)}, {"score": (1, 1, side, side)}, {"w": weights})


def _correlate_conv() -> onnx.ModelProto:
    side = SIDE - KERNEL + 1
    inputs = {"kernel": (CHANNELS, 1, KERNEL, KERNEL), "features": (1, CHANNELS, SIDE, SIDE)}
    correlate = helper.make_node("Conv", ["features", "kernel"], ["response"], "correlate", group=CHANNELS)
    correlate.attribute.append(helper.make_attribute("kernel_shape", [KERNEL, KERNEL]))
    return _model([correlate], inputs, {"response": (1, CHANNELS, side, side)}, {})


def _correlate_matmul() -> onnx.ModelProto:
    """Not a correlation: a product of the same operators."""
    nodes = [
        helper.make_node("Reshape", ["kernel", "rows"], ["k"], "rows"),
        helper.make_node("Slice", ["features", "starts", "ends", "axes"], ["cut"], "slice"),
        helper.make_node("Reshape", ["cut", "columns"], ["f"], "columns"),
        helper.make_node("MatMul", ["k", "f"], ["response"], "matmul"),
    ]
    taps = KERNEL * KERNEL
    constants = {
        "rows": np.array([CHANNELS, 1, taps]),
        "columns": np.array([CHANNELS, taps, SIDE]),
        "starts": np.array([0]),
        "ends": np.array([SIDE]),
        "axes": np.array([2]),
    }
    inputs = {"kernel": (CHANNELS, 1, KERNEL, KERNEL), "features": (1, CHANNELS, SIDE, SIDE)}
    return _model(nodes, inputs, {"response": (CHANNELS, 1, SIDE)}, constants)


def _pair(tensor: str, name: str, axis: int | None = None) -> list[onnx.NodeProto]:
    """QuantizeLinear and DequantizeLinear of a tensor."""
    how = {} if axis is None else {"axis": axis}
    scale = [f"{name}_scale", f"{name}_zero"]
    return [
        helper.make_node("QuantizeLinear", [tensor, *scale], [f"{name}_q"], f"Q_{name}", **how),
        helper.make_node("DequantizeLinear", [f"{name}_q", *scale], [f"{name}_dq"], f"DQ_{name}", **how),
    ]


def _model(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Mapping[str, tuple[int, ...]],
    constants: Constants,
) -> onnx.ModelProto:
    given, made = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in tensors.items()]
        for tensors in (inputs, outputs)
    )
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "made-up", given, made, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def param_files(match: str, template: str = "") -> dict[str, Any]:
    """Graphs for ncnn, with a layer of interest each."""
    begin = ["7767517", "3 3", "Input x 0 1 x", "Input k 0 1 k"]
    layers = {"match": match, "template": template}
    return {role: "\n".join([*begin, layer, ""]).encode() for role, layer in layers.items()}
