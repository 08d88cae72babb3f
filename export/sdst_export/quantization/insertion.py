"""QuantizeLinear and DequantizeLinear put into a graph, by ONNX Runtime's quantiser."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import onnx
from onnxruntime.quantization import QDQQuantizer, QuantType, TensorsData

from sdst_export.placeholders import with_placeholders
from sdst_export.quantization.finishing import finished
from sdst_export.quantization.layers import find_quantized
from sdst_export.quantization.quiet import quiet
from sdst_export.quantization.scheme import Scheme

__all__ = ["insert_pairs"]

_SCALES, _QUANTIZED = "_scale", "_quantized"  # what the quantiser calls a constant's parts


def insert_pairs(
    model: onnx.ModelProto,
    kernels: Collection[str],
    layers: Collection[str],
    ranges: TensorsData | None,
    scheme: Scheme,
) -> tuple[onnx.ModelProto, Mapping[str, str | None]]:
    """A quantised graph in which kernels are constants, and the names of their scales; None for one left in float.

    Args:
        model: float32, kernels as inputs. Not modified.
        kernels: names of these inputs.
        layers: names of the nodes with weights that are quantised.
        ranges: of all tensors that are; None where there are no layers.
        scheme: how.
    """
    prepared = _with_own_constants(with_placeholders(model, kernels), kernels)
    if ranges is None or not layers:
        return finished(prepared), dict.fromkeys(kernels)
    names = find_quantized(prepared, layers, scheme)
    kinds = sorted({node.op_type for node in prepared.graph.node if node.name in names})
    with quiet():
        quantizer = QDQQuantizer(
            onnx.shape_inference.infer_shapes(prepared),
            True,
            False,
            QuantType.QInt8,
            QuantType.QInt8 if scheme.is_symmetric else QuantType.QUInt8,
            ranges,
            names,
            [],
            kinds,
            _options(scheme, kinds),
        )
        quantizer.quantize_model()
    result = finished(quantizer.model.model)
    return result, _name_kernels(result, kernels)


def _options(scheme: Scheme, kinds: list[str]) -> dict[str, object]:
    if scheme.quantizes_outputs:
        return {"ActivationSymmetric": scheme.is_symmetric}
    return {
        "ActivationSymmetric": scheme.is_symmetric,
        "OpTypesToExcludeOutputQuantization": kinds,
        "QuantizeBias": False,
        "QDQDisableWeightAdjustForInt32Bias": True,
    }


def _with_own_constants(model: onnx.ModelProto, kernels: Collection[str]) -> onnx.ModelProto:
    """The graph in which no two nodes share a constant, in place: each rounds it by a scale of its own."""
    constants = {item.name: item for item in model.graph.initializer if item.name not in kernels}
    taken: set[str] = set()
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if name in constants and name in taken:
                copied = model.graph.initializer.add()
                copied.CopyFrom(constants[name])
                copied.name = node.input[index] = f"{name}_{node.name}_{index}"
            taken.add(name)
    return model


def _name_kernels(model: onnx.ModelProto, kernels: Collection[str]) -> dict[str, str | None]:
    """Gives quantised kernels the names that they have elsewhere, in place."""
    tensors = {item.name: item for item in model.graph.initializer}
    scales: dict[str, str | None] = {}
    for name in kernels:
        if name in tensors:  # in float
            scales[name] = None
            continue
        for node in model.graph.node:
            node.input[:] = [name if item == name + _QUANTIZED else item for item in node.input]
        tensors[name + _QUANTIZED].name = name
        scales[name] = name + _SCALES
    return scales
