"""Operators that the ONNX parser of TensorRT takes, by version, and the types of their inputs.

``F``: float32, float16 (bfloat16 from 9.0 on). ``I``: int32 and int64, which 8.x casts to int32. ``B``: bool.
int8 is left out: in a graph with QuantizeLinear it goes from there to DequantizeLinear, whatever the operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from sdst_export.lint.facts.tensorrt import CHANGELOG, OPERATORS_8_5, OPERATORS_9_2, OPERATORS_10_15, Version

__all__ = ["Support", "operator_support"]

_8_5: Final = {
    "F": """
        Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization Ceil Celu Clip ConstantOfShape Conv
        ConvTranspose Cos Cosh CumSum Dropout Einsum Elu Erf Exp Floor GRU Gemm GlobalAveragePool GlobalLpPool
        GlobalMaxPool GridSample HardSigmoid HardSwish ImageScaler InstanceNormalization LRN LSTM LeakyRelu Log
        LogSoftmax LpNormalization LpPool MatMul MaxPool MeanVarianceNormalization NonMaxSuppression NonZero PRelu
        ParametricSoftplus Pow QuantizeLinear RNN RandomNormal RandomNormalLike RandomUniform RandomUniformLike
        Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
        ReduceSumSquare Relu Resize ReverseSequence RoiAlign Round ScaledTanh Scan Selu Sigmoid Sin Sinh Softmax
        Softplus Softsign Sqrt Tan Tanh ThresholdedRelu TopK Upsample
    """,
    "FI": """
        Abs Add AveragePool DepthToSpace Div Equal Greater GreaterOrEqual IsNaN Less LessOrEqual Max Mean Min Mod Mul
        Neg Pad Range Scatter ScatterElements ScatterND Shrink Sign SpaceToDepth Sub Sum
    """,
    "FIB": """
        Cast Concat Constant Expand EyeLike Flatten Gather GatherElements GatherND Identity If Loop OneHot Reshape Shape
        Size Slice Split Squeeze Tile Transpose Trilu Unsqueeze Where
    """,
    "B": "And Not Or Xor",
    "": "DequantizeLinear",
}
_8_6: Final = {"F": "GroupNormalization IsInf LayerNormalization", "FI": "ArgMax ArgMin TopK"}
_9_2: Final = {
    "F": """
        Acos Acosh Asin Asinh Atan Atanh AveragePool BatchNormalization Ceil Celu Clip ConstantOfShape Conv
        ConvTranspose Cos Cosh CumSum Dropout Einsum Elu Erf Exp Floor GRU Gemm GlobalAveragePool GlobalLpPool
        GlobalMaxPool GridSample GroupNormalization HardSigmoid HardSwish Hardmax ImageScaler InstanceNormalization
        IsInf LRN LSTM LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LpPool MatMul MaxPool
        MeanVarianceNormalization NonMaxSuppression NonZero PRelu ParametricSoftplus Pow QuantizeLinear RNN RandomNormal
        RandomNormalLike RandomUniform RandomUniformLike Reciprocal Resize RoiAlign Round ScaledTanh Scan Selu Sigmoid
        Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Upsample
    """,
    "FI": """
        Abs Add ArgMax ArgMin DepthToSpace Div Equal Greater GreaterOrEqual IsNaN Less LessOrEqual Max Mean Min Mod Mul
        Neg Pad Range ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
        ReduceSumSquare Relu Scatter ScatterElements ScatterND Shrink Sign SpaceToDepth Sub Sum TopK
    """,
    "FIB": """
        Cast CastLike Concat Constant Expand EyeLike Flatten Gather GatherElements GatherND Identity If Loop OneHot
        Reshape ReverseSequence Shape Size Slice Split Squeeze Tile Transpose Trilu Unsqueeze Where
    """,
    "B": "And Not Or Xor",
    "": "DequantizeLinear",
}
#: Operators and types that came after 9.2, by the version of the changelog that names them.
_ADDED: Final[dict[Version, dict[str, str]]] = {
    (10, 1): {"F": "DeformConv"},
    (10, 4): {"F": "BlackmanWindow HammingWindow HannWindow"},
    (10, 5): {"F": "STFT"},
    (10, 12): {"FI": "Pow"},
    (10, 14): {"F": "Attention"},
    (10, 15): {"F": "RMSNormalization RotaryEmbedding", "FI": "TensorScatter"},
}
#: In the table of 10.15 and not in that of 9.2; no changelog says since when.
_BY_10_15: Final = {"FI": "Gelu", "F": "Mish", "FIB": "ConstantOfShape"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Whether a version's parser takes an operator.

    Attributes:
        status: ``unknown`` where a later table has it and nothing says since when.
        types: letters of those that its first input may have; empty where there is no float, int or bool.
        source: of this.
        since: the version that is known to take it, where this one is not.
    """

    status: Literal["yes", "no", "unknown"]
    types: str
    source: str
    since: Version | None = None


def operator_support(operator: str, version: Version) -> Support:
    """What is known of an operator of the ONNX domain in a version of TensorRT, 8.5 or later."""
    table, source = _table(version)
    if operator in table:
        return Support(status="yes", types=table[operator], source=source)
    for added, names in _ADDED.items():
        if operator in _by_operator(names) and added > version:
            return Support(status="no", types="", source=CHANGELOG, since=added)
    if operator in _LATER and version < (10, 15):
        return Support(status="unknown", types=_LATER[operator], source=OPERATORS_10_15, since=(10, 15))
    newer = next((other for other in ((8, 6), (9, 2)) if other > version and operator in _table(other)[0]), None)
    return Support(status="no", types="", source=source, since=newer)


@cache
def _table(version: Version) -> tuple[dict[str, str], str]:
    """Types by operator, and the source of the table."""
    if version < (9, 0):
        table, source = _by_operator(_8_5), OPERATORS_8_5
        if version >= (8, 6):
            table |= _by_operator(_8_6)
            source = f"{OPERATORS_8_5}; {CHANGELOG}"
        return table, source
    table, source = _by_operator(_9_2), f"{OPERATORS_9_2}; {CHANGELOG}"
    for added, names in _ADDED.items():
        if added <= version:
            table |= _by_operator(names)
    if version >= (10, 15):
        table |= _LATER
        source = OPERATORS_10_15
    return table, source


def _by_operator(groups: dict[str, str]) -> dict[str, str]:
    return {operator: types for types, names in groups.items() for operator in names.split()}


_LATER: Final = _by_operator(_BY_10_15)
