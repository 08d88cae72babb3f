"""Decoding: libsdst against the numbers of the original trackers' own update steps."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_runtime.config import CropRule, ScalePyramid, SmallTarget, TrackerConfig
from sdst_runtime.core import NativeTracker, State
from tests.tolerances import ABS_DECODE_PX, REL_DECODE, REL_DECODE_SIAMFC

Maps: TypeAlias = tuple[NDArray[np.float32], ...]
Case: TypeAlias = dict[str, Any]

POINTS = TrackerConfig(
    template_size=127,
    search_size=255,
    response_size=16,
    stride_px=16.0,
    score_kind="softmax2",
    point_origin_px=-128.0,
    window_influence=0.4,
    penalty_k=0.1,
    size_lr=0.4,
    init_center_offset_px=-0.5,
    crop=CropRule(search_scale=255 / 127),
)
ANCHORS = replace(
    POINTS, stride_px=8.0, anchors=((104.0, 32.0), (88.0, 40.0), (64.0, 64.0), (40.0, 80.0), (32.0, 96.0))
)


# ------------------------------------------------------------------------------- configurations of the styles --


def pysot_numbers(hyper: Case) -> dict[str, Any]:
    """What PySOT's configurations call by the same names in every style."""
    return {
        "template_size": hyper["EXEMPLAR_SIZE"],
        "search_size": hyper["INSTANCE_SIZE"],
        "window_influence": hyper["WINDOW_INFLUENCE"],
        "penalty_k": hyper["PENALTY_K"],
        "size_lr": hyper["LR"],
        "crop": CropRule(search_scale=hyper["INSTANCE_SIZE"] / hyper["EXEMPLAR_SIZE"]),
    }


def nanotrack(hyper: Case, case: int) -> TrackerConfig:
    cells = hyper["OUTPUT_SIZE"]
    return replace(POINTS, response_size=cells, point_origin_px=-(cells // 2) * 16.0, **pysot_numbers(hyper))


def siamrpn(hyper: Case, case: int) -> TrackerConfig:
    cells = (hyper["INSTANCE_SIZE"] - hyper["EXEMPLAR_SIZE"]) // 8 + 1 + hyper["BASE_SIZE"]
    return replace(ANCHORS, response_size=cells, point_origin_px=-(cells // 2) * 8.0, **pysot_numbers(hyper))


def dasiamrpn(hyper: Case, case: int) -> TrackerConfig:
    config = replace(
        ANCHORS, search_size=271, response_size=19, point_origin_px=-76.0, crop=CropRule(search_scale=271 / 127)
    )
    if case < 10:
        small = SmallTarget(max_area_share=0.004, search_size=287, response_size=21)
        return replace(config, window_influence=0.42, penalty_k=0.055, size_lr=0.295, small_target=small)
    return replace(config, window_influence=0.40, penalty_k=0.22, size_lr=0.30)


def lighttrack(hyper: Case, case: int) -> TrackerConfig:
    template = 127 if case < 10 else 128
    config = replace(
        POINTS,
        template_size=template,
        search_size=256,
        score_kind="logit",
        size_smoothing="twice",
        small_target=SmallTarget(max_area_share=0.004, search_size=288, response_size=18),
        crop=CropRule(search_scale=256 / template),
    )
    if case < 10:
        return replace(config, window_influence=0.225, penalty_k=0.007, size_lr=0.616)
    return replace(config, window_influence=0.38, penalty_k=0.062, size_lr=0.765)


def siamfcpp(hyper: Case, case: int) -> TrackerConfig:
    return replace(
        POINTS,
        search_size=hyper["x_size"],
        response_size=hyper["score_size"],
        stride_px=float(hyper["total_stride"]),
        score_kind="logit-centerness",
        point_origin_px=float(hyper["score_offset"] - hyper["x_size"] // 2),
        window_influence=hyper["window_influence"],
        penalty_k=hyper["penalty_k"],
        size_lr=hyper["test_lr"],
        size_offset_px=1.0,
        box_offset_px=0.5,
        crop=CropRule(search_scale=hyper["x_size"] / hyper["z_size"]),
    )


def siamfc(hyper: Case, case: int) -> TrackerConfig:
    return replace(
        POINTS,
        response_size=hyper["response_sz"],
        stride_px=float(hyper["total_stride"]),
        score_kind="logit",
        point_origin_px=-64.0,
        window_influence=hyper["window_influence"],
        size_lr=hyper["scale_lr"],
        min_side_px=1e-3,
        box_offset_px=0.5,
        clamp_center=False,
        pyramid=ScalePyramid(
            count=hyper["scale_num"],
            step=hyper["scale_step"],
            penalty=hyper["scale_penalty"],
            upsampling=hyper["response_up"],
        ),
    )


# ------------------------------------------------------------------------------------------- outputs of a case --


def draws(case: Case) -> np.random.Generator:
    """Random numbers of a case after those of its state, as the file's ``rule`` says."""
    generator = np.random.default_rng(1000 + case["case"])
    width, height = int(generator.integers(320, 1281)), int(generator.integers(240, 721))
    assert [width, height] == case["image_wh"], "NumPy's random numbers changed"
    generator.uniform(size=6 if case["case"] in (3, 4) else 4)
    return generator


def float32(*maps: NDArray[np.float64]) -> Maps:
    return tuple(values.astype(np.float32) for values in maps)


def point_maps(case: Case, config: TrackerConfig) -> Maps:
    generator = draws(case)
    score, ltrb = config.outputs.values()
    return float32(generator.normal(0, 2, score), np.exp(generator.normal(3.4, 0.4, ltrb)))


def anchor_maps(case: Case, config: TrackerConfig) -> Maps:
    generator = draws(case)
    score, deltas = config.outputs.values()
    return float32(generator.normal(0, 2, score), generator.normal(0, 0.4, deltas))


def response_maps(case: Case, config: TrackerConfig) -> Maps:
    generator = draws(case)
    response = generator.normal(0, 1, config.outputs["score"])
    row, column = generator.integers(3, 14), generator.integers(3, 14)
    response[generator.integers(0, config.scales), 0, row, column] += 6
    return float32(response)


# ----------------------------------------------------------------------------------------------------- the tests --


def start(config: TrackerConfig, frame_wh: tuple[int, int], state: State) -> NativeTracker:
    """A tracker that has taken a target of that size and begun a search from ``state``, in a frame of that size."""
    frame = np.zeros((frame_wh[1], frame_wh[0], 3), np.uint8)
    tracker = NativeTracker(config)
    left, top = state.center_x - state.width / 2, state.center_y - state.height / 2
    tracker.template_input(frame, (left, top, state.width, state.height))
    tracker.set_state(*state)
    tracker.search_input(frame)
    return tracker


def cases(shared: Path, style: str) -> tuple[Case, list[Case]]:
    data = json.loads((shared / "reference" / "tracking" / f"decode_{style}.json").read_text(encoding="utf-8"))
    assert len(data["cases"]) == 20
    return data["hyper"], data["cases"]


@pytest.mark.parametrize(
    ("style", "configure", "maps_of"),
    [
        ("nanotrack_v1", nanotrack, point_maps),
        ("nanotrack_v2", nanotrack, point_maps),
        ("nanotrack_v3", nanotrack, point_maps),
        ("siamrpn", siamrpn, anchor_maps),
        ("siamrpnpp", siamrpn, anchor_maps),
        ("dasiamrpn", dasiamrpn, anchor_maps),
        ("lighttrack", lighttrack, point_maps),
        ("siamfcpp", siamfcpp, point_maps),
    ],
)
def test_decode_equals_original(
    shared: Path,
    style: str,
    configure: Callable[[Case, int], TrackerConfig],
    maps_of: Callable[[Case, TrackerConfig], Maps],
) -> None:
    hyper, all_cases = cases(shared, style)
    for case in all_cases:
        config = configure(hyper, case["case"])
        tracker = start(config, tuple(case["image_wh"]), State(*case["center"], *case["size"]))
        assert tracker.target_config.search_size == case.get("instance_size", config.search_size)
        result = tracker.decode(*maps_of(case, tracker.target_config))
        state = tracker.state()
        assert result.best_index == case["best_idx"]
        assert result.score == pytest.approx(case["score"], rel=REL_DECODE)
        assert result.penalized_score == pytest.approx(case["pscore"], rel=REL_DECODE)
        assert (state.center_x, state.center_y) == pytest.approx(case["new_center"], rel=REL_DECODE)
        assert (state.width, state.height) == pytest.approx(case["new_size"], rel=REL_DECODE)
        box = case.get("box_xywh", case.get("rect_xywh"))
        if box is not None:
            assert result.box_xywh == pytest.approx(box, rel=0, abs=ABS_DECODE_PX)


def test_decode_equals_original_siamfc(shared: Path) -> None:
    hyper, all_cases = cases(shared, "siamfc")
    for case in all_cases:
        config = siamfc(hyper, case["case"])
        tracker = start(config, tuple(case["image_wh"]), State(*case["center_xy"], *case["size_wh"]))
        result = tracker.decode(*response_maps(case, config))
        state = tracker.state()
        side = config.response_size * 16
        scale, cell = divmod(result.best_index, side * side)
        assert scale == case["scale_id"]
        assert np.abs(np.subtract(divmod(cell, side), case["loc_row_col"])).max() <= 1
        assert result.penalized_score == pytest.approx(case["peak"], rel=REL_DECODE_SIAMFC)
        assert (state.height, state.width) == pytest.approx(case["new_size_hw"], rel=REL_DECODE_SIAMFC)
        # A cell of the enlarged response is half a pixel of the search input.
        cell_px = 0.5 * case["x_sz"] * hyper["scale_step"] / config.search_size
        assert (state.center_y, state.center_x) == pytest.approx(case["new_center_yx"], rel=0, abs=cell_px + 1e-3)
        zero_based = np.subtract(case["box_xywh_1indexed"], (1, 1, 0, 0))
        assert result.box_xywh == pytest.approx(zero_based, rel=0, abs=cell_px + 1e-3)
        assert math.isfinite(result.score)
