"""Decoding: what holds for any configuration and any finite outputs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdst_runtime.config import CropRule, ScalePyramid, TrackerConfig
from sdst_runtime.core import NativeTracker, State
from tests.tolerances import ABS_MOVED_PX, REL_SUM_F64

FRAME = np.zeros((90, 120, 3), np.uint8)
PLAIN = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=5,
    stride_px=8.0,
    score_kind="logit",
    point_origin_px=-16.0,
    window_influence=0.3,
    penalty_k=0.1,
    size_lr=0.5,
)
KINDS = {
    "points": {},
    "centre-ness": {"score_kind": "logit-centerness", "size_offset_px": 1.0},
    "anchors": {"score_kind": "softmax2", "anchors": ((8.0, 16.0), (16.0, 8.0))},
    "response": {"pyramid": ScalePyramid(upsampling=3, step=1.2), "clamp_center": False},
}


@st.composite
def configs(draw: st.DrawFn) -> TrackerConfig:
    changes: dict[str, Any] = dict(KINDS[draw(st.sampled_from(sorted(KINDS)))])
    changes["size_smoothing"] = draw(st.sampled_from(["none", "once", "twice"]))
    changes["crop"] = CropRule(context=draw(st.sampled_from(["square", "rectangular"])))
    for name, high in {"window_influence": 1.0, "penalty_k": 2.0, "size_lr": 1.0}.items():
        changes[name] = draw(st.floats(0, high))
    return replace(PLAIN, **changes)


@st.composite
def maps(
    draw: st.DrawFn, config: TrackerConfig, magnitudes: tuple[float, ...] = (0.0, 1e-30, 1.0, 30.0, 3e38)
) -> tuple[np.ndarray[Any, Any], ...]:
    """Float32 of one magnitude: tiny, usual, or as large as they come."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    magnitude = draw(st.sampled_from(magnitudes))
    return tuple((magnitude * generator.uniform(-1, 1, shape)).astype(np.float32) for shape in config.outputs.values())


def searching(config: TrackerConfig, state: State) -> NativeTracker:
    tracker = NativeTracker(config)
    tracker.template_input(FRAME, (10.0, 10.0, 20.0, 20.0))
    tracker.set_state(*state)
    tracker.search_input(FRAME)
    return tracker


STATES = st.builds(State, st.floats(0, 120), st.floats(0, 90), st.floats(0.1, 120), st.floats(0.1, 90))


@given(data=st.data(), config=configs(), state=STATES)
def test_any_finite_outputs_give_a_box_within_its_bounds(
    data: st.DataObject, config: TrackerConfig, state: State
) -> None:
    tracker = searching(config, state)
    result = tracker.decode(*data.draw(maps(config)))
    assert all(math.isfinite(value) for value in (*result.box_xywh, result.score, result.penalized_score))
    assert 0 <= result.score <= 1
    assert config.min_side_px <= result.box_xywh[2] <= 120
    assert config.min_side_px <= result.box_xywh[3] <= 90
    x, y, _, _ = tracker.state()
    assert not config.clamp_center or (0 <= x <= 120 and 0 <= y <= 90)
    enlarged = config.pyramid.upsampling if config.pyramid else 1
    assert 0 <= result.best_index < config.scales * max(1, len(config.anchors)) * (5 * enlarged) ** 2
    tracker.close()


@given(data=st.data(), config=configs(), state=STATES, dx=st.integers(-40, 40), dy=st.integers(-40, 40))
def test_a_moved_target_moves_the_box_as_far(
    data: st.DataObject, config: TrackerConfig, state: State, dx: int, dy: int
) -> None:
    config = replace(config, clamp_center=False)
    moved = state._replace(center_x=state.center_x + dx, center_y=state.center_y + dy)
    outputs = data.draw(maps(config, (0.0, 1.0, 30.0)))
    here, there = (searching(config, each).decode(*outputs) for each in (state, moved))
    assert here[1:] == there[1:]
    expected = (here.box_xywh[0] + dx, here.box_xywh[1] + dy, *here.box_xywh[2:])
    assert there.box_xywh == pytest.approx(expected, rel=REL_SUM_F64, abs=ABS_MOVED_PX)


@given(data=st.data(), config=configs(), state=STATES)
def test_the_same_outputs_give_the_same_result(data: st.DataObject, config: TrackerConfig, state: State) -> None:
    outputs = data.draw(maps(config))
    assert searching(config, state).decode(*outputs) == searching(config, state).decode(*outputs)
