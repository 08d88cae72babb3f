"""Variants for OpenVINO: its own files (``.xml``, ``.bin``), read from the ONNX graphs that take kernels as inputs.

Correlations are spelled as the network has them: side by side in one process, sdst-nano-s and NanoTrack v3 took the
same time with Conv and with MatMul nodes, and 1.3 to 1.9 times as long with taps (OpenVINO 2026.4, one thread).

CPU time of a frame as a share of that of ONNX Runtime, which bakes kernels in (30 frames of each in turn, AVX-512 with
bfloat16; sdst-nano as of commit 2cb93f6, which searched 256 px):

                  sdst-nano-s    sdst-nano-m    sdst-nano-l    NanoTrack v3
    fp32                 1.04           1.02           0.96            0.96
    fp16                 0.57           0.53           0.51            0.68
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import onnx

from sdst_export.float_graphs import FloatGraphs
from sdst_export.variant_files import VariantFiles
from sdst_export.whole_variant import BOUNDS, WholeFile, describe, measure_whole_parity
from sdst_runtime.engines.openvino_engine import OpenVinoEngine, import_openvino
from sdst_runtime.errors import ConfigError
from sdst_runtime.manifest import CorrelationForm, Precision, Variant

__all__ = ["make_openvino"]


def make_openvino(graphs: FloatGraphs, precision: Precision) -> VariantFiles:
    """The variant of a precision, compared with torch.

    Args:
        graphs: of the network.
        precision: ``fp32``, or ``fp16``: weights of half the size, and arithmetic in float16 or bfloat16 where the
            device has it. :mod:`sdst_export.openvino_int8` makes ``int8``.

    Raises:
        BackendUnavailable: OpenVINO is not installed.
        ConfigError: a precision that is made otherwise.
        ParityError: OpenVINO does not compute what torch does.
    """
    if precision not in BOUNDS:
        raise ConfigError(f"openvino/{precision} is not made from float graphs, expected {' or '.join(BOUNDS)}")
    name = f"openvino/{precision}"
    form: CorrelationForm = "matmul" if graphs.form == "taps" else graphs.form
    made = {
        role: convert(graphs.model(role, form), f"{name}/{role}", half=precision == "fp16")
        for role in graphs.roles("whole")
    }
    whole = describe(graphs, made)
    engine = OpenVinoEngine(precision=precision)
    variant = Variant(
        engine="openvino",
        precision=precision,
        session="whole",
        graphs=whole.entries,
        parity=measure_whole_parity(graphs, engine, whole, BOUNDS[precision]),
        correlation_form=form,
    )
    return VariantFiles(name=name, variant=variant, files=whole.files)


def convert(model: onnx.ModelProto, stem: str, *, half: bool) -> WholeFile:
    """An ONNX graph in OpenVINO's format; the same graph gives the same bytes.

    Args:
        model: with static shapes.
        stem: path in the bundle, without its ending.
        half: whether constants are kept in float16.
    """
    openvino = import_openvino()
    network = openvino.Core().read_model(model.SerializeToString(deterministic=True), b"")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.xml"
        openvino.save_model(network, path, compress_to_fp16=half)
        structure, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    return WholeFile(model=_plain(structure), weights=weights, model_path=f"{stem}.xml", weights_path=f"{stem}.bin")


def _plain(structure: bytes) -> bytes:
    """The structure without what tells of the conversion, and without space.

    Versions, options and paths go. So do names that count what OpenVINO has made since it was imported.
    """
    root = ET.fromstring(structure)  # noqa: S314 (OpenVINO has just written it)
    for item in root.findall("rt_info"):
        root.remove(item)
    root.set("name", "sdst")
    for layer in root.iter("layer"):
        if layer.get("type") not in ("Parameter", "Result"):
            layer.set("name", f"{layer.get('type')}_{layer.get('id')}")
    for element in root.iter():
        element.text, element.tail = (None if text is None else text.strip() for text in (element.text, element.tail))
    plain: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return plain
