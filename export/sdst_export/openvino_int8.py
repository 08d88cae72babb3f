"""The int8 variant for OpenVINO: search and tail quantised by ONNX Runtime's quantiser, float correlations between.

Only what a layer reads is rounded: OpenVINO moves rounding to where it serves best by itself. CPU time of a frame, of
ONNX Runtime's fp32, side by side in one process (OpenVINO 2026.4, one thread, AVX-512 with VNNI), and mean IoU of 20
frames with those of fp32, for NanoTrack v3; sdst-nano-m is that of commit 2cb93f6, which searched 256 px:

                                             sdst-nano-m    NanoTrack v3    IoU
    what is read                                    0.35            0.67    .95
    what is given, too                              0.37            0.83    .91
    that, and additions, pooling and so on          0.32            0.77    .93
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from sdst_export.calibration import CalibrationSet
from sdst_export.float_graphs import FloatGraphs
from sdst_export.openvino_export import convert
from sdst_export.quantization import SCHEMES, Quantizer, Scheme
from sdst_export.variant_files import VariantFiles
from sdst_export.whole_variant import describe, measure_whole_parity
from sdst_runtime.config import TrackerConfig
from sdst_runtime.engines.openvino_engine import OpenVinoEngine
from sdst_runtime.manifest import GraphRole, Variant
from sdst_runtime.measurements import CalibrationMethod
from sdst_runtime.search_roles import SEARCH_ROLES, SearchRoles

__all__ = ["OPENVINO_SCHEME", "make_openvino_int8"]

#: Static graphs in pieces, as for TensorRT, with the activations of ONNX Runtime's variant.
OPENVINO_SCHEME: Final = Scheme(
    variant="openvino/int8",
    engine="openvino",
    session="split",
    activations="uint8",
    followers=SCHEMES["int8-qdq"].followers,
    quantizes_outputs=False,
    takes_bytes=False,
    quantizes_correlation=False,
)
_PAIRS: Final = 4
_BOUND: Final = 1.0  # of the largest magnitude: nothing of the float map is left; accuracy is measured on sequences


def make_openvino_int8(
    graphs: FloatGraphs,
    calibration: CalibrationSet,
    *,
    method: CalibrationMethod = "min-max",
    float_layers: Collection[str] = (),
) -> VariantFiles:
    """The int8 variant, compared with torch on crops that it was calibrated on.

    Args:
        graphs: of the network.
        calibration: crops of this tracker, of each search size it has.
        method: how ranges are taken from what is seen.
        float_layers: that stay float, named as :func:`sdst_export.quantization.quantizable_layers` does.

    Raises:
        BackendUnavailable: OpenVINO is not installed.
        ConfigError: the crops are not this tracker's, or a layer is unknown.
        ParityError: the variant gives no numbers, or has nothing to do with the float graphs.
    """
    source = Quantizer(graphs, OPENVINO_SCHEME, calibration, method).make(float_layers)
    quantized = {
        role: onnx.load_model_from_string(source.files[graph.file]) for role, graph in source.variant.graphs.items()
    }
    models: dict[GraphRole, onnx.ModelProto] = {"template": quantized["template"]}
    wanted = graphs.roles("whole")
    models |= {roles.match: _joined(graphs, quantized, roles) for roles in SEARCH_ROLES if roles.match in wanted}
    name = OPENVINO_SCHEME.variant
    made = {role: convert(model, f"{name}/{role}", half=False) for role, model in models.items()}
    whole = describe(graphs, made)

    def crops(config: TrackerConfig) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        return ((pair.z, pair.x) for pair in calibration.spread(_PAIRS) if pair.x.shape == config.search_shape)

    variant = Variant(
        engine="openvino",
        precision="int8",
        session="whole",
        graphs=whole.entries,
        parity=measure_whole_parity(graphs, OpenVinoEngine(precision="int8"), whole, _BOUND, crops),
        quantization=source.variant.quantization,
    )
    return VariantFiles(name=name, variant=variant, files=whole.files)


def _joined(graphs: FloatGraphs, models: Mapping[GraphRole, onnx.ModelProto], roles: SearchRoles) -> onnx.ModelProto:
    """Search graph, correlations and tail as one graph; between them, tensors are called the same."""
    parts = [models[role] for role in (roles.search, roles.correlate["conv"], roles.tail)]
    match = graphs.model(roles.match, "conv")
    known = {item.name for part in parts for item in (*part.graph.input, *part.graph.output)}
    result = onnx.ModelProto()
    result.CopyFrom(match)
    del result.graph.node[:], result.graph.initializer[:]
    for number, part in enumerate(parts):
        for node in part.graph.node:
            copied = result.graph.node.add()
            copied.CopyFrom(node)
            copied.name = f"{number}_{node.name}"
            for tensors in (copied.input, copied.output):
                tensors[:] = [name if name in known or not name else f"{number}_{name}" for name in tensors]
        for item in part.graph.initializer:
            stored = result.graph.initializer.add()
            stored.CopyFrom(item)
            stored.name = f"{number}_{item.name}"
    onnx.checker.check_model(result, full_check=True)
    return result
