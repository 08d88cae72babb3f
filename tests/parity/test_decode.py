"""Decoding of points: libsdst against the original trackers' numbers, and against the formulas in NumPy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.core import NativeTracker, State
from tests.tolerances import ABS_DECODE_PX, REL_DECODE

Maps = NDArray[np.float32]


def nanotrack_config(hyper: dict[str, Any]) -> TrackerConfig:
    cells = hyper["OUTPUT_SIZE"]
    return TrackerConfig(
        template_size=hyper["EXEMPLAR_SIZE"],
        search_size=hyper["INSTANCE_SIZE"],
        response_size=cells,
        stride_px=16.0,
        score_kind="softmax2",
        point_origin_px=-(cells // 2) * 16.0,
        window_influence=hyper["WINDOW_INFLUENCE"],
        penalty_k=hyper["PENALTY_K"],
        size_lr=hyper["LR"],
        init_center_offset_px=-0.5,
        crop=CropRule(
            context_amount=hyper["CONTEXT_AMOUNT"], search_scale=hyper["INSTANCE_SIZE"] / hyper["EXEMPLAR_SIZE"]
        ),
    )


def raw_outputs(case: dict[str, Any], cells: int) -> tuple[Maps, Maps]:
    """Score and ltrb maps of a case, drawn as the file's ``rule`` says."""
    generator = np.random.default_rng(1000 + case["case"])
    width, height = int(generator.integers(320, 1281)), int(generator.integers(240, 721))
    assert [width, height] == case["image_wh"], "NumPy's random numbers changed"
    state_draws = 6 if case["case"] in (3, 4) else 4
    for _ in range(state_draws):
        generator.uniform()
    score = generator.normal(0, 2, (1, 2, cells, cells)).astype(np.float32)
    ltrb = np.exp(generator.normal(3.4, 0.4, (1, 4, cells, cells))).astype(np.float32)
    return score, ltrb


def start(tracker: NativeTracker, frame_wh: tuple[int, int], state: State) -> None:
    """Puts a tracker where a search from ``state`` has just begun, in a frame of that size."""
    frame = np.zeros((frame_wh[1], frame_wh[0], 3), np.uint8)
    tracker.template_input(frame, (0.0, 0.0, 20.0, 20.0))
    tracker.set_state(*state)
    tracker.search_input(frame)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_decode_equals_original_nanotrack(shared: Path, version: int) -> None:
    data = json.loads((shared / "reference" / "tracking" / f"decode_nanotrack_v{version}.json").read_text())
    config = nanotrack_config(data["hyper"])
    tracker = NativeTracker(config)
    assert len(data["cases"]) == 20
    for case in data["cases"]:
        start(tracker, tuple(case["image_wh"]), State(*case["center"], *case["size"]))
        result = tracker.decode(*raw_outputs(case, config.response_size))
        state = tracker.state()
        assert result.best_index == case["best_idx"]
        assert result.score == pytest.approx(case["score"], rel=REL_DECODE)
        assert result.penalized_score == pytest.approx(case["pscore"], rel=REL_DECODE)
        assert (state.center_x, state.center_y) == pytest.approx(case["new_center"], rel=REL_DECODE)
        assert (state.width, state.height) == pytest.approx(case["new_size"], rel=REL_DECODE)
        assert result.box_xywh == pytest.approx(case["box_xywh"], rel=0, abs=ABS_DECODE_PX)


def decode_plain(config: TrackerConfig, frame_wh: tuple[int, int], state: State, score: Maps, ltrb: Maps) -> State:
    """The next state, written out in float64: the specification of decode.c and of the state's move."""
    amount = config.crop.context_amount
    w, h = state.width, state.height
    if config.crop.context == "square":
        side = np.sqrt((w + amount * (w + h)) * (h + amount * (w + h)))
        scale_x = scale_y = config.template_size / side
    else:
        scale_x, scale_y = (config.template_size / (side * (1 + 2 * amount)) for side in (w, h))
    logits = score.astype(np.float64).reshape(config.outputs["score"][1], -1)
    foreground = 1 / (1 + np.exp(-(logits[1] - logits[0] if config.score_kind == "softmax2" else logits[0])))
    left, top, right, bottom = ltrb.astype(np.float64).reshape(4, -1)

    def size(width: Any, height: Any) -> Any:
        context = (width + height) / 2
        return np.sqrt((width + context) * (height + context))

    def change(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(ratio, 1 / ratio)

    size_change = change(size(left + right, top + bottom) / size(w * scale_x, h * scale_y))
    aspect_change = change((w * scale_x) / (h * scale_y) / ((left + right) / (top + bottom)))
    penalty = np.exp(-(size_change * aspect_change - 1) * config.penalty_k)
    window = np.outer(np.hanning(config.response_size), np.hanning(config.response_size)).ravel()
    influence = config.window_influence
    best = int(np.argmax((1 - influence) * penalty * foreground + influence * window))

    row, column = divmod(best, config.response_size)
    rate = penalty[best] * foreground[best] * config.size_lr
    offset_x = config.point_origin_px + config.stride_px * column + (right[best] - left[best]) / 2
    offset_y = config.point_origin_px + config.stride_px * row + (bottom[best] - top[best]) / 2
    return State(
        float(np.clip(state.center_x + offset_x / scale_x, 0, frame_wh[0])),
        float(np.clip(state.center_y + offset_y / scale_y, 0, frame_wh[1])),
        float(np.clip((1 - rate) * w + rate * (left + right)[best] / scale_x, config.min_side_px, frame_wh[0])),
        float(np.clip((1 - rate) * h + rate * (top + bottom)[best] / scale_y, config.min_side_px, frame_wh[1])),
    )


@pytest.mark.parametrize("context", ["square", "rectangular"])
@pytest.mark.parametrize("score_kind", ["softmax2", "logit"])
def test_decode_equals_formulas(context: Any, score_kind: Any) -> None:
    config = TrackerConfig(
        template_size=64,
        search_size=128,
        response_size=9,
        stride_px=12.5,
        score_kind=score_kind,
        point_origin_px=-47.0,
        window_influence=0.35,
        penalty_k=0.2,
        size_lr=0.6,
        crop=CropRule(context=context, context_amount=0.3),
    )
    tracker = NativeTracker(config)
    generator = np.random.default_rng(5)
    for _ in range(200):
        frame_wh = (int(generator.integers(20, 400)), int(generator.integers(20, 300)))
        state = State(
            float(generator.uniform(0, frame_wh[0])),
            float(generator.uniform(0, frame_wh[1])),
            *(float(side) for side in generator.uniform(3, 90, 2)),
        )
        score = generator.normal(0, 2, (config.outputs["score"][1], 9, 9)).astype(np.float32)
        ltrb = generator.uniform(0.5, 70, (4, 9, 9)).astype(np.float32)
        start(tracker, frame_wh, state)
        tracker.decode(score, ltrb)
        assert tracker.state() == pytest.approx(decode_plain(config, frame_wh, state, score, ltrb), rel=REL_DECODE)
