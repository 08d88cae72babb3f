"""Kernels written over placeholders: float32 as they are, float16 cast, int8 with the scales that keep every value."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_runtime.baking import bake, quantize_kernel
from sdst_runtime.errors import ManifestError
from sdst_runtime.manifest import Placeholder

KERNEL = np.array([[[[-1.0, 0.5]]], [[[0.0, 0.0]]], [[[254.0, 127.5]]]], np.float32)  # (3, 1, 1, 2)


def placeholder(dtype: str, *, scale_offset: int | None = None) -> Placeholder:
    length = KERNEL.size * np.dtype(dtype).itemsize
    return Placeholder(
        name="kernel", offset=4, length=length, shape=KERNEL.shape, dtype=dtype, scale_offset=scale_offset
    )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_bake_writes_the_kernel_where_the_placeholder_is(dtype: str) -> None:
    data = bytes(range(64))
    baked = bake(data, [placeholder(dtype)], {"kernel": KERNEL})
    raw = KERNEL.astype(dtype).tobytes()
    assert baked == data[:4] + raw + data[4 + len(raw) :]


def test_bake_writes_int8_steps_and_their_scales() -> None:
    data = bytes(64)
    baked = bake(data, [placeholder("int8", scale_offset=20)], {"kernel": KERNEL})
    steps = np.frombuffer(baked, np.int8, count=6, offset=4)
    scales = np.frombuffer(baked, "<f4", count=3, offset=20)
    assert steps.tolist() == [-127, 64, 0, 0, 127, 64]  # 63.5 and 63.75, to the nearest, halves to even
    assert scales == pytest.approx([1 / 127, 1.0, 2.0])
    assert baked[:4] + baked[10:20] + baked[32:] == bytes(4 + 10 + 32)


def test_quantize_kernel_keeps_each_value_within_half_a_step() -> None:
    kernel = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    kernel *= np.logspace(-3, 3, 8, dtype=np.float32)[:, None, None, None]
    steps, scales = quantize_kernel(kernel)
    error = np.abs(steps * scales[:, None, None, None] - kernel).max(axis=(1, 2, 3))
    assert (error <= scales / 2 * (1 + np.finfo(np.float32).eps * 256)).all()
    assert (np.abs(steps).max(axis=(1, 2, 3)) == 127).all()


def test_quantize_kernel_takes_values_too_small_for_a_scale() -> None:
    steps, scales = quantize_kernel(np.full((1, 1, 1, 1), 1e-45, np.float32))
    assert (steps.tolist(), scales.tolist()) == ([[[[0]]]], [1.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_int8_refuses_a_kernel_that_is_no_number(bad: float) -> None:
    kernel = KERNEL.copy()
    kernel[0, 0, 0, 0] = bad
    with pytest.raises(ManifestError, match="NaN or infinity"):
        bake(bytes(64), [placeholder("int8", scale_offset=20)], {"kernel": kernel})


def test_float16_refuses_a_kernel_beyond_its_range() -> None:
    with pytest.raises(ManifestError, match=r"kernel values up to 7e\+04, beyond float16's 65504"):
        bake(bytes(64), [placeholder("float16")], {"kernel": np.full(KERNEL.shape, 70000, np.float32)})
