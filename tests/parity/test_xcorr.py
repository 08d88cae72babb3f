"""Cross-correlations of libsdst against their definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError
from sdst_runtime.kernels import xcorr_depthwise, xcorr_full, xcorr_pixelwise
from tests.tolerances import REL_XCORR_F32

Array = NDArray[np.float64]


def depthwise_terms(search: NDArray[np.float32], kernel: NDArray[np.float32], pad: int) -> tuple[Array, Array]:
    """The sums, and the sums of the terms' magnitudes."""
    padded = np.pad(search.astype(np.float64), ((0, 0), (pad, pad), (pad, pad)))
    windows = sliding_window_view(padded, kernel.shape[1:], axis=(1, 2))  # (C, H', W', h, w)
    kernel64 = kernel.astype(np.float64)
    return (
        np.einsum("cijuv,cuv->cij", windows, kernel64),
        np.einsum("cijuv,cuv->cij", np.abs(windows), np.abs(kernel64)),
    )


def full_terms(search: NDArray[np.float32], kernel: NDArray[np.float32]) -> tuple[Array, Array]:
    """The sums, and the sums of the terms' magnitudes."""
    windows = sliding_window_view(search.astype(np.float64), kernel.shape[2:], axis=(1, 2))  # (C, H', W', h, w)
    kernel64 = kernel.astype(np.float64)
    axes = ((0, 3, 4), (1, 2, 3))
    return (
        np.moveaxis(np.tensordot(windows, kernel64, axes), 2, 0),
        np.moveaxis(np.tensordot(np.abs(windows), np.abs(kernel64), axes), 2, 0),
    )


def assert_close(got: NDArray[np.float32], want: Array, magnitude: Array) -> None:
    assert got.shape == want.shape
    assert np.all(np.abs(got - want) <= REL_XCORR_F32 * magnitude)


@pytest.mark.parametrize(
    ("search", "kernel", "pad"),
    [
        ((96, 16, 16), (96, 8, 8), 0),
        ((96, 16, 16), (96, 8, 8), 3),
        ((64, 29, 29), (64, 5, 5), 0),
        ((32, 31, 31), (32, 7, 7), 0),
        ((1, 1, 1), (1, 1, 1), 0),
        ((13, 9, 30), (13, 3, 2), 1),
        ((9, 50, 70), (9, 5, 5), 4),
    ],
)
def test_depthwise_equals_float64(each_isa: str, search: tuple[int, ...], kernel: tuple[int, ...], pad: int) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=search).astype(np.float32)
    z = generator.normal(size=kernel).astype(np.float32)
    assert_close(xcorr_depthwise(x, z, pad=pad), *depthwise_terms(x, z, pad))


@pytest.mark.parametrize(
    ("search", "kernel"),
    [
        ((256, 22, 22), (1, 256, 6, 6)),
        ((256, 22, 22), (10, 256, 4, 4)),
        ((64, 24, 24), (20, 64, 4, 4)),
        ((1, 1, 1), (1, 1, 1, 1)),
        ((3, 9, 30), (7, 3, 3, 2)),
        ((2, 5, 5), (6, 2, 5, 5)),
        ((2, 40, 45), (4, 2, 1, 7)),
    ],
)
def test_full_equals_float64(each_isa: str, search: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=search).astype(np.float32)
    z = generator.normal(size=kernel).astype(np.float32)
    assert_close(xcorr_full(x, z), *full_terms(x, z))


def test_full_of_one_channel_equals_depthwise(each_isa: str) -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=(1, 20, 23)).astype(np.float32)
    z = generator.normal(size=(1, 5, 4)).astype(np.float32)
    assert_close(xcorr_full(x, z[None]), *depthwise_terms(x, z, 0))


@pytest.mark.parametrize(
    ("channels", "side_hw", "kernel_cells"),
    [(96, (16, 16), 64), (80, (14, 14), 64), (96, (15, 15), 64), (1, (1, 1), 1), (300, (5, 7), 9)],
)
def test_pixelwise_equals_float64(each_isa: str, channels: int, side_hw: tuple[int, int], kernel_cells: int) -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(channels, *side_hw)).astype(np.float32)
    z = generator.normal(size=(kernel_cells, channels)).astype(np.float32)
    x64, z64 = x.astype(np.float64), z.astype(np.float64)
    want = np.einsum("kc,chw->khw", z64, x64)
    assert_close(xcorr_pixelwise(x, z), want, np.einsum("kc,chw->khw", np.abs(z64), np.abs(x64)))


def test_correlations_take_any_strides(each_isa: str) -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=(20, 18, 8)).astype(np.float32).transpose(2, 1, 0)  # (8, 18, 20)
    z = generator.normal(size=(8, 10, 6)).astype(np.float32)[:, ::2, ::3]  # (8, 5, 2)
    assert_close(xcorr_depthwise(x, z), *depthwise_terms(x, z, 0))
    many = generator.normal(size=(5, 4, 8, 3)).astype(np.float32).transpose(0, 2, 1, 3)  # (5, 8, 4, 3)
    assert_close(xcorr_full(x, many), *full_terms(x, many))


def test_correlations_refuse_shapes_that_do_not_fit() -> None:
    x = np.zeros((8, 6, 6), np.float32)
    with pytest.raises(ConfigError, match="expected \\(8, h, w\\)"):
        xcorr_depthwise(x, np.zeros((7, 3, 3), np.float32))
    with pytest.raises(ConfigError, match="larger than search"):
        xcorr_depthwise(x, np.zeros((8, 7, 3), np.float32))
    with pytest.raises(ConfigError, match="pad < kernel"):
        xcorr_depthwise(x, np.zeros((8, 3, 3), np.float32), pad=3)
    with pytest.raises(ConfigError, match="expected \\(K, 8, h, w\\)"):
        xcorr_full(x, np.zeros((2, 7, 3, 3), np.float32))
    with pytest.raises(ConfigError, match="expected \\(K, 8, h, w\\)"):
        xcorr_full(x, np.zeros((8, 3, 3), np.float32))
    with pytest.raises(ConfigError, match="larger than search"):
        xcorr_full(x, np.zeros((2, 8, 3, 7), np.float32))
    with pytest.raises(ConfigError, match="every count and side"):
        xcorr_full(x, np.zeros((0, 8, 3, 3), np.float32))
    with pytest.raises(ConfigError, match="expected \\(K, 8\\)"):
        xcorr_pixelwise(x, np.zeros((4, 9), np.float32))
