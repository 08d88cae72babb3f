"""What a head of points is told, by hand and against libsdst's decoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from sdst_edge.models import build
from sdst_edge.training.targets import MIN_LTRB_PX, make_targets, narrowed, points, search_scale
from sdst_runtime.config import CropRule, TrackerConfig
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import ConfigError
from tests.tolerances import ABS_TARGET_ROUND_TRIP_PX, REL_F32

NANO = build("sdst-nano-s").config
SMALL = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=4,
    stride_px=16.0,
    score_kind="logit",
    point_origin_px=-24.0,
    window_influence=0.0,
    penalty_k=0.0,
    size_lr=1.0,
    min_side_px=1.0,
)


def boxes(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows)


def test_points_lie_symmetric_about_the_search_centre() -> None:
    assert points(SMALL).tolist() == [-24.0, -8.0, 8.0, 24.0]


def test_make_targets_by_hand() -> None:
    targets = make_targets(boxes((-30.0, -20.0, 26.0, 16.0)), SMALL)
    # Core: half the sides about the centre (-2, -2), so |x + 2| <= 14 and |y + 2| <= 9.
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[1, 1:3] = True
    assert targets.positive[0].tolist() == expected.tolist()
    # Inside: -30 < x < 26 and -20 < y < 16, which rows 1 and 2 are; outside are rows 0 and 3.
    assert targets.negative[0].tolist() == [[True] * 4, [False] * 4, [False] * 4, [True] * 4]
    assert targets.ltrb[0, :, 1, 2].tolist() == [38.0, 12.0, 18.0, 24.0]  # of the point (8, -8)


def test_make_targets_takes_the_nearest_point_of_a_box_between_points() -> None:
    targets = make_targets(boxes((-3.0, 5.0, -1.0, 7.0)), SMALL)
    assert targets.positive[0].nonzero().tolist() == [[2, 1]]  # (-8, 8) is nearest to (-2, 6)
    assert int(targets.negative.sum()) == 15
    assert (targets.ltrb[0, :, 2, 1] >= MIN_LTRB_PX).all()


def test_make_targets_marks_no_point_twice() -> None:
    generator = torch.Generator().manual_seed(0)
    corners = 80 * torch.rand(200, 2, generator=generator) - 40
    targets = make_targets(torch.cat([corners, corners + 2 + 60 * torch.rand(200, 2, generator=generator)], 1), SMALL)
    assert not (targets.positive & targets.negative).any()
    assert targets.positive.flatten(1).any(dim=1).all()


@pytest.mark.parametrize("config", [NANO, narrowed(NANO, 12)], ids=["sdst-nano-s", "narrowed"])
@pytest.mark.parametrize("context", ["square", "rectangular"])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (11.5, -7.25)])
def test_targets_decode_to_the_box_they_were_made_of(
    config: TrackerConfig, context: str, offset: tuple[float, float]
) -> None:
    """A tracker at a wrong place that is told the targets as outputs moves to the right one."""
    config = replace(
        config, window_influence=0.0, penalty_k=0.0, size_lr=1.0, crop=replace(config.crop, context=context)
    )
    x, y, w, h = 150.3, 90.6, 62.1, 40.8
    frame = np.zeros((240, 320, 3), np.uint8)
    tracker = NativeTracker(config)
    tracker.template_input(frame, (x, y, w, h))
    tracker.set_state(x + w / 2 + offset[0], y + h / 2 + offset[1], 1.2 * w, 0.9 * h)
    tracker.search_input(frame)
    scale_x, scale_y = search_scale(config, 1.2 * w, 0.9 * h)
    left, top = (-w / 2 - offset[0]) * scale_x, (-h / 2 - offset[1]) * scale_y
    targets = make_targets(boxes((left, top, left + w * scale_x, top + h * scale_y)), config)
    score = torch.where(targets.positive, 40.0, -40.0).to(torch.float32)  # a probability of 1 - 4e-18
    result = tracker.decode(score.numpy(), targets.ltrb.numpy())
    assert np.abs(np.array(result.box_xywh) - (x, y, w, h)).max() <= ABS_TARGET_ROUND_TRIP_PX


def test_search_scale_by_hand() -> None:
    # Margin 0.5 (60 + 20) = 40: side sqrt(100 * 60) for a template of 32 px.
    assert search_scale(SMALL, 60.0, 20.0)[0] == pytest.approx(32 / 6000**0.5, rel=REL_F32)
    fear = replace(SMALL, crop=CropRule(context="rectangular", context_amount=0.2))
    assert search_scale(fear, 60.0, 20.0) == pytest.approx((32 / 84, 32 / 28), rel=REL_F32)


def test_narrowed_keeps_scale_and_middle() -> None:
    small = narrowed(NANO, 12)
    assert (small.search_size, small.response_size, small.point_origin_px) == (192, 12, -88.0)
    assert small.search_size / small.crop.search_scale == NANO.search_size / NANO.crop.search_scale
    assert points(small).tolist() == points(NANO)[2:-2].tolist()
    assert narrowed(NANO, 16) == NANO


@pytest.mark.parametrize("cells", [0, 17])
def test_narrowed_refuses_a_region_that_cannot_be(cells: int) -> None:
    with pytest.raises(ConfigError, match=f"{cells} cells"):
        narrowed(NANO, cells)
