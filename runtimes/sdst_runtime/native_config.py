"""A tracker's configuration as ``runtimes/core/include/sdst.h`` has it."""

from __future__ import annotations

import ctypes

from sdst_runtime.config import MAX_ANCHORS, ScalePyramid, SmallTarget, TrackerConfig
from sdst_runtime.native import BORDERS, INTERPOLATIONS, ROUNDINGS, native_normalization
from sdst_runtime.native_structs import NativeAnchor, NativeConfig, NativeScalePyramid, NativeSmallTarget

__all__ = ["CONTEXTS", "OUTPUT_KINDS", "SCORE_KINDS", "SIZE_SMOOTHINGS", "native_config"]

#: Values of ``sdst_output_kind``, ``sdst_score_kind``, ``sdst_size_smoothing`` and ``sdst_context`` by their names.
OUTPUT_KINDS: dict[str, int] = {"points": 0, "anchors": 1, "response": 2}
SCORE_KINDS: dict[str, int] = {"softmax2": 0, "logit": 1, "logit-centerness": 2}
SIZE_SMOOTHINGS: dict[str, int] = {"none": 0, "once": 1, "twice": 2}
CONTEXTS: dict[str, int] = {"square": 0, "rectangular": 1}


def native_config(config: TrackerConfig) -> NativeConfig:
    """``config`` as C takes it. Whether its numbers go together is for ``sdst_tracker_create`` to say."""
    crop = config.crop
    return NativeConfig(
        struct_size=ctypes.sizeof(NativeConfig),
        template_size=config.template_size,
        search_size=config.search_size,
        response_size=config.response_size,
        output_kind=OUTPUT_KINDS[config.output_kind],
        score_kind=SCORE_KINDS[config.score_kind],
        context=CONTEXTS[crop.context],
        rounding=ROUNDINGS[crop.rounding],
        interpolation=INTERPOLATIONS[crop.interpolation],
        border=BORDERS[crop.border],
        border_value=(ctypes.c_uint8 * 4)(*crop.border_value, 0),
        normalization=native_normalization(config.normalization),
        context_amount=crop.context_amount,
        search_scale=crop.search_scale,
        init_center_offset_px=config.init_center_offset_px,
        small_target=_native_small_target(config.small_target),
        stride_px=config.stride_px,
        point_origin_px=config.point_origin_px,
        anchor_count=len(config.anchors),
        anchors=(NativeAnchor * MAX_ANCHORS)(*(NativeAnchor(*anchor) for anchor in config.anchors)),
        pyramid=_native_pyramid(config.pyramid),
        window_influence=config.window_influence,
        penalty_k=config.penalty_k,
        size_lr=config.size_lr,
        size_smoothing=SIZE_SMOOTHINGS[config.size_smoothing],
        clamp_center=config.clamp_center,
        min_side_px=config.min_side_px,
        size_offset_px=config.size_offset_px,
        box_offset_px=config.box_offset_px,
        found_threshold=config.found_threshold,
    )


def _native_small_target(small: SmallTarget | None) -> NativeSmallTarget:
    if small is None:
        return NativeSmallTarget()
    return NativeSmallTarget(small.search_size, small.response_size, small.max_area_share)


def _native_pyramid(pyramid: ScalePyramid | None) -> NativeScalePyramid:
    if pyramid is None:
        return NativeScalePyramid()
    return NativeScalePyramid(pyramid.count, pyramid.upsampling, pyramid.step, pyramid.penalty)
