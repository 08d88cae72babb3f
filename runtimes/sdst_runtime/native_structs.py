"""The structs of ``runtimes/core/include/sdst.h``, field by field; they are documented there."""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_float, c_int32, c_int64, c_uint8, c_uint32, c_void_p

from sdst_runtime.config import MAX_ANCHORS

__all__ = [
    "NativeAnchor",
    "NativeBox",
    "NativeConfig",
    "NativeCrop",
    "NativeFrame",
    "NativeNormalization",
    "NativeOutputs",
    "NativeResult",
    "NativeScalePyramid",
    "NativeSmallTarget",
    "NativeState",
    "NativeView",
]


class NativeFrame(ctypes.Structure):
    """``sdst_frame``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("format", c_int32),
        ("width", c_int32),
        ("height", c_int32),
        ("stride_bytes", c_int64),
        ("data", c_void_p),
    )


class NativeBox(ctypes.Structure):
    """``sdst_box``."""

    _fields_ = (("x", c_double), ("y", c_double), ("w", c_double), ("h", c_double))


class NativeCrop(ctypes.Structure):
    """``sdst_crop``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("rounding", c_int32),
        ("interpolation", c_int32),
        ("out_width", c_int32),
        ("out_height", c_int32),
        ("border", c_uint8 * 4),
        ("center_x", c_double),
        ("center_y", c_double),
        ("width", c_double),
        ("height", c_double),
    )


class NativeNormalization(ctypes.Structure):
    """``sdst_normalization``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("channel_order", c_int32),
        ("mean", c_float * 3),
        ("scale", c_float * 3),
    )


class NativeAnchor(ctypes.Structure):
    """``sdst_anchor``."""

    _fields_ = (("width", c_double), ("height", c_double))


class NativeScalePyramid(ctypes.Structure):
    """``sdst_scale_pyramid``."""

    _fields_ = (("count", c_int32), ("upsampling", c_int32), ("step", c_double), ("penalty", c_double))


class NativeSmallTarget(ctypes.Structure):
    """``sdst_small_target``."""

    _fields_ = (("search_size", c_int32), ("response_size", c_int32), ("max_area_share", c_double))


class NativeConfig(ctypes.Structure):
    """``sdst_tracker_config``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("template_size", c_int32),
        ("search_size", c_int32),
        ("response_size", c_int32),
        ("output_kind", c_int32),
        ("score_kind", c_int32),
        ("context", c_int32),
        ("rounding", c_int32),
        ("interpolation", c_int32),
        ("border", c_int32),
        ("border_value", c_uint8 * 4),
        ("normalization", NativeNormalization),
        ("context_amount", c_double),
        ("search_scale", c_double),
        ("init_center_offset_px", c_double),
        ("small_target", NativeSmallTarget),
        ("stride_px", c_double),
        ("point_origin_px", c_double),
        ("anchor_count", c_int32),
        ("anchors", NativeAnchor * MAX_ANCHORS),
        ("pyramid", NativeScalePyramid),
        ("window_influence", c_double),
        ("penalty_k", c_double),
        ("size_lr", c_double),
        ("size_smoothing", c_int32),
        ("clamp_center", c_int32),
        ("min_side_px", c_double),
        ("size_offset_px", c_double),
        ("box_offset_px", c_double),
        ("found_threshold", c_double),
    )


class NativeState(ctypes.Structure):
    """``sdst_state``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("center_x", c_double),
        ("center_y", c_double),
        ("width", c_double),
        ("height", c_double),
    )


class NativeOutputs(ctypes.Structure):
    """``sdst_outputs``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("scales", c_int32),
        ("score_channels", c_int32),
        ("box_channels", c_int32),
        ("height", c_int32),
        ("width", c_int32),
        ("score", c_void_p),
        ("boxes", c_void_p),
    )


class NativeResult(ctypes.Structure):
    """``sdst_result``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("found", c_int32),
        ("best_index", c_int32),
        ("score", c_float),
        ("penalized_score", c_float),
        ("reserved", c_int32),
        ("box", NativeBox),
    )


class NativeView(ctypes.Structure):
    """``sdst_view``."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("window", NativeBox),
        ("center_x", c_double),
        ("center_y", c_double),
        ("scale_x", c_double),
        ("scale_y", c_double),
    )
