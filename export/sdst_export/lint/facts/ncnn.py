"""What ncnn runs on Vulkan."""

from __future__ import annotations

from typing import Final

__all__ = [
    "DYNAMIC_WEIGHT",
    "DYNAMIC_WEIGHT_PARAMETER",
    "LATER_LAYERS",
    "LATER_SOURCE",
    "NO_COMPUTATION",
    "RELEASE",
    "VULKAN_LAYERS",
    "VULKAN_SOURCE",
]

DYNAMIC_WEIGHT: Final = (
    "Tencent/ncnn src/layer/vulkan/convolution_vulkan.cpp and convolutiondepthwise_vulkan.cpp: dynamic_weight sets "
    "support_vulkan = false"
)
#: Of ncnn on PyPI, which the tables are about.
RELEASE: Final = "1.0.20261020"
VULKAN_SOURCE: Final = f"support_vulkan of ncnn.create_layer(NAME), ncnn {RELEASE}"
LATER_SOURCE: Final = f"{VULKAN_SOURCE}; Tencent/ncnn src/layer/vulkan has a file for it by now"

#: Layers that may take their kernel as an input, and the parameter of a ``.param`` line that says so.
DYNAMIC_WEIGHT_PARAMETER: Final = {"Convolution": "19", "ConvolutionDepthWise": "19", "Convolution1D": "19"}
#: Layers that only pass blobs on.
NO_COMPUTATION: Final = frozenset({"Input", "Noop", "Split"})

_VULKAN_LAYERS: Final = """
    AbsVal BatchNorm BinaryOp CELU Cast Clip Concat Convolution Convolution1D ConvolutionDepthWise Crop
    Deconvolution DeconvolutionDepthWise DeepCopy Dequantize Dropout ELU Eltwise Erf Flatten GELU Gemm
    GroupNorm HardSigmoid HardSwish InnerProduct InstanceNorm Interp LRN LayerNorm MemoryData Mish
    MultiHeadAttention Noop Normalize PReLU Packing Padding Permute PixelShuffle Pooling PriorBox Quantize
    RMSNorm ReLU Reduction Reorg Requantize Reshape RotaryEmbed SDPA SELU Scale Shrink ShuffleChannel
    Sigmoid Slice Softmax Softplus Split Swish TanH Tile UnaryOp Unfold
"""
_LATER_LAYERS: Final = """
    Convolution3D ConvolutionDepthWise1D CumulativeSum Deconvolution1D DeformableConv2D Flip Fold GLU GRU
    GatherElements GridSample InverseSpectrogram LSTM MatMul Mod Spectrogram
"""
#: Layers with an implementation on Vulkan.
VULKAN_LAYERS: Final = frozenset(_VULKAN_LAYERS.split())
#: Layers that have one in the source, and not in that release.
LATER_LAYERS: Final = frozenset(_LATER_LAYERS.split())
