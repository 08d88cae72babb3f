"""What heads are told, by hand, in loops, and against libsdst's decoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch

from sdst_edge.models import build
from sdst_edge.training.targets.anchors import anchor_boxes, make_anchor_targets
from sdst_edge.training.targets.points import MIN_LTRB_PX, centerness, make_point_targets, narrowed, points
from sdst_edge.training.targets.response import make_response_targets
from sdst_runtime.config import ScalePyramid, TrackerConfig
from sdst_runtime.core import NativeTracker, State
from sdst_runtime.errors import ConfigError
from tests.parity.decode_formulas import search_scale_xy
from tests.parity.loss_formulas import anchor_chances
from tests.tolerances import ABS_POSITIVE_CELL_PX, ABS_TARGET_ROUND_TRIP_PX, REL_F32

NANO = build("sdst-nano-s").config
SIAMFCPP = build("siamfcpp-alexnet", width=0.25).config
SIAMRPN = build("siamrpn-alexnet", width=0.25).config
SIAMFC = build("siamfc-alexnet", width=0.25).config
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
ANCHORS = replace(SMALL, score_kind="softmax2", anchors=((32.0, 16.0), (16.0, 32.0)))
RESPONSE = replace(SMALL, stride_px=8.0, point_origin_px=-12.0, pyramid=ScalePyramid())

#: The tracker believes in a box that is wider, lower, and elsewhere.
TARGET_XYWH = (150.3, 90.6, 62.1, 40.8)
BELIEVED_OVER_TRUE = (1.2, 0.9)


def boxes(*rows: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(rows)


def shown(count: int = 1) -> torch.Tensor:
    return torch.ones(count, dtype=torch.bool)


def random_boxes(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = 80 * torch.rand(count, 2, generator=generator) - 40
    return torch.cat([corners, corners + 2 + 60 * torch.rand(count, 2, generator=generator)], 1)


def told_and_decoding(config: TrackerConfig, offset: tuple[float, float]) -> tuple[torch.Tensor, NativeTracker]:
    """The target as training sees it from a tracker that believes in a wrong box, and that tracker.

    Args:
        config: of the tracker; what it is told counts for all.
        offset: of the state from the target's centre, image px.
    """
    x, y, w, h = TARGET_XYWH
    state = State(x + w / 2 + offset[0], y + h / 2 + offset[1], BELIEVED_OVER_TRUE[0] * w, BELIEVED_OVER_TRUE[1] * h)
    frame = np.zeros((240, 320, 3), np.uint8)
    tracker = NativeTracker(config)
    tracker.template_input(frame, (x, y, w, h))
    tracker.set_state(*state)
    tracker.search_input(frame)
    scale_x, scale_y = search_scale_xy(config, state)
    left = x - state.center_x - config.box_offset_px
    top = y - state.center_y - config.box_offset_px
    return boxes((left * scale_x, top * scale_y, (left + w) * scale_x, (top + h) * scale_y)), tracker


def trusting(config: TrackerConfig) -> TrackerConfig:
    """The same tracker without window, penalty and smoothing."""
    return replace(config, window_influence=0.0, penalty_k=0.0, size_lr=1.0)


def test_points_lie_symmetric_about_the_search_centre() -> None:
    assert points(SMALL).tolist() == [-24.0, -8.0, 8.0, 24.0]


def test_make_point_targets_by_hand() -> None:
    targets = make_point_targets(boxes((-30.0, -20.0, 26.0, 16.0)), shown(), SMALL)
    # Core: half the sides about the centre (-2, -2), so |x + 2| <= 14 and |y + 2| <= 9.
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[1, 1:3] = True
    assert targets.positive[0].tolist() == expected.tolist()
    # Inside: -30 < x < 26 and -20 < y < 16, which rows 1 and 2 are; outside are rows 0 and 3.
    assert targets.negative[0].tolist() == [[True] * 4, [False] * 4, [False] * 4, [True] * 4]
    assert targets.ltrb[0, :, 1, 2].tolist() == [38.0, 12.0, 18.0, 24.0]  # of the point (8, -8)


def test_make_point_targets_takes_the_nearest_point_of_a_box_between_points() -> None:
    targets = make_point_targets(boxes((-3.0, 5.0, -1.0, 7.0)), shown(), SMALL)
    assert targets.positive[0].nonzero().tolist() == [[2, 1]]  # (-8, 8) is nearest to (-2, 6)
    assert int(targets.negative.sum()) == 15
    assert (targets.ltrb[0, :, 2, 1] >= MIN_LTRB_PX).all()


def test_make_point_targets_marks_no_point_twice() -> None:
    targets = make_point_targets(random_boxes(200), shown(200), SMALL)
    assert not (targets.positive & targets.negative).any()
    assert targets.positive.flatten(1).any(dim=1).all()


def test_make_point_targets_leaves_half_the_size_offset_to_the_decoder() -> None:
    targets = make_point_targets(boxes((-30.0, -20.0, 26.0, 16.0)), shown(), replace(SMALL, size_offset_px=1.0))
    assert targets.ltrb[0, :, 1, 2].tolist() == [37.5, 11.5, 17.5, 23.5]


def test_centerness_by_hand() -> None:
    ltrb = torch.tensor([[38.0, 12.0, 18.0, 24.0], [5.0, 5.0, 5.0, 5.0]])[:, :, None, None]
    assert centerness(ltrb).flatten().tolist() == pytest.approx([(18 / 38 * 12 / 24) ** 0.5, 1.0], rel=REL_F32)


@pytest.mark.parametrize("nothing", [float("nan"), float("inf"), 0.0, 10.0])
def test_a_pair_that_shows_no_target_is_all_negative(nothing: float) -> None:
    told = boxes((-30.0, -20.0, 26.0, 16.0), (nothing,) * 4)
    positive = torch.tensor([True, False])
    of_points = make_point_targets(told, positive, SMALL)
    assert not of_points.positive[1].any()
    assert of_points.negative[1].all()
    assert of_points.ltrb.isfinite().all()
    assert of_points.positive[0].any()
    of_anchors = make_anchor_targets(told, positive, ANCHORS)
    assert not of_anchors.positive[1].any()
    assert of_anchors.deltas.isfinite().all()
    of_response = make_response_targets(told, positive, RESPONSE)
    assert of_response.flatten(1).any(dim=1).tolist() == [True, False]


def test_anchor_boxes_by_hand() -> None:
    found = anchor_boxes(ANCHORS)
    assert found.shape == (4, 2, 4, 4)
    assert found[:, 0, 1, 2].tolist() == [8.0, -8.0, 32.0, 16.0]  # row 1, column 2
    assert found[:, 1, 3, 0].tolist() == [-24.0, 24.0, 16.0, 32.0]


def test_make_anchor_targets_by_hand() -> None:
    # 32 x 16 about (10, -7): the anchor about (8, -8) is off by (2, 1), shares 30 x 15 = 450 of 574: 0.78.
    # About (-8, -8), off by 18: 14 x 15 = 210 of 814: 0.26. About (24, -8), off by 14: 18 x 15 = 270 of 754: 0.36.
    # About (8, 8), off by 15 along y: 30 x 1 of 994. Upright about (8, -8): 16 x 16 = 256 of 768: 0.33;
    # about (24, -8), from 16 to 32: 10 x 16 = 160 of 864: 0.19; about (8, 8), from -8 to 24: 16 x 9 = 144 of 880: 0.16.
    targets = make_anchor_targets(boxes((-6.0, -15.0, 26.0, 1.0)), shown(), ANCHORS)
    assert targets.positive[0].nonzero().tolist() == [[0, 1, 2]]
    assert targets.positive[0, 0, 1, 2] == 1.0
    ignored = (targets.positive[0] + targets.negative[0] == 0).nonzero()
    assert ignored.tolist() == [[0, 1, 3], [1, 1, 2]]
    expected = [2 / 32, 1 / 16, 0.0, 0.0]
    assert targets.deltas[0, :, 0, 1, 2].tolist() == pytest.approx(expected, rel=REL_F32)
    upright = [2 / 16, 1 / 32, np.log(2), -np.log(2)]
    assert targets.deltas[0, :, 1, 1, 2].tolist() == pytest.approx(upright, rel=REL_F32)


@pytest.mark.parametrize("config", [ANCHORS, SIAMRPN], ids=["small", "siamrpn"])
def test_anchor_targets_weigh_what_pysot_draws_by_its_chance(config: TrackerConfig) -> None:
    told = 2 * random_boxes(8, seed=3)
    positive = torch.tensor([True] * 6 + [False] * 2)
    targets = make_anchor_targets(told, positive, config)
    anchors = anchor_boxes(config).permute(1, 2, 3, 0).double().numpy()
    for row in range(8):
        near, far = anchor_chances(anchors, tuple(told[row].tolist()) if positive[row] else None)
        np.testing.assert_allclose(targets.positive[row].numpy(), near, rtol=REL_F32)
        np.testing.assert_allclose(targets.negative[row].numpy(), far, rtol=REL_F32)
    assert targets.positive.sum(dim=(1, 2, 3)).max() <= 16 * (1 + REL_F32)


def test_anchor_targets_of_an_unshown_target_lie_in_the_middle() -> None:
    targets = make_anchor_targets(boxes((0.0,) * 4), torch.tensor([False]), SIAMRPN)
    assert SIAMRPN.response_size == 21
    middle = targets.negative[0, :, 7:14, 7:14]
    assert middle.sum() == pytest.approx(16, rel=REL_F32)
    assert targets.negative.sum() == pytest.approx(16, rel=REL_F32)
    assert (middle == middle[0, 0, 0]).all()


def test_make_response_targets_by_hand() -> None:
    # Cells at -12, -4, 4, 12 along both axes; the centre is (6, -3), 16 px of city block about it.
    positive = make_response_targets(boxes((-10.0, -10.0, 22.0, 4.0)), shown(), RESPONSE)
    assert positive[0].int().tolist() == [
        [0, 0, 1, 1],  # 9 down: 18 + 9, 10 + 9, 2 + 9, 6 + 9
        [0, 1, 1, 1],  # 1 up: 19, 11, 3, 7
        [0, 0, 1, 1],  # 7 up: 25, 17, 9, 13
        [0, 0, 0, 0],  # 15 up: 33, 25, 17, 21
    ]


def test_response_targets_of_a_wide_stride_have_a_positive_cell() -> None:
    config = replace(RESPONSE, stride_px=32.0, point_origin_px=-48.0)
    positive = make_response_targets(boxes((-4.0, -4.0, 4.0, 4.0)), shown(), config)  # 16 + 16 px to four cells
    assert positive[0].sum() == 4


@pytest.mark.parametrize("config", [NANO, narrowed(NANO, 12), SIAMFCPP], ids=["sdst-nano-s", "narrowed", "siamfcpp"])
@pytest.mark.parametrize("context", ["square", "rectangular"])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (11.5, -7.25)])
def test_point_targets_decode_to_the_box_they_were_made_of(
    config: TrackerConfig, context: Literal["square", "rectangular"], offset: tuple[float, float]
) -> None:
    """A tracker at a wrong place that is told the targets as outputs moves to the right one."""
    crop = replace(config.crop, context=context)
    told, tracker = told_and_decoding(replace(trusting(config), crop=crop), offset)
    targets = make_point_targets(told, shown(), tracker.config)
    score = torch.where(targets.positive, 40.0, -40.0).to(torch.float32)  # a probability of 1 - 4e-18
    if config.score_kind == "logit-centerness":
        score = torch.cat((score, torch.full_like(score, 40.0)))
    result = tracker.decode(score.numpy(), targets.ltrb.numpy())
    assert np.abs(np.array(result.box_xywh) - TARGET_XYWH).max() <= ABS_TARGET_ROUND_TRIP_PX


@pytest.mark.parametrize("offset", [(0.0, 0.0), (11.5, -7.25)])
def test_anchor_targets_decode_to_the_box_they_were_made_of(offset: tuple[float, float]) -> None:
    told, tracker = told_and_decoding(trusting(SIAMRPN), offset)
    targets = make_anchor_targets(told, shown(), tracker.config)
    target = torch.where(targets.positive[0] > 0, 40.0, -40.0)
    assert (target > 0).any()
    score = torch.cat((torch.zeros_like(target), target))[None]
    result = tracker.decode(score.numpy(), targets.deltas.flatten(1, 2).contiguous().numpy())
    assert np.abs(np.array(result.box_xywh) - TARGET_XYWH).max() <= ABS_TARGET_ROUND_TRIP_PX


@pytest.mark.parametrize("offset", [(0.0, 0.0), (31.5, -27.25)])
def test_response_targets_decode_to_the_centre_they_were_made_of(offset: tuple[float, float]) -> None:
    told, tracker = told_and_decoding(trusting(SIAMFC), offset)
    middle = make_response_targets(told, shown(), tracker.config)[0].to(torch.float32)
    score = middle.expand(SIAMFC.outputs["score"]).contiguous()
    x, y, w, h = tracker.decode(score.numpy()).box_xywh
    true_x, true_y, true_w, true_h = TARGET_XYWH
    assert abs(x + w / 2 - true_x - true_w / 2) <= ABS_POSITIVE_CELL_PX
    assert abs(y + h / 2 - true_y - true_h / 2) <= ABS_POSITIVE_CELL_PX


def test_narrowed_keeps_scale_and_middle() -> None:
    small = narrowed(NANO, 12)
    assert (small.search_size, small.response_size, small.point_origin_px) == (192, 12, -96.0)
    assert small.search_size / small.crop.search_scale == NANO.search_size / NANO.crop.search_scale
    assert points(small).tolist() == points(NANO)[1:-1].tolist()
    assert narrowed(NANO, 14) == NANO


@pytest.mark.parametrize("cells", [0, 15])
def test_narrowed_refuses_a_region_that_cannot_be(cells: int) -> None:
    with pytest.raises(ConfigError, match=f"{cells} cells"):
        narrowed(NANO, cells)
