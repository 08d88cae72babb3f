"""What versions of TensorRT take, apart from operators: opsets, kernels that are inputs, quantised weights, the DLA.

None of it was tried on a GPU here: it is what the sources say.
"""

from __future__ import annotations

from typing import Final, TypeAlias

__all__ = [
    "CHANGELOG",
    "DLA_SUPPORT",
    "EXPLICIT_QUANTIZATION",
    "FIRST_DYNAMIC_KERNEL",
    "FIRST_INT8_WEIGHTS",
    "FIRST_INT64",
    "FIRST_STRONGLY_TYPED",
    "INT8_GROUP_MULTIPLE",
    "INT8_WEIGHTS",
    "LIKELY_INT8_WEIGHTS",
    "NARROW_STEM",
    "OPERATORS_8_5",
    "OPERATORS_9_2",
    "OPERATORS_10_15",
    "OPSETS",
    "OPSET_MIN",
    "QDQ_IMPORTER",
    "VERSIONS",
    "Version",
    "version_text",
]

Version: TypeAlias = tuple[int, int]

OPERATORS_8_5: Final = "onnx/onnx-tensorrt docs/operators.md, commit 6d0ab7be (TensorRT 8.5)"
OPERATORS_9_2: Final = "onnx/onnx-tensorrt docs/operators.md (TensorRT 9.2)"
OPERATORS_10_15: Final = "onnx/onnx-tensorrt docs/operators.md (TensorRT 10.15)"
CHANGELOG: Final = "onnx/onnx-tensorrt docs/Changelog.md"
EXPLICIT_QUANTIZATION: Final = "NVIDIA TensorRT documentation, Explicit Quantization"
#: The parser's assertions on scales and zero points, in 8.x and 10.x alike.
QDQ_IMPORTER: Final = "onnx/onnx-tensorrt, QuantDequantLinearHelper"

#: The newest opset of the parser, by the version whose documentation says so, and where it does.
OPSETS: Final[dict[Version, tuple[int, str]]] = {
    (8, 4): (13, "onnx/onnx-tensorrt docs/operators.md, commit 009d6541 (TensorRT 8.4)"),
    (8, 5): (17, OPERATORS_8_5),
    (8, 6): (17, "NVIDIA/Deep-Learning-Accelerator-SW operators/README.md (TensorRT 8.6)"),
    (9, 2): (19, OPERATORS_9_2),
    (10, 15): (24, OPERATORS_10_15),
    (11, 5): (25, "onnx/onnx-tensorrt release 11.5-GA"),
}
#: What the tables here are about: engines are built from 8.5 on, and 11.5 is the newest with documentation at hand.
VERSIONS: Final[tuple[Version, Version]] = ((8, 5), (11, 5))
#: "In the inclusive range of opset 9 to opset 24"; 8.x goes further back, which nothing here needs.
OPSET_MIN: Final = 9

#: From here on a convolution takes a float kernel that is no constant; before, only in quantised networks.
FIRST_DYNAMIC_KERNEL: Final[tuple[Version, str]] = (
    (8, 5),
    "NvInfer.h of 8.5.3 (IConvolutionLayer, input 1); onnx/onnx-tensorrt issue 609",
)
#: "When using groups in int8 mode, the size of the groups must be a multiple of 4."
INT8_GROUP_MULTIPLE: Final[tuple[int, str]] = (4, "docstring of IConvolutionLayer.num_groups, 8.5 to 11.4")
#: From here on the parser keeps int64; before, it casts to int32 and clamps.
FIRST_INT64: Final[tuple[Version, str]] = ((9, 0), CHANGELOG)
#: From here on precision is what the graph's types say; before, fp16 is a builder flag, which int8 networks get too.
FIRST_STRONGLY_TYPED: Final[tuple[Version, str]] = ((10, 0), "NetworkDefinitionCreationFlag of the Python bindings")
#: Versions from which on int8 weights with a DequantizeLinear alone are likely, and are reported, to build.
LIKELY_INT8_WEIGHTS: Final[Version] = (10, 0)
FIRST_INT8_WEIGHTS: Final[Version] = (10, 16)
INT8_WEIGHTS: Final = (
    "8.2 and 8.4 refuse them as 'invalid weights type of Int8' (microsoft/onnxruntime issue 11535, NVIDIA/TensorRT "
    "issue 2163); 10.0 takes int4 weights so (changelog of the parser); a user built them with 10.16.1; documented "
    "for 11"
)
NARROW_STEM: Final = (
    "a user's report on 10.16.1: no int8 implementation of 7 x 7 convolution of 3 channels with ReLU and MaxPool"
)

_WORK_WITH_DLA: Final = "NVIDIA TensorRT 11.4.1 documentation, Working with DLA"
#: First and last version of each span that drives a DLA on Jetson, and the source.
DLA_SUPPORT: Final[tuple[tuple[Version, Version, str], ...]] = (
    ((8, 0), (10, 7), _WORK_WITH_DLA),
    ((11, 4), (11, 99), f"{_WORK_WITH_DLA} (11.4.1 and JetPack 7.2.2, AGX Orin only)"),
)


def version_text(version: Version) -> str:
    """``10.3`` of (10, 3)."""
    return f"{version[0]}.{version[1]}"
