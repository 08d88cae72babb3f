"""The two ways in which int8 variants are quantised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sdst_runtime.manifest import EngineName, SessionKind

__all__ = ["SCHEMES", "WEIGHTED", "Scheme"]

#: Kinds of operators that have weights.
WEIGHTED: Final = frozenset(("Conv", "ConvTranspose", "Gemm", "MatMul"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How activations are quantised, and where; weights are int8, symmetric, with a scale per channel.

    Attributes:
        variant: name of what it makes.
        engine: that it is made for.
        session: how that engine keeps the template.
        activations: ``uint8``: asymmetric; ``int8``: symmetric, zero point 0.
        followers: kinds of operators that are quantised where all that they read is.
        quantizes_outputs: whether quantised operators round what they give, too, which ONNX Runtime needs to compute in
            integers. TensorRT wants what is read rounded, and nothing after the last operator.
        quantizes_correlation: whether the correlations in the head are quantised, kernels included.
        takes_bytes: whether a first layer of patches, where it is quantised, reads the crop's bytes.
    """

    variant: str
    engine: EngineName
    session: SessionKind
    activations: Literal["uint8", "int8"]
    followers: frozenset[str]
    quantizes_outputs: bool
    quantizes_correlation: bool
    takes_bytes: bool

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of all operators that it may quantise."""
        return self.followers | WEIGHTED

    @property
    def is_split(self) -> bool:
        """Whether correlations are graphs of their own, and all graphs static."""
        return self.session == "split"

    @property
    def is_symmetric(self) -> bool:
        """Whether ranges of activations are symmetric about 0."""
        return self.activations == "int8"


#: By what the command line calls them.
SCHEMES: Final[Mapping[str, Scheme]] = {
    "int8-ort": Scheme(
        variant="onnx/int8-ort",
        engine="onnxruntime",
        session="baked",
        activations="uint8",
        followers=frozenset(
            ("Add", "AveragePool", "Clip", "Concat", "GlobalAveragePool", "MaxPool", "Mul", "Relu", "Reshape", "Slice")
        ),
        quantizes_outputs=True,
        quantizes_correlation=True,
        takes_bytes=True,
    ),
    "int8-qdq": Scheme(
        variant="onnx/int8-qdq",
        engine="tensorrt",
        session="split",
        activations="int8",
        followers=frozenset(("Add",)),
        quantizes_outputs=False,
        quantizes_correlation=False,
        takes_bytes=False,
    ),
}
