"""What a graph in ONNX Runtime reads of a crop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.byte_crops import fill_bytes
from sdst_runtime.crop_rule import Normalization
from sdst_runtime.manifest import Tensor
from sdst_runtime.ort_graph import require_array

__all__ = ["CropInput"]


class CropInput:
    """The input of a graph that begins with a crop, of floats or of bytes.

    One of bytes takes floats too and turns them back, so that whatever compares variants may feed them all alike.

    Attributes:
        array: of the input's shape and dtype, for the graph to read.
    """

    def __init__(self, what: str, tensor: Tensor, float_shape: tuple[int, ...], rule: Normalization) -> None:
        """An input of zeros.

        Args:
            what: the input in messages.
            tensor: float32 (B, 3, H, W), or uint8 (B, H, W, 3), as the manifest has it.
            float_shape: (B, 3, H, W).
            rule: by which floats are normalised.
        """
        self.array: NDArray[Any] = np.zeros(tensor.shape, tensor.dtype)
        self._what, self._rule = what, rule
        self._float_shape = float_shape

    def takes(self, shape: object) -> bool:
        """Whether crops of that shape are for this input, as bytes or as floats."""
        return shape in (self.array.shape, self._float_shape)

    def readable(self, crop: NDArray[Any]) -> NDArray[Any]:
        """The crop itself where the graph can read it; else :attr:`array`, filled with what it was made of.

        Raises:
            SdstError: it has another shape, type or layout.
        """
        if self.array.dtype == np.uint8 and getattr(crop, "dtype", None) == np.float32:
            require_array(self._what, crop, self._float_shape)
            fill_bytes(crop, self._rule, self.array)
            return self.array
        require_array(self._what, crop, self.array.shape, self.array.dtype)
        return crop
