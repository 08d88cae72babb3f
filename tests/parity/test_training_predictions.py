"""Predictions of any head against the decoder's formulas, and on another grid against loops in NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdst_edge.models.base import Maps
from sdst_edge.training.teachers.grids import onto
from sdst_edge.training.teachers.prediction import Prediction, as_plain_head, best_candidate, predict
from sdst_runtime.config import ScalePyramid, TrackerConfig
from sdst_runtime.core import State
from tests.parity.decode_formulas import decode_boxes, search_scale_xy
from tests.tolerances import ABS_DECODE_PX, ABS_GRID_PX, REL_F32

SIDE = 7
POINTS = TrackerConfig(
    template_size=32,
    search_size=64,
    response_size=SIDE,
    stride_px=8.0,
    score_kind="logit",
    point_origin_px=-24.0,
    window_influence=0.0,
    penalty_k=0.0,
    size_lr=1.0,
    size_smoothing="none",
    min_side_px=1e-3,
    clamp_center=False,
)
ANCHORS = replace(POINTS, score_kind="softmax2", anchors=((16.0, 8.0), (8.0, 16.0), (12.0, 12.0)))
CENTRAL = replace(POINTS, score_kind="logit-centerness", size_offset_px=1.0)
RESPONSE = replace(POINTS, pyramid=ScalePyramid(count=1, upsampling=1))
EACH = pytest.mark.parametrize(
    "config",
    [POINTS, replace(POINTS, score_kind="softmax2"), CENTRAL, ANCHORS],
    ids=["logit", "softmax2", "centerness", "anchors"],
)


def random_maps(config: TrackerConfig, pairs: int = 2, seed: int = 0) -> Maps:
    generator = torch.Generator().manual_seed(seed)
    score, *boxes = (torch.randn(pairs, *shape[1:], generator=generator) for shape in config.outputs.values())
    return (score, *(item * 0.3 if config.anchors else item.exp() * 8 for item in boxes))


@EACH
def test_predictions_are_what_the_decoder_makes_of_the_maps(config: TrackerConfig) -> None:
    maps = random_maps(config)
    logit, ltrb = predict(maps, config)
    assert ltrb is not None
    frame, state = (10_000, 10_000), State(5000, 5000, 40, 30)
    scale = search_scale_xy(config, state)
    for index in np.random.default_rng(0).integers(0, logit[0].numel(), 12):
        candidate, row, column = np.unravel_index(index, logit.shape[1:])
        loud = [item[:1].clone() for item in maps]
        loud[0][0, candidate if config.score_kind != "softmax2" else candidate + logit.shape[1], row, column] = 30.0
        if config.score_kind == "logit-centerness":
            loud[0][0, 1, row, column] = 30.0
        found = decode_boxes(config, frame, state, *(item.numpy() for item in loud))
        assert found.index == index
        center = (np.array(found.state[:2]) - 5000) * scale
        size = np.array(found.state[2:]) * scale
        left, top, right, bottom = ltrb[0, candidate, :, row, column].tolist()
        point = config.point_origin_px + config.stride_px * np.array([column, row])
        np.testing.assert_allclose(
            point + np.array([right - left, bottom - top]) / 2, center, rtol=REL_F32, atol=ABS_DECODE_PX
        )
        np.testing.assert_allclose([left + right, top + bottom], size, rtol=REL_F32)
    plain = decode_boxes(config, frame, state, *(item[:1].numpy() for item in maps))
    np.testing.assert_allclose(torch.sigmoid(logit[0]).ravel(), plain.penalized, rtol=REL_F32)


def test_a_score_times_a_centerness_stays_finite_for_large_logits() -> None:
    score = torch.tensor([[200.0, -200.0, 200.0], [200.0, -200.0, -50.0]]).view(1, 2, 1, 3)
    config = replace(CENTRAL, response_size=3)
    logit = predict((score.expand(1, 2, 3, 3), torch.ones(1, 4, 3, 3)), config).logit
    assert logit[0, 0, 0].tolist() == [pytest.approx(200 - np.log(2)), -400.0, -50.0]


def test_a_response_has_scores_alone() -> None:
    maps = random_maps(RESPONSE)
    assert predict(maps, RESPONSE) == (maps[0], None)


def test_half_precision_becomes_float32() -> None:
    logit, ltrb = predict(tuple(item.bfloat16() for item in random_maps(ANCHORS)), ANCHORS)
    assert ltrb is not None
    assert logit.dtype == ltrb.dtype == torch.float32


def test_an_untrained_anchor_does_not_reach_infinity() -> None:
    score, deltas = random_maps(ANCHORS)
    ltrb = predict((score, deltas * 1e4), ANCHORS).ltrb
    assert ltrb is not None
    assert ltrb.isfinite().all()


@EACH
def test_gradients_reach_the_maps(config: TrackerConfig) -> None:
    small = replace(config, response_size=2)
    maps = tuple(item.double().requires_grad_() for item in random_maps(small, pairs=1))
    assert torch.autograd.gradcheck(lambda *given: tuple(predict(given, small)), maps)


def test_the_best_candidate_of_each_cell_brings_its_box() -> None:
    found = predict(random_maps(ANCHORS), ANCHORS)
    best = best_candidate(found)
    assert best.ltrb is not None
    assert found.ltrb is not None
    for pair, row, column in np.ndindex(2, SIDE, SIDE):
        logits = found.logit[pair, :, row, column].tolist()
        chosen = logits.index(max(logits))
        assert best.logit[pair, 0, row, column] == logits[chosen]
        assert torch.equal(best.ltrb[pair, 0, :, row, column], found.ltrb[pair, chosen, :, row, column])


def test_a_plain_head_predicts_the_same() -> None:
    found = predict(random_maps(CENTRAL), CENTRAL)
    maps, config = as_plain_head(found, CENTRAL)
    again = predict(maps, config)
    assert again.ltrb is not None
    assert torch.equal(again.logit, found.logit)
    assert torch.equal(again.ltrb, found.ltrb)


def test_a_plain_head_without_boxes_is_a_response() -> None:
    maps, config = as_plain_head(predict(random_maps(ANCHORS), ANCHORS)._replace(ltrb=None), ANCHORS)
    assert config.output_kind == "response"
    assert [item.shape[1:] for item in maps] == [torch.Size(shape[1:]) for shape in config.outputs.values()]


# --- on another grid


WIDE = replace(POINTS, response_size=9, stride_px=6.0, point_origin_px=-26.0, search_size=80)
RATIOS = torch.tensor([[1.0, 1.0], [1.5, 0.75]])


def test_the_same_grid_gives_the_prediction_itself() -> None:
    found = predict(random_maps(ANCHORS), ANCHORS)
    same = onto(found, ANCHORS, replace(ANCHORS, window_influence=0.5), torch.ones(2, 2))
    assert same.logit is found.logit
    assert same.ltrb is found.ltrb


def test_interpolation_is_exact_where_cells_meet() -> None:
    """Every second cell of the teacher is one of the student's."""
    fine = replace(POINTS, response_size=13, stride_px=4.0)
    found = predict(random_maps(fine), fine)
    coarse = onto(found, fine, POINTS, torch.ones(2, 2))
    assert torch.equal(coarse.logit, found.logit[:, :, ::2, ::2])
    assert coarse.ltrb is not None
    assert found.ltrb is not None
    torch.testing.assert_close(coarse.ltrb, found.ltrb[..., ::2, ::2], rtol=REL_F32, atol=ABS_GRID_PX)


@pytest.mark.parametrize(("config", "to"), [(POINTS, WIDE), (WIDE, POINTS)], ids=["finer", "coarser"])
def test_predictions_on_another_grid_agree_with_loops(config: TrackerConfig, to: TrackerConfig) -> None:
    found = predict(random_maps(config), config)
    moved = onto(found, config, to, RATIOS)
    assert moved.ltrb is not None
    logit, ltrb = loops(found, config, to)
    np.testing.assert_allclose(moved.logit, logit, rtol=REL_F32, atol=ABS_GRID_PX)
    np.testing.assert_allclose(moved.ltrb, ltrb, rtol=REL_F32, atol=ABS_GRID_PX)


def loops(found: Prediction, config: TrackerConfig, to: TrackerConfig) -> tuple[NDArray[np.float64], ...]:
    """Bilinear samples of scores and corners, cell by cell."""
    assert found.ltrb is not None
    given, sides = found.logit.double().numpy(), found.ltrb.double().numpy()
    size = to.response_size
    logit = np.zeros((len(given), 1, size, size))
    ltrb = np.zeros((len(given), 1, 4, size, size))
    for pair, row, column in np.ndindex(len(given), size, size):
        ratio = RATIOS[pair].double().numpy()
        place = to.point_origin_px + to.stride_px * np.array([column, row])  # student's px
        cell = (place / ratio - config.point_origin_px) / config.stride_px
        x, y = np.clip(cell, 0, config.response_size - 1)
        corners = np.zeros(4)
        for i, j in {(int(y) + di, int(x) + dj) for di in (0, 1) for dj in (0, 1)}:
            share = max(0.0, 1 - abs(y - i)) * max(0.0, 1 - abs(x - j))
            if share == 0:
                continue
            logit[pair, 0, row, column] += share * given[pair, 0, i, j]
            left, top, right, bottom = sides[pair, 0, :, i, j]
            px, py = config.point_origin_px + config.stride_px * np.array([j, i])
            corners += share * np.array([px - left, py - top, px + right, py + bottom])
        corners *= np.tile(ratio, 2)
        ltrb[pair, 0, :, row, column] = np.concatenate([place - corners[:2], corners[2:] - place])
    return logit, ltrb


def test_one_box_seen_from_everywhere_stays_one_box() -> None:
    """A teacher that is sure of the box -10, -4, 6, 12; half as many image px are as many of the student's."""
    at = POINTS.point_origin_px + POINTS.stride_px * torch.arange(SIDE)
    x, y = torch.meshgrid(at, at, indexing="xy")
    sure = Prediction(torch.zeros(1, 1, SIDE, SIDE), torch.stack([x + 10, y + 4, 6 - x, 12 - y])[None, None])
    ltrb = onto(sure, POINTS, WIDE, torch.tensor([[2.0, 0.5]])).ltrb
    assert ltrb is not None
    at = WIDE.point_origin_px + WIDE.stride_px * torch.arange(WIDE.response_size)
    x, y = torch.meshgrid(at, at, indexing="xy")
    torch.testing.assert_close(ltrb[0, 0], torch.stack([x + 20, y + 2, 12 - x, 6 - y]), rtol=0, atol=ABS_GRID_PX)


def test_other_anchors_leave_the_best_of_each_cell() -> None:
    found = predict(random_maps(ANCHORS), ANCHORS)
    other = replace(ANCHORS, anchors=((16.0, 8.0), (8.0, 16.0), (20.0, 20.0)))
    assert onto(found, ANCHORS, other, torch.ones(2, 2)).logit.shape[1] == 1
    assert onto(found, ANCHORS, ANCHORS, RATIOS).logit.shape[1] == len(ANCHORS.anchors)


def test_beyond_its_border_a_teacher_sees_more_of_the_same() -> None:
    far = replace(POINTS, response_size=21, point_origin_px=-80.0)
    logit: Tensor = predict(random_maps(POINTS), POINTS).logit
    moved = onto(Prediction(logit, None), POINTS, far, torch.ones(2, 2)).logit
    assert torch.equal(moved[:, :, 7:14, 7:14], logit)
    assert torch.equal(moved[:, :, :7, 7:14], logit[:, :, :1].expand(-1, -1, 7, -1))
    assert torch.equal(moved[:, :, 0, 0], logit[:, :, 0, 0])
