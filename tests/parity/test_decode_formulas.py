"""Decoding: libsdst against the formulas in NumPy, for every kind of outputs and rule of the state."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import CropRule, ScalePyramid, SmallTarget, TrackerConfig
from sdst_runtime.core import NativeTracker, State
from tests.parity.decode_formulas import decode_boxes, decode_response, enlarged
from tests.tolerances import ABS_CUBIC_F32, REL_DECODE

POINTS = TrackerConfig(
    template_size=64,
    search_size=128,
    response_size=9,
    stride_px=12.5,
    score_kind="softmax2",
    point_origin_px=-47.0,
    window_influence=0.35,
    penalty_k=0.2,
    size_lr=0.6,
    crop=CropRule(context_amount=0.3, search_scale=1.9),
)
ANCHORS = replace(POINTS, anchors=((20.0, 30.0), (31.0, 19.0), (25.0, 25.0)))
RESPONSE = replace(
    POINTS, score_kind="logit", min_side_px=1.0, clamp_center=False, pyramid=ScalePyramid(count=3, upsampling=16)
)
# As FEAR is: each axis has a scale of its own, the box is believed at once.
RECTANGULAR = replace(
    POINTS,
    score_kind="logit",
    size_smoothing="none",
    crop=CropRule(context="rectangular", context_amount=0.2, search_scale=5 / 1.4),
)

BOXES = {
    "points": POINTS,
    "logit": replace(POINTS, score_kind="logit"),
    "centre-ness": replace(POINTS, score_kind="logit-centerness", size_offset_px=1.0, box_offset_px=0.5),
    "rectangular": RECTANGULAR,
    "rectangular, nothing penalised": replace(RECTANGULAR, penalty_k=0.0, window_influence=0.0),
    "rectangular, smoothed": replace(RECTANGULAR, size_smoothing="twice"),
    "centre not clamped": replace(POINTS, clamp_center=False),
    "anchors": ANCHORS,
    "one anchor": replace(ANCHORS, anchors=((22.0, 28.0),)),
    "anchors in rectangles": replace(ANCHORS, crop=CropRule(context="rectangular")),
    "anchors, smoothed twice": replace(ANCHORS, size_smoothing="twice"),
}
RESPONSES = {
    "three scales": RESPONSE,
    "one scale": replace(RESPONSE, pyramid=ScalePyramid(count=1, upsampling=4)),
    "five scales": replace(RESPONSE, pyramid=ScalePyramid(count=5, step=1.2, penalty=0.8, upsampling=3)),
    "not enlarged": replace(RESPONSE, pyramid=ScalePyramid(upsampling=1)),
    "centre off the middle, clamped": replace(RESPONSE, point_origin_px=-41.0, clamp_center=True),
    "no window": replace(RESPONSE, window_influence=0.0),
}


def random_state(generator: np.random.Generator, frame_wh: tuple[int, int]) -> State:
    center = generator.uniform(0, frame_wh)
    return State(*(float(value) for value in (*center, *generator.uniform(3, 90, 2))))


def random_maps(generator: np.random.Generator, config: TrackerConfig) -> tuple[NDArray[np.float32], ...]:
    made = {
        "score": generator.normal(0, 2, config.outputs["score"]),
        "ltrb": generator.uniform(0.5, 70, config.outputs.get("ltrb", ())),
        "deltas": generator.normal(0, 0.5, config.outputs.get("deltas", ())),
    }
    return tuple(np.asarray(made[name], np.float32) for name in config.outputs)


def search(tracker: NativeTracker, frame_wh: tuple[int, int], state: State) -> None:
    """Begins a search from ``state`` in a frame of that size."""
    frame = np.zeros((frame_wh[1], frame_wh[0], 3), np.uint8)
    tracker.template_input(frame, (0.0, 0.0, 20.0, 20.0))
    tracker.set_state(*state)
    tracker.search_input(frame)


@pytest.mark.parametrize("kind", [*BOXES, *RESPONSES])
def test_decode_equals_formulas(kind: str) -> None:
    config = {**BOXES, **RESPONSES}[kind]
    tracker = NativeTracker(config)
    generator = np.random.default_rng(5)
    for _ in range(150 if kind in BOXES else 20):
        frame_wh = (int(generator.integers(20, 400)), int(generator.integers(20, 300)))
        state = random_state(generator, frame_wh)
        maps = random_maps(generator, config)
        search(tracker, frame_wh, state)
        result = tracker.decode(*maps)
        expected = (decode_boxes if kind in BOXES else decode_response)(config, frame_wh, state, *maps)
        assert result.best_index == expected.index
        assert result.score == pytest.approx(expected.score, rel=REL_DECODE)
        assert result.penalized_score == pytest.approx(expected.penalized.max(), rel=REL_DECODE)
        moved = expected.state
        assert tracker.state() == pytest.approx(moved, rel=REL_DECODE)
        corner = np.array([moved.center_x - moved.width / 2, moved.center_y - moved.height / 2]) + config.box_offset_px
        assert result.box_xywh == pytest.approx((*corner, moved.width, moved.height), rel=REL_DECODE)


def test_small_targets_decode_as_their_own_configuration() -> None:
    small = SmallTarget(max_area_share=0.01, search_size=160, response_size=11)
    for plain in (POINTS, ANCHORS):
        config = replace(plain, small_target=small)
        resized = config.for_small_target()
        assert resized is not None
        generator = np.random.default_rng(6)
        tracker, other = NativeTracker(config), NativeTracker(resized)
        frame = generator.integers(0, 256, (200, 300, 3), dtype=np.uint8)
        box = (100.0, 80.0, 20.0, 25.0)
        for each in (tracker, other):
            each.template_input(frame, box)
        assert tracker.target_config == resized
        for _ in range(10):  # the target may outgrow the share: the choice stays
            assert np.array_equal(tracker.search_input(frame), other.search_input(frame))
            maps = random_maps(generator, resized)
            assert tracker.decode(*maps) == other.decode(*maps)


@pytest.mark.parametrize(("size", "factor"), [(17, 16), (5, 3), (2, 8), (1, 4)])
def test_enlarging_is_opencvs(size: int, factor: int) -> None:
    response = np.random.default_rng(size).normal(0, 1, (size, size))
    side = size * factor
    theirs = cv2.resize(response.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    assert np.abs(enlarged(response, factor) - theirs).max() <= ABS_CUBIC_F32
