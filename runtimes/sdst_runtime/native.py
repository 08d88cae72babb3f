"""libsdst loaded: its structs, its functions, and its statuses as errors.

The declarations mirror ``runtimes/core/include/sdst.h``, where they are documented. What to call is in
:mod:`sdst_runtime.core` (the tracker), :mod:`sdst_runtime.views` (what its crops show) and
:mod:`sdst_runtime.kernels` (crops and correlations).
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sdst_runtime
from sdst_runtime.crop_rule import Normalization
from sdst_runtime.errors import BackendUnavailable, FrameError, NativeError
from sdst_runtime.native_structs import NativeFrame, NativeNormalization

__all__ = [
    "ABI_VERSION",
    "BORDERS",
    "INTERPOLATIONS",
    "MAX_SIDE_PX",
    "ROUNDINGS",
    "Status",
    "address",
    "fill_frame",
    "isa",
    "library",
    "native_error",
    "native_frame",
    "native_normalization",
    "version",
]

#: SDST_ABI_VERSION of the header that this module mirrors.
ABI_VERSION = 2

#: Longest side of a frame or of a crop, px.
MAX_SIDE_PX = 32767

#: Values of ``sdst_rounding``, ``sdst_interpolation`` and ``sdst_border`` by their names in a crop rule.
ROUNDINGS: dict[str, int] = {"pysot": 0, "dasiamrpn": 1, "siamfc": 2, "fear": 3, "none": 4}
INTERPOLATIONS: dict[str, int] = {"opencv-u8": 0, "opencv-warp": 1}
BORDERS: dict[str, int] = {"frame-mean": 0, "constant": 1, "frame-mean-rounded": 2}

_UINT8 = np.dtype(np.uint8)


class Status:
    """Values of ``sdst_status`` that this package tells apart."""

    OK = 0x00
    VALUE = 0x12
    FRAME_CHANGED = 0x14
    BOX = 0x15
    BOX_OUTSIDE = 0x16
    NOT_FINITE = 0x18


# Pointers are void pointers: a cached ctypes.byref() or an address as an int passes through them fastest.
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "sdst_isa": (c_char_p, ()),
    "sdst_version": (c_char_p, ()),
    "sdst_status_string": (c_char_p, (c_int,)),
    "sdst_frame_mean": (c_int, (c_void_p, c_int32, c_void_p)),
    "sdst_crop_f32": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "sdst_crop_u8": (c_int, (c_void_p, c_void_p, c_void_p)),
    "sdst_xcorr_depthwise_f32": (c_int, (c_void_p, c_void_p, *(c_int32,) * 6, c_void_p)),
    "sdst_xcorr_full_f32": (c_int, (c_void_p, c_void_p, *(c_int32,) * 6, c_void_p)),
    "sdst_xcorr_pixelwise_f32": (c_int, (c_void_p, c_void_p, *(c_int32,) * 3, c_void_p)),
    "sdst_tracker_create": (c_int, (c_void_p, POINTER(c_void_p))),
    "sdst_tracker_destroy": (None, (c_void_p,)),
    "sdst_tracker_template_input": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "sdst_tracker_template_input_u8": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p)),
    "sdst_tracker_search_size": (c_int32, (c_void_p,)),
    "sdst_tracker_response_size": (c_int32, (c_void_p,)),
    "sdst_tracker_search_input": (c_int, (c_void_p, c_void_p, c_void_p)),
    "sdst_tracker_search_input_u8": (c_int, (c_void_p, c_void_p, c_void_p)),
    "sdst_tracker_decode": (c_int, (c_void_p, c_void_p, c_void_p)),
    "sdst_tracker_get_state": (c_int, (c_void_p, c_void_p)),
    "sdst_tracker_set_state": (c_int, (c_void_p, c_void_p)),
    "sdst_template_view": (c_int, (c_void_p, c_void_p, c_void_p)),
    "sdst_search_view": (c_int, (c_void_p, c_void_p, c_void_p)),
    "sdst_window_u8": (c_int, (c_void_p, c_void_p, c_int32, c_int32, c_void_p, c_void_p)),
}


@cache
def library() -> ctypes.CDLL:
    """The libsdst of this process, with the types of its functions declared; loaded at the first call.

    The file is the one that the environment variable ``SDST_LIBRARY`` names, else ``lib/<libsdst>`` in this package.

    Raises:
        BackendUnavailable: there is none, it cannot be loaded, or it has another ABI version than this package.
    """
    path = _library_path()
    try:
        loaded = ctypes.CDLL(str(path))
        _check_abi(loaded.sdst_abi_version(), path)
        for name, (result_type, argument_types) in _SIGNATURES.items():
            function = getattr(loaded, name)
            function.restype = result_type
            function.argtypes = argument_types
    except (OSError, AttributeError) as error:
        raise BackendUnavailable(f"{path} cannot be used as libsdst: {error}; install sdst-edge again") from None
    return loaded


def _check_abi(version: int, path: Path) -> None:
    if version != ABI_VERSION:
        raise BackendUnavailable(
            f"{path} has ABI version {version}, this package needs {ABI_VERSION}; "
            "install both from the same release, or unset SDST_LIBRARY"
        )


def _library_path() -> Path:
    forced = os.environ.get("SDST_LIBRARY")
    if forced:
        if not Path(forced).is_file():
            raise BackendUnavailable(f"SDST_LIBRARY is {forced!r}, which is no file; unset it or name a built libsdst")
        return Path(forced)
    names = {"win32": "sdst.dll", "darwin": "libsdst.dylib"}
    name = names.get(sys.platform, "libsdst.so")
    candidates = [Path(folder) / "lib" / name for folder in sdst_runtime.__path__]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    searched = ", ".join(str(candidate.parent) for candidate in candidates)
    raise BackendUnavailable(
        f"{name} was not found in {searched}; install the package with its compiled part (pip install sdst-edge), "
        "or set SDST_LIBRARY to a libsdst built from runtimes/core"
    )


def isa() -> str:
    """Name of the instruction set whose kernels run, such as ``avx2``; ``ref`` is plain C. See ``SDST_ISA``."""
    return str(library().sdst_isa().decode())


def version() -> str:
    """Version of the loaded libsdst, ``major.minor.patch``."""
    return str(library().sdst_version().decode())


def native_error(status: int, call: str) -> NativeError:
    """The error for a status that the caller has no better words for."""
    return NativeError(status, call, library().sdst_status_string(status).decode())


def address(array: NDArray[Any]) -> int:
    """Address of the first element, without a copy; the caller keeps ``array`` alive while it is used."""
    buffer: Any = array
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(buffer))  # 0.2 us; array.ctypes.data takes 0.8 us
    except (TypeError, ValueError, BufferError):  # read-only, a view with gaps, or empty
        return array.ctypes.data


def fill_frame(frame: NDArray[np.uint8], native: NativeFrame) -> None:
    """Points ``native`` at the pixels of ``frame``.

    Args:
        frame: (H, W, 3) uint8, BGR. Rows may be further apart than 3 W bytes, as in a view of a larger frame.
        native: its ``struct_size`` and ``format`` are set.

    Raises:
        FrameError: another type, shape or layout.
    """
    if not isinstance(frame, np.ndarray) or frame.dtype != _UINT8:
        got = f"dtype {frame.dtype}" if isinstance(frame, np.ndarray) else f"a {type(frame).__name__}"
        raise FrameError(f"frame is {got}, expected a NumPy array of uint8; convert it, or check the source")
    shape = frame.shape
    if len(shape) != 3 or shape[2] != 3 or not 0 < shape[0] <= MAX_SIDE_PX or not 0 < shape[1] <= MAX_SIDE_PX:
        raise FrameError(
            f"frame has shape {shape}, expected (height, width, 3) with sides of 1 to {MAX_SIDE_PX} px; "
            "decode it as BGR colour"
        )
    row_stride, column_stride, channel_stride = frame.strides
    if frame.flags.c_contiguous:  # NumPy may then report any stride along an axis of one pixel
        row_stride, column_stride = 3 * shape[1], 3
    if channel_stride != 1 or column_stride != 3 or row_stride < 3 * shape[1]:
        raise FrameError(
            f"frame has strides {frame.strides}, expected (>= {3 * shape[1]}, 3, 1); "
            "pass numpy.ascontiguousarray(frame)"
        )
    native.width = shape[1]
    native.height = shape[0]
    native.stride_bytes = row_stride
    native.data = address(frame)


def native_frame() -> NativeFrame:
    """A frame of BGR bytes without pixels, for :func:`fill_frame`."""
    return NativeFrame(struct_size=ctypes.sizeof(NativeFrame), format=0)


def native_normalization(rule: Normalization) -> NativeNormalization:
    """``rule`` as C takes it: with the inverse of ``std``."""
    return NativeNormalization(
        struct_size=ctypes.sizeof(NativeNormalization),
        channel_order={"bgr": 0, "rgb": 1}[rule.channel_order],
        mean=(c_float * 3)(*rule.mean),
        scale=(c_float * 3)(*(1.0 / std for std in rule.std)),
    )
