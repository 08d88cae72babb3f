"""The float16 variant: float16 weights and arithmetic between float32 inputs and outputs.

ONNX Runtime's own converter makes it. Its CPU has few float16 kernels and casts around most operators, so there the
variant is half as large and no faster; it is for GPUs. TensorRT's correlations by themselves stay float32: what they
take and give is, and SiamFC's sums over all channels are beyond float16.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from sdst_export.calibration import CalibrationSet, random_calibration
from sdst_export.float_graphs import FloatGraphs
from sdst_export.graph_files import GraphFile, describe, graph_files
from sdst_export.placeholders import serialize, with_placeholders
from sdst_export.quantization.feeds import FloatRun
from sdst_export.quantization.finishing import finished
from sdst_export.quantization.ranges import find_ranges
from sdst_export.quantization.variant_parity import compare_variant
from sdst_export.quantization.work import FileWork
from sdst_export.variant_files import VariantFiles
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import EngineName, Graph, GraphRole, Parity, SessionKind, Variant

__all__ = ["FP16", "make_fp16"]

FP16 = "onnx/fp16"
#: e to the power of 11.1 is beyond float16. The others the converter itself leaves alone.
_FLOAT32_KINDS = [*DEFAULT_OP_BLOCK_LIST, "Exp"]
_MAX_ERROR = 0.1  # of the largest magnitude; measured on trained networks: below 0.02
_PAIRS = 16  # that it is tried on
_LARGEST = float(np.finfo(np.float16).max)


def make_fp16(
    graphs: FloatGraphs,
    *,
    engine: EngineName = "onnxruntime",
    session: SessionKind = "baked",
    calibration: CalibrationSet | None = None,
) -> VariantFiles:
    """The variant, compared with the float32 graphs.

    Args:
        graphs: of the network.
        engine: that it is for; TensorRT's has the correlations by themselves too, in every form.
        session: how ONNX Runtime keeps the template; TensorRT's variants are split.
        calibration: crops, some of which it is tried on; None for noise.

    Raises:
        ConfigError: a weight, or a value on the way on these crops, is beyond float16.
        ParityError: the variant is too far from the float32 graphs.
    """
    roles = graphs.onnx_roles()
    if engine == "tensorrt":
        roles, session = (*roles, *graphs.correlate_roles()), "split"
    crops = calibration or random_calibration(graphs.config)
    run = FloatRun(graphs, replace(crops, pairs=crops.spread(_PAIRS)))
    entries: dict[GraphRole, Graph] = {}
    contents: dict[str, bytes] = {}
    for file in (files := graph_files(graphs, roles, shared=engine == "onnxruntime")):
        _check_weights(file)
        _check_values(file, files[0], run)
        model = file.model if _is_correlation(file) else _halved(file)
        data, placeholders = serialize(model, dict.fromkeys(file.kernels))
        entries |= describe(file, data, FP16, placeholders)
        contents[f"{FP16}/{file.name}.onnx"] = data
    variant = Variant(
        engine=engine,
        precision="fp16",
        session=session,
        graphs=entries,
        parity=Parity(reference="onnx/fp32", inputs=0, max_rel_error={}),
        correlation_form=graphs.form,
    )
    made = VariantFiles(name=FP16, variant=variant, files=contents)
    parity = compare_variant(graphs, made, run, max_error=_MAX_ERROR)
    return VariantFiles(name=FP16, variant=replace(variant, parity=parity), files=contents)


def _halved(file: GraphFile) -> onnx.ModelProto:
    """The file's graph in float16, kernels as constants."""
    model = with_placeholders(file.model, file.kernels)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the float32 number")  # below float16's smallest: 6e-8 off
        halved: onnx.ModelProto = convert_float_to_float16(model, keep_io_types=True, op_block_list=_FLOAT32_KINDS)
    return finished(halved)


def _is_correlation(file: GraphFile) -> bool:
    """Whether it holds correlations by themselves: sums over many channels, between float32 tensors, which stay so."""
    return any("correlate" in role for role in file.uses)


def _check_weights(file: GraphFile) -> None:
    for tensor in file.model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            _require(tensor.name, file.name, float(np.abs(numpy_helper.to_array(tensor)).max(initial=0.0)))


def _check_values(file: GraphFile, first: GraphFile, run: FloatRun) -> None:
    """Looks at every tensor in float32: ONNX Runtime's CPU leaves casts out, and with them what overflows elsewhere.

    Masks are not looked at; responses are, as inputs of the tail.
    """
    if _is_correlation(file) or "mask" in file.uses:
        return
    kinds = {node.op_type for node in file.model.graph.node} - set(_FLOAT32_KINDS)
    work = FileWork(file=file, nodes={}, trunk=first if "trunk" in first.uses else None)
    ranges = find_ranges(file.model, work.feeds(run), "min-max", kinds=kinds, symmetric=False)
    for name in ranges.keys():  # noqa: SIM118 (no dictionary)
        _require(name, file.name, max(float(np.abs(bound).max()) for bound in ranges[name].range_value))


def _require(what: str, file: str, largest: float) -> None:
    if not largest <= _LARGEST:
        raise ConfigError(
            f"{what} of the {file} graph reaches {largest:.3g}, beyond float16's {_LARGEST:.0f}; "
            "leave fp16 out for this network"
        )
