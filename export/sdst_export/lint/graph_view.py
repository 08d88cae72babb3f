"""An ONNX graph as rules look at it: constants, producers and consumers, types and shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

__all__ = ["GraphView", "Shape", "attribute", "label", "type_name"]

#: Sides; None where one is not static.
Shape: TypeAlias = tuple[int | None, ...]

_DOMAINS = ("", "ai.onnx")


class GraphView:
    """A graph, read once.

    Attributes:
        model: as it was read.
        nodes: in their order.
        opset: of ONNX's own operators; 0 where the file names none.
        inputs: names, without those of initializers.
        outputs: names.
    """

    def __init__(self, data: bytes) -> None:
        """A serialised model, without its external data.

        Raises:
            ValueError: it is none.
        """
        try:
            self.model = onnx.load_from_string(data)
        except Exception as error:  # of protobuf, whose classes differ by version
            raise ValueError(str(error)) from None
        graph = self.model.graph
        if not graph.node and not graph.output:
            raise ValueError("it is empty")
        self.nodes: list[onnx.NodeProto] = list(graph.node)
        self.opset: int = max((i.version for i in self.model.opset_import if i.domain in _DOMAINS), default=0)
        self._tensors: dict[str, onnx.TensorProto] = {item.name: item for item in graph.initializer}
        self._tensors |= {node.output[0]: value for node in self.nodes if (value := _constant_value(node)) is not None}
        self.inputs = [item.name for item in graph.input if item.name not in self._tensors]
        self.outputs = [item.name for item in graph.output]
        self._producers = {name: node for node in self.nodes for name in node.output if name}
        self._consumers: dict[str, list[tuple[onnx.NodeProto, int]]] = {}
        for node in self.nodes:
            for index, name in enumerate(node.input):
                self._consumers.setdefault(name, []).append((node, index))
        self._values: dict[str, NDArray[Any]] = {}
        self._types, self._shapes = _infer(self.model)

    def constants(self) -> Iterator[tuple[str, onnx.TensorProto]]:
        """Initializers and the values of Constant nodes, by the names that nodes read."""
        yield from self._tensors.items()

    def is_constant(self, name: str) -> bool:
        """Whether a tensor is an initializer or comes from a Constant node."""
        return name in self._tensors

    def constant(self, name: str) -> NDArray[Any] | None:
        """The value of a constant; None for what is none, or lies in another file."""
        tensor = self._tensors.get(name)
        if tensor is None or tensor.data_location == onnx.TensorProto.EXTERNAL:
            return None
        if name not in self._values:
            self._values[name] = numpy_helper.to_array(tensor)
        return self._values[name]

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The node that a tensor comes from; None for inputs and initializers."""
        return self._producers.get(name)

    def consumers(self, name: str) -> list[tuple[onnx.NodeProto, int]]:
        """The nodes that read a tensor, each with the number of the input."""
        return self._consumers.get(name, [])

    def type(self, name: str) -> int:
        """``onnx.TensorProto.DataType`` of a tensor; 0 where it is not known."""
        tensor = self._tensors.get(name)
        return tensor.data_type if tensor is not None else self._types.get(name, 0)

    def tensors(self) -> Iterator[str]:
        """Names of all inputs, constants and outputs of nodes, each once."""
        yield from dict.fromkeys([*self.inputs, *self._tensors, *self._producers])

    def shape(self, name: str) -> Shape | None:
        """Sides of a tensor; None where nothing is known."""
        tensor = self._tensors.get(name)
        return tuple(tensor.dims) if tensor is not None else self._shapes.get(name)

    def behind(self, name: str, operator: str) -> onnx.NodeProto | None:
        """The node that a tensor comes from, if it is of that operator."""
        node = self.producer(name)
        return node if node is not None and node.op_type == operator else None

    def floating(self, name: str) -> NDArray[Any] | None:
        """What an initializer holds that reaches a node as it is, or through QuantizeLinear and DequantizeLinear."""
        return self.constant(self._unquantized(name))

    def is_stored(self, name: str) -> bool:
        """Whether a tensor is a constant, or one behind quantisers; its bytes may lie in another file."""
        return self.is_constant(self._unquantized(name))

    def _unquantized(self, name: str) -> str:
        for operator in ("DequantizeLinear", "QuantizeLinear"):
            node = self.behind(name, operator)
            if node is not None:
                name = node.input[0]
        return name


def label(node: onnx.NodeProto) -> str:
    """The node's name, or what it is and gives where it has none."""
    return node.name or f"{node.op_type} -> {node.output[0] if node.output else '?'}"


def attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    """The value of an attribute; bytes are decoded."""
    for item in node.attribute:
        if item.name == name:
            value = onnx.helper.get_attribute_value(item)
            return value.decode() if isinstance(value, bytes) else value
    return default


def type_name(kind: int) -> str:
    """Such as ``float32`` or ``int8``."""
    name = str(onnx.TensorProto.DataType.Name(kind)).lower()
    return {"float": "float32", "double": "float64"}.get(name, name)


def _constant_value(node: onnx.NodeProto) -> onnx.TensorProto | None:
    if node.op_type != "Constant" or node.domain not in _DOMAINS or len(node.attribute) != 1:
        return None
    name, value = node.attribute[0].name, onnx.helper.get_attribute_value(node.attribute[0])
    if name == "value":
        tensor: onnx.TensorProto = value
        return tensor
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    return numpy_helper.from_array(np.array(value, kinds[name])) if name in kinds else None


def _infer(model: onnx.ModelProto) -> tuple[dict[str, int], dict[str, Shape]]:
    """Types and shapes of all tensors that can be told."""
    try:
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # of a graph with a fault: then only what it says itself is known
        graph = model.graph
    types, shapes = {}, {}
    for info in (*graph.input, *graph.value_info, *graph.output):
        tensor = info.type.tensor_type
        types[info.name] = tensor.elem_type
        if tensor.HasField("shape"):
            shapes[info.name] = tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    return types, shapes
