"""What ncnn runs on Vulkan."""

from __future__ import annotations

from typing import Final

__all__ = ["DYNAMIC_WEIGHT", "DYNAMIC_WEIGHT_PARAMETER", "NO_COMPUTATION", "VULKAN_LAYERS", "VULKAN_SOURCE"]

DYNAMIC_WEIGHT: Final = (
    "Tencent/ncnn src/layer/vulkan/convolution_vulkan.cpp and convolutiondepthwise_vulkan.cpp: dynamic_weight sets "
    "support_vulkan = false"
)
VULKAN_SOURCE: Final = "Tencent/ncnn src/layer/vulkan, its headers in 2026"

#: Layers that may take their kernel as an input, and the parameter of a ``.param`` line that says so.
DYNAMIC_WEIGHT_PARAMETER: Final = {"Convolution": "19", "ConvolutionDepthWise": "19", "Convolution1D": "19"}
#: Layers that only pass blobs on.
NO_COMPUTATION: Final = frozenset({"Input", "Noop", "Split"})
#: Layers with an implementation on Vulkan.
_VULKAN_LAYERS: Final = """
    AbsVal BatchNorm BinaryOp CELU Cast Clip Concat Convolution Convolution1D Convolution3D
    ConvolutionDepthWise ConvolutionDepthWise1D Crop CumulativeSum Deconvolution Deconvolution1D
    DeconvolutionDepthWise DeepCopy DeformableConv2D Dequantize Dropout ELU Eltwise Erf Flatten Flip Fold
    GELU GLU GRU GatherElements Gemm GridSample GroupNorm HardSigmoid HardSwish InnerProduct InstanceNorm
    Interp InverseSpectrogram LRN LSTM LayerNorm MatMul MemoryData Mish Mod MultiHeadAttention Noop
    Normalize PReLU Packing Padding Permute PixelShuffle Pooling PriorBox Quantize RMSNorm ReLU Reduction
    Reorg Requantize Reshape RotaryEmbed SDPA SELU Scale Shrink ShuffleChannel Sigmoid Slice Softmax
    Softplus Spectrogram Split Swish TanH Tile UnaryOp Unfold
"""
VULKAN_LAYERS: Final = frozenset(_VULKAN_LAYERS.split())
