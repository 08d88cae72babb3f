"""Kernels of a target written over the placeholders of a serialised graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Placeholder

__all__ = ["bake", "quantize_kernel"]

_INT8_MAX = 127


def bake(data: bytes, placeholders: Collection[Placeholder], kernels: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A copy of the graph with kernels in the places of its placeholders.

    Args:
        data: the graph, serialised.
        placeholders: in it.
        kernels: float32, by name, of the placeholders' shapes.

    Raises:
        ManifestError: a kernel holds what its placeholder cannot: beyond float16, or, in int8, no number.
    """
    baked = bytearray(data)
    for item in placeholders:
        kernel = kernels[item.name]
        if item.dtype == "int8":
            assert item.scale_offset is not None
            steps, scales = quantize_kernel(kernel)
            _write(baked, item.scale_offset, scales)
            _write(baked, item.offset, steps)
        else:
            _write(baked, item.offset, _cast(kernel, item))
    return bytes(baked)


def quantize_kernel(kernel: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A kernel in int8 with a scale for each item of its first axis, so that no value is clipped.

    Args:
        kernel: (K, ...) float32.

    Returns:
        (K, ...) int8 in -127..127, and (K,) float32: the largest magnitude there over 127, or 1 where all is 0.

    Raises:
        ManifestError: a value is NaN or infinity.
    """
    peaks = np.abs(kernel).reshape(kernel.shape[0], -1).max(axis=1)
    if not np.isfinite(peaks).all():
        raise ManifestError("the template graph gives a kernel with NaN or infinity, which int8 cannot hold")
    scales = (peaks / np.float32(_INT8_MAX)).astype(np.float32)
    scales[scales == 0] = 1  # also of subnormal peaks, whose scale float32 cannot hold
    steps = np.rint(kernel / scales.reshape(-1, *(1,) * (kernel.ndim - 1)))
    return np.clip(steps, -_INT8_MAX, _INT8_MAX).astype(np.int8), scales


def _cast(kernel: NDArray[np.float32], item: Placeholder) -> NDArray[np.floating]:
    with np.errstate(over="ignore"):
        cast: NDArray[np.floating] = kernel.astype(item.dtype)
    if item.dtype == "float16" and not np.isfinite(cast).all():
        raise ManifestError(
            f"the template graph gives {item.name} values up to {float(np.abs(kernel).max()):.3g}, beyond float16's "
            f"{float(np.finfo(np.float16).max):.0f}; use the fp32 variant for this target"
        )
    return cast


def _write(data: bytearray, offset: int, values: NDArray[np.generic]) -> None:
    raw = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()  # ONNX stores little-endian
    data[offset : offset + len(raw)] = raw
