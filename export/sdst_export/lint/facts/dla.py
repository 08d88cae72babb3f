"""What the DLA of Orin runs through TensorRT."""

from __future__ import annotations

from typing import Final

__all__ = [
    "CHANNELS_MAX",
    "CONSTANT_SECOND_INPUT",
    "KERNEL_MAX",
    "NATIVE",
    "OPERATORS",
    "QUANTIZED",
    "RESTRICTIONS",
    "SIDE_MAX",
    "STRIDE_MAX",
]

OPERATORS: Final = "NVIDIA/Deep-Learning-Accelerator-SW operators/README.md (TensorRT 8.5 to 8.6, Orin)"
RESTRICTIONS: Final = "NVIDIA TensorRT documentation, DLA Supported Layers and Restrictions"

_NATIVE: Final = """
    Abs Add AveragePool BatchNormalization Clip Concat Constant ConstantOfShape Conv ConvTranspose Equal
    Gemm LRN LeakyRelu MatMul Max MaxPool Mul PRelu Relu Reshape Resize Shape Sigmoid Slice Softmax Split
    Sub Sum Tanh Transpose Upsample
"""
#: "Native" in the column of TensorRT, or resolved when the engine is built.
NATIVE: Final = frozenset(_NATIVE.split())
#: Need a constant there.
CONSTANT_SECOND_INPUT: Final = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "PRelu"})
#: "Can be collapsed to INT8 scaling factor, switching from explicit to implicit quantization."
QUANTIZED: Final = frozenset({"QuantizeLinear", "DequantizeLinear"})

KERNEL_MAX: Final = 32
STRIDE_MAX: Final = 8
CHANNELS_MAX: Final = 8192
SIDE_MAX: Final = 8192
