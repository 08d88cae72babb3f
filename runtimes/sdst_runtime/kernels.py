"""Crops and cross-correlations of libsdst on NumPy arrays: for tests, training and calibration.

These are the very kernels that run on the device; a tracker's own frame path goes through
:class:`sdst_runtime.core.NativeTracker` instead, which allocates nothing.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.crop_rule import CropRule, Interpolation, Normalization, Rounding
from sdst_runtime.errors import ConfigError
from sdst_runtime.native import (
    BORDERS,
    INTERPOLATIONS,
    ROUNDINGS,
    Status,
    address,
    fill_frame,
    library,
    native_error,
    native_frame,
    native_normalization,
)
from sdst_runtime.native_structs import NativeCrop, NativeFrame

__all__ = ["crop_f32", "crop_u8", "frame_mean", "xcorr_depthwise", "xcorr_full", "xcorr_pixelwise"]

_RAW = Normalization()


def frame_mean(frame: NDArray[np.uint8], *, rounded: bool = False) -> tuple[int, int, int]:
    """Mean of blue, green and red over the frame: what a border is filled with.

    Args:
        frame: (H, W, 3) uint8, BGR.
        rounded: half to even, as the border ``frame-mean-rounded`` has it; else truncated, as pysot's is.

    Raises:
        FrameError: another type, shape or layout.
    """
    native = _frame(frame)
    mean = (ctypes.c_uint8 * 3)()
    border = BORDERS["frame-mean-rounded" if rounded else "frame-mean"]
    _check(library().sdst_frame_mean(ctypes.byref(native), border, mean), "sdst_frame_mean")
    return mean[0], mean[1], mean[2]


def crop_u8(
    frame: NDArray[np.uint8],
    *,
    center_xy: tuple[float, float],
    size_wh: tuple[float, float],
    out_wh: tuple[int, int],
    border: tuple[int, int, int] = (0, 0, 0),
    rounding: Rounding = "pysot",
    interpolation: Interpolation = "opencv-u8",
) -> NDArray[np.uint8]:
    """A rectangle of the frame at another size, bit for bit as OpenCV's ``resize`` or ``warpAffine`` of uint8 gives it.

    Without ``rounding`` the rectangle is that of pysot's ``get_subwindow``: sides rounded half to even, first pixel at
    ``floor(centre - side / 2)``. :class:`sdst_runtime.crop_rule.CropRule` says what the other rules are.

    Args:
        frame: (H, W, 3) uint8, BGR. Not modified.
        center_xy: image px, may be outside the frame.
        size_wh: image px; after rounding 1 to 32767.
        out_wh: network px, 1 to 4096.
        border: B, G, R of what is outside the frame, 0..255.
        rounding: how corner and sides become whole pixels.
        interpolation: ``opencv-warp`` for the rounding ``none``, ``opencv-u8`` for the others.

    Returns:
        (out height, out width, 3) uint8, BGR, newly allocated.

    Raises:
        FrameError: the frame has another type, shape or layout.
        ConfigError: a number is out of its range, or rounding and interpolation do not go together.
    """
    native = _frame(frame)
    rule = CropRule(rounding=rounding, interpolation=interpolation)
    crop = _crop(rule, center_xy, size_wh, out_wh, border)
    out = np.empty((out_wh[1], out_wh[0], 3), np.uint8)
    status = library().sdst_crop_u8(ctypes.byref(native), ctypes.byref(crop), address(out))
    _check_crop(status, "sdst_crop_u8", center_xy, size_wh)
    return out


def crop_f32(
    frame: NDArray[np.uint8],
    *,
    center_xy: tuple[float, float],
    size_wh: tuple[float, float],
    out_wh: tuple[int, int],
    border: tuple[int, int, int] = (0, 0, 0),
    rounding: Rounding = "pysot",
    interpolation: Interpolation = "opencv-u8",
    normalization: Normalization = _RAW,
) -> NDArray[np.float32]:
    """The crop of :func:`crop_u8` as a network takes it: normalised, channels first.

    Args and errors are those of :func:`crop_u8`; ``normalization`` says what becomes of pixel values.

    Returns:
        (3, out height, out width) float32, newly allocated.
    """
    native = _frame(frame)
    rule = CropRule(rounding=rounding, interpolation=interpolation)
    crop = _crop(rule, center_xy, size_wh, out_wh, border)
    pixel_rule = native_normalization(normalization)
    out = np.empty((3, out_wh[1], out_wh[0]), np.float32)
    status = library().sdst_crop_f32(ctypes.byref(native), ctypes.byref(crop), ctypes.byref(pixel_rule), address(out))
    _check_crop(status, "sdst_crop_f32", center_xy, size_wh)
    return out


def xcorr_depthwise(search: NDArray[np.float32], kernel: NDArray[np.float32], *, pad: int = 0) -> NDArray[np.float32]:
    """Cross-correlation of each channel with its own kernel, stride 1, accumulated in float32.

    Args:
        search: (C, H, W), any strides.
        kernel: (C, h, w), any strides.
        pad: cells of zeros on each side, 0 <= pad < h, w.

    Returns:
        (C, H + 2 pad - h + 1, W + 2 pad - w + 1), newly allocated.

    Raises:
        ConfigError: the shapes do not fit each other.
    """
    channels, height, width = search.shape
    if kernel.ndim != 3 or kernel.shape[0] != channels:
        raise ConfigError(f"kernel has shape {kernel.shape}, expected ({channels}, h, w) for search {search.shape}")
    out_height, out_width = height + 2 * pad - kernel.shape[1] + 1, width + 2 * pad - kernel.shape[2] + 1
    if out_height < 1 or out_width < 1:
        raise ConfigError(f"kernel {kernel.shape} is larger than search {search.shape} with padding {pad}")
    search, kernel = np.ascontiguousarray(search, np.float32), np.ascontiguousarray(kernel, np.float32)
    out = np.empty((channels, out_height, out_width), np.float32)
    status = library().sdst_xcorr_depthwise_f32(
        address(search), address(kernel), channels, height, width, *kernel.shape[1:], pad, address(out)
    )
    if status == Status.VALUE:
        raise ConfigError(f"search {search.shape}, kernel {kernel.shape}, pad {pad}: sides 1..4096, pad < kernel sides")
    _check(status, "sdst_xcorr_depthwise_f32")
    return out


def xcorr_full(search: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cross-correlation with kernels over all channels, stride 1, no padding, accumulated in float32.

    Args:
        search: (C, H, W), any strides.
        kernel: (K, C, h, w): one kernel for a plain response map, some per anchor for an up-channel one; any strides.

    Returns:
        (K, H - h + 1, W - w + 1), newly allocated.

    Raises:
        ConfigError: the shapes do not fit each other.
    """
    channels, height, width = search.shape
    if kernel.ndim != 4 or kernel.shape[1] != channels:
        raise ConfigError(f"kernel has shape {kernel.shape}, expected (K, {channels}, h, w) for search {search.shape}")
    kernels, _, kernel_height, kernel_width = kernel.shape
    if kernel_height > height or kernel_width > width:
        raise ConfigError(f"kernel {kernel.shape} is larger than search {search.shape}")
    search, kernel = np.ascontiguousarray(search, np.float32), np.ascontiguousarray(kernel, np.float32)
    out = np.empty((kernels, height - kernel_height + 1, width - kernel_width + 1), np.float32)
    status = library().sdst_xcorr_full_f32(
        address(search), address(kernel), channels, kernels, height, width, kernel_height, kernel_width, address(out)
    )
    if status == Status.VALUE:
        raise ConfigError(f"search {search.shape}, kernel {kernel.shape}: every count and side must be 1..4096")
    _check(status, "sdst_xcorr_full_f32")
    return out


def xcorr_pixelwise(search: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cross-correlation with every cell of the template as a 1x1 kernel, accumulated in float32.

    Args:
        search: (C, H, W), any strides.
        kernel: (K, C): K template cells, any strides.

    Returns:
        (K, H, W), newly allocated.

    Raises:
        ConfigError: the shapes do not fit each other.
    """
    channels, height, width = search.shape
    if kernel.ndim != 2 or kernel.shape[1] != channels:
        raise ConfigError(f"kernel has shape {kernel.shape}, expected (K, {channels}) for search {search.shape}")
    search, kernel = np.ascontiguousarray(search, np.float32), np.ascontiguousarray(kernel, np.float32)
    out = np.empty((kernel.shape[0], height, width), np.float32)
    status = library().sdst_xcorr_pixelwise_f32(
        address(search), address(kernel), channels, height * width, kernel.shape[0], address(out)
    )
    if status == Status.VALUE:
        raise ConfigError(f"search {search.shape}, kernel {kernel.shape}: every count must be 1..1048576")
    _check(status, "sdst_xcorr_pixelwise_f32")
    return out


def _frame(frame: NDArray[np.uint8]) -> NativeFrame:
    native = native_frame()
    fill_frame(frame, native)
    return native


def _crop(
    rule: CropRule,
    center_xy: tuple[float, float],
    size_wh: tuple[float, float],
    out_wh: tuple[int, int],
    border: tuple[int, int, int],
) -> NativeCrop:
    if not (1 <= out_wh[0] <= 4096 and 1 <= out_wh[1] <= 4096):
        raise ConfigError(f"crop: out_wh is {out_wh}, expected 1 to 4096 px each")
    if not all(0 <= value <= 255 for value in border):
        raise ConfigError(f"crop: border is {border}, expected three values of 0..255")
    return NativeCrop(
        struct_size=ctypes.sizeof(NativeCrop),
        rounding=ROUNDINGS[rule.rounding],
        interpolation=INTERPOLATIONS[rule.interpolation],
        out_width=out_wh[0],
        out_height=out_wh[1],
        border=(ctypes.c_uint8 * 4)(*border, 0),
        center_x=center_xy[0],
        center_y=center_xy[1],
        width=size_wh[0],
        height=size_wh[1],
    )


def _check_crop(status: int, call: str, center_xy: tuple[float, float], size_wh: tuple[float, float]) -> None:
    if status == Status.VALUE:
        raise ConfigError(
            f"crop: centre {center_xy} and size {size_wh} px, expected finite numbers and sides of 1 to 32767 px"
        )
    _check(status, call)


def _check(status: int, call: str) -> None:
    if status != Status.OK:
        raise native_error(status, call)
