"""Multiply-accumulates against values worked out by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sdst_export.macs import count_macs


def graph(
    nodes: list[onnx.NodeProto], inputs: dict[str, list[int | str]], weights: dict[str, tuple[int, ...]]
) -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    output = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()]
    made = helper.make_graph(nodes, "test", values, [output], constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_count_macs_counts_convolution_with_stride_and_groups() -> None:
    conv = helper.make_node("Conv", ["x", "w", "b"], ["y"], group=2, strides=[2, 2], pads=[1, 1, 1, 1])
    model = graph([conv], {"x": [1, 4, 8, 8]}, {"w": (6, 2, 3, 3), "b": (6,)})
    assert count_macs(model) == (6 * 4 * 4) * (2 * 3 * 3)


def test_count_macs_counts_depthwise_correlation_whose_kernel_is_an_input() -> None:
    conv = helper.make_node("Conv", ["x", "kernel"], ["y"], group=96, pads=[1, 1, 1, 1])
    model = graph([conv], {"x": [1, 96, 16, 16], "kernel": [96, 1, 4, 4]}, {})
    assert count_macs(model) == 96 * 15 * 15 * 16


def test_count_macs_adds_linear_layers_and_leaves_the_rest_out() -> None:
    nodes = [
        helper.make_node("Gemm", ["a", "w", "c"], ["g"], transA=1, transB=1),  # (5, 3)^T (7, 5)^T = (3, 7)
        helper.make_node("Relu", ["g"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["m"]),  # (3, 7) (7, 2) = (3, 2)
        helper.make_node("Exp", ["m"], ["y"]),
    ]
    model = graph(nodes, {"a": [5, 3]}, {"w": (7, 5), "c": (7,), "v": (7, 2)})
    assert count_macs(model) == 3 * 7 * 5 + 3 * 2 * 7


def test_count_macs_raises_when_a_shape_is_not_static() -> None:
    conv = helper.make_node("Conv", ["x", "w"], ["y"])
    model = graph([conv], {"x": [1, 3, "height", 8]}, {"w": (4, 3, 1, 1)})
    with pytest.raises(ValueError, match="shape of y cannot be inferred"):
        count_macs(model)
