"""Placeholders: found where they are, filled with NaN, and a baked file computes with the kernel that was written."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from sdst_export.placeholders import serialize, with_placeholders
from sdst_runtime.baking import bake

RANDOM = np.random.default_rng(0)
SEARCH = RANDOM.normal(size=(1, 4, 6, 6)).astype(np.float32)
KERNELS = {
    "kernel_a": RANDOM.normal(size=(4, 1, 3, 3)).astype(np.float32),
    "kernel_b": RANDOM.normal(size=(2, 4, 1, 1)).astype(np.float32),
}


@pytest.fixture
def head() -> onnx.ModelProto:
    """Search features through a depthwise and then a pixelwise correlation; both kernels are inputs."""
    nodes = [
        helper.make_node("Conv", ["search", "kernel_a"], ["middle"], group=4),
        helper.make_node("Add", ["middle", "offset"], ["shifted"]),
        helper.make_node("Conv", ["shifted", "kernel_b"], ["score"]),
    ]
    shapes = {"search": [1, 4, 6, 6], "kernel_a": [4, 1, 3, 3], "kernel_b": [2, 4, 1, 1]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 2, 4, 4])]
    offset = numpy_helper.from_array(np.full((1, 4, 1, 1), 0.5, np.float32), "offset")
    graph = helper.make_graph(nodes, "head", inputs, outputs, [offset])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(data: bytes, **feeds: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, feeds)[0])


def test_with_placeholders_moves_inputs_to_initializers(head: onnx.ModelProto) -> None:
    before = head.SerializeToString(deterministic=True)
    graph = with_placeholders(head, KERNELS).graph
    assert [item.name for item in graph.input] == ["search"]
    assert [item.name for item in graph.initializer] == ["offset", "kernel_a", "kernel_b"]
    assert head.SerializeToString(deterministic=True) == before


def test_serialize_finds_placeholders_and_fills_them_with_nan(head: onnx.ModelProto) -> None:
    data, placeholders = serialize(with_placeholders(head, KERNELS), dict.fromkeys(KERNELS))
    assert [(item.name, item.shape, item.length, item.dtype) for item in placeholders] == [
        ("kernel_a", (4, 1, 3, 3), 144, "float32"),
        ("kernel_b", (2, 4, 1, 1), 32, "float32"),
    ]
    by_name = {item.name: numpy_helper.to_array(item) for item in onnx.load_from_string(data).graph.initializer}
    for item in placeholders:
        stored = np.frombuffer(data, np.float32, count=item.length // 4, offset=item.offset)
        assert np.isnan(stored).all()
        assert np.isnan(by_name[item.name]).all()
    assert np.array_equal(by_name["offset"].ravel(), [0.5] * 4)


def test_unbaked_file_gives_no_numbers(head: onnx.ModelProto) -> None:
    data, _ = serialize(with_placeholders(head, KERNELS), dict.fromkeys(KERNELS))
    assert np.isnan(run(data, search=SEARCH)).all()


def test_baked_file_computes_with_its_kernels(head: onnx.ModelProto) -> None:
    data, placeholders = serialize(with_placeholders(head, KERNELS), dict.fromkeys(KERNELS))
    baked = bake(data, placeholders, KERNELS)
    assert len(baked) == len(data)
    want = run(head.SerializeToString(), search=SEARCH, **KERNELS)
    assert np.allclose(run(baked, search=SEARCH), want)
    other = {name: kernel[::-1] for name, kernel in KERNELS.items()}  # not contiguous
    assert np.allclose(
        run(bake(data, placeholders, other), search=SEARCH), run(head.SerializeToString(), search=SEARCH, **other)
    )


def test_serialize_gives_equal_bytes(head: onnx.ModelProto) -> None:
    first, second = (serialize(with_placeholders(head, KERNELS), dict.fromkeys(KERNELS)) for _ in range(2))
    assert first == second


def test_with_placeholders_raises_when_name_is_no_input(head: onnx.ModelProto) -> None:
    with pytest.raises(
        ValueError, match=r"kernel_z is no input of the graph; its inputs are search, kernel_a, kernel_b"
    ):
        with_placeholders(head, ["kernel_z"])
