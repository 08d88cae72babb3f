"""A file with symbolic sides, fixed when it is loaded: it runs, or it is refused before it runs."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Graph, Tensor
from sdst_runtime.ort_graph import OrtGraph, OrtOptions, empty_arrays

pytest.importorskip("onnxruntime", reason="graphs are run by ONNX Runtime")
helper = pytest.importorskip("onnx.helper", reason="the graphs are made with the onnx package")

SHAPE = (1, 3, 5, 5)


def model(*inputs: str) -> bytes:
    """The sum of its inputs as ``y``, and the first one negated as ``spare``, which nobody asks for."""
    sides = ["batch", 3, "side", "side"]
    nodes = [helper.make_node("Sum", inputs, ["y"]), helper.make_node("Neg", inputs[:1], ["spare"])]
    given = [helper.make_tensor_value_info(name, 1, sides) for name in inputs]
    made = [helper.make_tensor_value_info(name, 1, ["batch", 3, name, name]) for name in ("y", "spare")]
    graph = helper.make_graph(nodes, "graph", given, made)
    opset = [helper.make_opsetid("", 17)]
    data: bytes = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()
    return data


def loaded(data: bytes, **dims: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """``y`` of an ``x`` of ones."""
    x, y = Tensor(name="x", shape=SHAPE, dtype="float32"), Tensor(name="y", shape=SHAPE, dtype="float32")
    graph = Graph(file="sum.onnx", sha256="", size_bytes=len(data), inputs=(x,), outputs=(y,), dims=dims)
    arrays = empty_arrays((x, y))
    arrays["x"][:] = 1.0
    OrtGraph(data, graph, OrtOptions(), arrays).run()
    return arrays["y"]


def test_outputs_that_nobody_asks_for_are_left_out() -> None:
    assert (loaded(model("x"), batch=1, side=5) == 1.0).all()


def test_inputs_that_the_manifest_does_not_know_are_refused() -> None:
    with pytest.raises(ManifestError, match=r"sum.onnx: inputs are .*'more'.*export the bundle again"):
        loaded(model("x", "more"), batch=1, side=5)


@pytest.mark.parametrize("dims", [{"batch": 1, "side": 7}, {"side": 5}, {"batch": 1, "length": 5}])
def test_dims_that_do_not_give_the_shapes_are_refused(dims: dict[str, int]) -> None:
    with pytest.raises(ManifestError, match=r"sum.onnx: inputs are .*the manifest says"):
        loaded(model("x"), **dims)
