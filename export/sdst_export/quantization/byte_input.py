"""A first layer of patches that reads the crop's bytes, in int8, with the normalisation in its weights.

The layer by itself is slow however it is quantised: floats of three channels are rounded, and reordered, before it. But
what a crop holds are bytes, which a graph can begin with as they lie in memory::

    x uint8 (B, H, W, 3) -> Reshape (B, H, W / kw, 3 kw) -> Transpose (B, 3 kw, H, W / kw) -> DequantizeLinear, scale 1
      -> Conv of (kh, 1), stride (kh, 1) -> what stood there

ONNX Runtime makes one integer convolution of it that copies whole rows of a patch: the search graph of sdst-nano-m
takes 0.86 of the time that it takes with this layer in float, and 0.95 with a kh x kw convolution of (H, W, 3) (ONNX
Runtime 1.32, one thread of an AMD EPYC with VNNI). Nothing is rounded at the input, and of the weights as much as in
any int8 layer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from sdst_export.graph_files import GraphFile
from sdst_export.quantization.finishing import finished
from sdst_runtime.byte_crops import byte_shape
from sdst_runtime.crop_rule import Normalization

__all__ = ["Patches", "begin_with_bytes", "describe_bytes", "find_patches"]

_INT8_MAX = 127
_MAX_BIAS = float(2**30)  # steps, so that what is summed up beside it does not overflow int32
_NAME = "bytes_"  # before the names of what is put in


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patches:
    """A convolution that takes a crop in patches.

    Attributes:
        node: its name.
        weight: (O, 3, kh, kw), float32.
        bias: (O,), float32.
    """

    node: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def find_patches(file: GraphFile) -> Patches | None:
    """The first layer of a file whose uses all begin with a crop; None where it is another kind of layer.

    Args:
        file: in float.
    """
    graph = file.model.graph
    crop = graph.input[0].name
    readers = [node for node in graph.node if crop in node.input]
    constants = {item.name: item for item in graph.initializer}
    if len(readers) != 1 or readers[0].op_type != "Conv" or not {*readers[0].input[1:]} <= {*constants, ""}:
        return None
    node = readers[0]
    weight, *rest = (numpy_helper.to_array(constants[name]) for name in node.input[1:] if name)
    sides = [side for use in file.uses.values() for side in use.inputs[0].shape[2:]]
    if not _is_of_patches(node, weight) or any(side % patch for side in sides for patch in weight.shape[2:]):
        return None
    bias = rest[0] if rest else np.zeros(len(weight), np.float32)
    return Patches(node=node.name, weight=weight, bias=bias)


def begin_with_bytes(model: onnx.ModelProto, patches: Patches, rule: Normalization) -> onnx.ModelProto:
    """The graph with bytes (B, H, W, 3), BGR, as its first input, in place.

    Args:
        model: quantised, its first layer too or not; float32 (B, 3, H, W) as its first input.
        patches: its first layer in float.
        rule: by which the crop is normalised.
    """
    graph = model.graph
    crop = graph.input[0]
    layer = next(node for node in graph.node if node.name == patches.node)
    batch, _, height, width = crop.type.tensor_type.shape.dim
    sides = [dim.dim_param or dim.dim_value for dim in (batch, height, width)]
    graph.input[0].CopyFrom(helper.make_tensor_value_info(crop.name, TensorProto.UINT8, [*sides, 3]))
    rows, columns = patches.weight.shape[2:]
    constants, scales = _integers(patches, rule)
    constants |= {
        "shape": np.array([0, 0, -1, 3 * columns]),
        "one": np.array(1, np.float32),
        "zero": np.array(0, np.uint8),
        "scale": scales,
    }
    stored = {name: f"{_NAME}{name}" for name in constants}
    graph.initializer.extend(numpy_helper.from_array(value, stored[name]) for name, value in constants.items())
    graph.node.extend(
        [
            _node("Reshape", [crop.name, stored["shape"]], "rows"),
            _node("Transpose", [f"{_NAME}rows"], "planes", perm=[0, 3, 1, 2]),
            _node("DequantizeLinear", [f"{_NAME}planes", stored["one"], stored["zero"]], "levels"),
            _node("DequantizeLinear", [stored["weight"], stored["scale"], stored["weight_zero"]], "weights", axis=0),
            _node("DequantizeLinear", [stored["bias"], stored["scale"], stored["bias_zero"]], "biases", axis=0),
        ]
    )
    layer.input[:] = [f"{_NAME}levels", f"{_NAME}weights", f"{_NAME}biases"]
    del layer.attribute[:]
    layer.attribute.extend(
        helper.make_attribute(name, value) for name, value in (("kernel_shape", [rows, 1]), ("strides", [rows, 1]))
    )
    _drop_unread(graph)
    return finished(model)


def describe_bytes(file: GraphFile) -> GraphFile:
    """The file as the manifest has it when its graphs begin with bytes."""
    uses = {}
    for role, use in file.uses.items():
        batch, channels, height, width = use.inputs[0].shape
        crop = replace(use.inputs[0], shape=byte_shape((batch, channels, height, width)), dtype="uint8")
        uses[role] = replace(use, inputs=(crop,))
    return replace(file, uses=uses)


def _is_of_patches(node: onnx.NodeProto, weight: NDArray[Any]) -> bool:
    """Whether a convolution takes three channels in patches that neither overlap nor leave anything out."""
    has = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    return (
        weight.ndim == 4
        and weight.shape[1] == 3
        and list(has.get("strides", [1, 1])) == list(weight.shape[2:])
        and has.get("group", 1) == 1
        and set(has.get("dilations", [1])) == {1}
        and not any(has.get("pads", []))
        and has.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    )


def _integers(patches: Patches, rule: Normalization) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32]]:
    """Weights (O, 3 kw, kh, 1) and biases (O,) of bytes, as integers with their zero points, and the scales (O,).

    What rounding takes from a weight would count a hundredfold, for bytes lie about 128 and not about 0. So the bias
    makes good for it at the mean that is taken off a pixel.
    """
    mean, std = (np.asarray(values, np.float64).reshape(1, 3, 1, 1) for values in (rule.mean, rule.std))
    weight = patches.weight / std
    peaks = np.abs(weight).max(axis=(1, 2, 3)) / _INT8_MAX
    offset = np.abs(patches.bias - (weight * mean).sum(axis=(1, 2, 3)))
    scales = np.maximum(peaks, offset / _MAX_BIAS).astype(np.float32)
    scales[scales == 0] = 1
    steps = np.rint(weight / scales.reshape(-1, 1, 1, 1).astype(np.float64)).clip(-_INT8_MAX, _INT8_MAX)
    bias = np.rint(patches.bias / scales.astype(np.float64) - (steps * mean).sum(axis=(1, 2, 3)))
    frame_order = steps if rule.channel_order == "bgr" else steps[:, ::-1]
    count, _, rows, columns = steps.shape
    return {
        "weight": frame_order.transpose(0, 3, 1, 2).reshape(count, 3 * columns, rows, 1).astype(np.int8),
        "weight_zero": np.zeros(count, np.int8),
        "bias": bias.astype(np.int32),
        "bias_zero": np.zeros(count, np.int32),
    }, scales


def _node(kind: str, inputs: Collection[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, list(inputs), [f"{_NAME}{output}"], name=f"{_NAME}{output}", **attributes)


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Takes out what nothing reads any more, in place."""
    while True:
        read = {name for node in graph.node for name in node.input} | {item.name for item in graph.output}
        unread = [node for node in graph.node if not read & {*node.output}]
        if not unread:
            break
        for node in unread:
            graph.node.remove(node)
    for item in [item for item in graph.initializer if item.name not in read]:
        graph.initializer.remove(item)
