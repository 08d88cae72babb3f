"""Task losses against loops over their formulas, their gradients, and their averages over processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from math import log
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from sdst_edge.training.losses import points as points_module
from sdst_edge.training.losses.points import point_terms
from sdst_edge.training.losses.scores import hard_weights, target_logit
from sdst_edge.training.losses.task import task_terms
from sdst_edge.training.losses.term import Term, Terms, per_pair
from sdst_edge.training.recipe.loss import BoxLoss, Loss, ScoreLoss
from sdst_edge.training.targets.anchors import make_anchor_targets
from sdst_edge.training.targets.overlap import around_points, giou, iou
from sdst_edge.training.targets.points import PointTargets, make_point_targets
from sdst_edge.training.targets.response import make_response_targets
from sdst_runtime.config import ScalePyramid, TrackerConfig
from tests.parity.loss_formulas import (
    Box,
    PointPair,
    Sums,
    box_giou,
    box_iou,
    box_sums,
    centerness_sums,
    cross_entropy,
    cross_entropy_sums,
    focal_sums,
    smooth_l1,
    weighted_sums,
)
from tests.tolerances import REL_F32, REL_LOSS_SPLIT_F64, REL_LOSS_TARGETS_F32

LOGIT = TrackerConfig(
    template_size=32,
    search_size=96,
    response_size=6,
    stride_px=16.0,
    score_kind="logit",
    point_origin_px=-40.0,
    window_influence=0.0,
    penalty_k=0.0,
    size_lr=1.0,
)
CONFIGS: Mapping[str, TrackerConfig] = {
    "logit": LOGIT,
    "softmax2": replace(LOGIT, score_kind="softmax2"),
    "centerness": replace(LOGIT, score_kind="logit-centerness", size_offset_px=1.0),
    "anchors": replace(LOGIT, score_kind="softmax2", anchors=((40.0, 20.0), (28.0, 28.0), (20.0, 40.0))),
    "response": replace(LOGIT, pyramid=ScalePyramid()),
}
POINTS = ("logit", "softmax2", "centerness")
SCORES: tuple[ScoreLoss, ...] = ("cross-entropy", "focal")
BOXES: tuple[BoxLoss, ...] = ("giou", "iou")

#: Shown wide, shown high and off the grid, not shown, shown and smaller than a pixel.
TOLD = torch.tensor(
    [
        [-10.0, -17.5, 29.0, 4.25],
        [30.0, 5.0, 52.0, 61.0],
        [float("nan")] * 4,
        [3.0, 3.0, 3.25, 3.5],
    ]
)
SHOWN = torch.tensor([True, True, False, True])


def maps_of(config: TrackerConfig, *, count: int = len(TOLD), seed: int = 0) -> tuple[Tensor, ...]:
    """Random maps in float64; distances are 0.5 to 40 px."""
    generator = torch.Generator().manual_seed(seed)
    maps = []
    for name, shape in config.outputs.items():
        values = torch.randn(count, *shape[1:], generator=generator, dtype=torch.float64)
        maps.append(2 * values if name != "ltrb" else torch.exp(values.clamp(-2, 2)) * 5)
    return tuple(values.requires_grad_() for values in maps)


def terms_of(config: TrackerConfig, loss: Loss | None = None) -> Terms:
    return task_terms(maps_of(config), TOLD, SHOWN, config, loss or Loss())


def check(terms: Terms, expected: list[dict[str, Sums]]) -> None:
    """Compares terms with the sums of each pair."""
    assert set(terms) == set(expected[0])
    for name, term in terms.items():
        found = torch.stack((term.total.detach(), term.weight), dim=1).numpy()
        np.testing.assert_allclose(found, [sums[name] for sums in expected], rtol=REL_LOSS_TARGETS_F32, err_msg=name)


def test_overlaps_of_equal_nested_and_crossing_boxes() -> None:
    ones = torch.tensor([[-1.0, -1.0, 1.0, 1.0]] * 4)
    others = torch.tensor([[-1.0, -1, 1, 1], [-2, -2, 2, 2], [-3, -1, 1, 3], [3, -1, 5, 1]])
    # 4 of 4; 4 of 16, hull 16; 4 of 16, hull 16; 0 of 8, hull 6 * 2.
    assert iou(ones, others).tolist() == pytest.approx([1.0, 0.25, 0.25, 0.0], rel=REL_F32)
    assert giou(ones, others).tolist() == pytest.approx([1.0, 0.25, 0.25, -4 / 12], rel=REL_F32)


def test_giou_is_lower_where_the_hull_is_empty() -> None:
    wide, high = torch.tensor([-3.0, -1, 3, 1]), torch.tensor([-1.0, -3, 1, 3])
    # Shared 4, union 12 + 12 - 4 = 20, hull 36.
    assert giou(wide, high).item() == pytest.approx(4 / 20 - 16 / 36, rel=REL_F32)


@pytest.mark.parametrize(("function", "formula"), [(iou, box_iou), (giou, box_giou)], ids=["iou", "giou"])
def test_overlaps_match_the_formula_and_have_its_gradient(
    function: Callable[[Tensor, Tensor, int], Tensor], formula: Callable[[Box, Box], float]
) -> None:
    generator = torch.Generator().manual_seed(1)
    corners = 20 * torch.rand(2, 2, 30, generator=generator, dtype=torch.float64)
    sides = 1 + 20 * torch.rand(2, 2, 30, generator=generator, dtype=torch.float64)
    a, b = torch.cat((corners, corners + sides), dim=1).requires_grad_()  # (4, 30) each
    expected = [formula(tuple(x), tuple(y)) for x, y in zip(a.T.tolist(), b.T.tolist(), strict=True)]
    np.testing.assert_allclose(function(a, b, 0).detach(), expected, rtol=REL_LOSS_SPLIT_F64)
    assert torch.autograd.gradcheck(lambda x, y: function(x, y, 0), (a.detach().requires_grad_(), b.detach()))


def test_overlaps_of_boxes_without_area_are_finite() -> None:
    flat = torch.zeros(2, 4, requires_grad=True)
    swapped = torch.tensor([[5.0, 5, -5, -5], [0, 0, 0, 0]])
    for function in (iou, giou):
        value = function(flat, swapped).sum()
        (gradient,) = torch.autograd.grad(value, flat)
        assert value.isfinite()
        assert gradient.isfinite().all()


def test_target_logit_of_each_kind() -> None:
    two = torch.tensor([[[[1.0]], [[4.0]]]])
    assert target_logit(two, "softmax2").tolist() == [[[3.0]]]
    assert target_logit(two, "logit-centerness").tolist() == [[[1.0]]]
    assert target_logit(two[:, :1], "logit").tolist() == [[[1.0]]]


def small_targets() -> PointTargets:
    positive = torch.tensor([[[True, False], [False, False]]])
    negative = torch.tensor([[[False, True], [True, False]]])  # the last point is ignored
    return PointTargets(positive, negative, torch.full((1, 4, 2, 2), 8.0))


def test_point_terms_by_hand() -> None:
    score = torch.tensor([[[[2.0, 0.0], [0.0, 50.0]]]])
    terms = point_terms((score, torch.full((1, 4, 2, 2), 4.0)), small_targets(), LOGIT, Loss())
    found, missed = log(1 + np.exp(-2)), log(2)  # both negatives weigh the same
    assert per_pair({name: terms[name] for name in terms if name != "box"}).item() == pytest.approx(
        0.5 * (found + missed), rel=REL_F32
    )
    assert terms["box"].mean().item() == pytest.approx(0.75, rel=REL_F32)  # GIoU 64 / 256


def test_point_terms_hear_the_worst_negative_most() -> None:
    logits = torch.tensor([[[[0.0, 3.0], [-3.0, 0.0]]]], requires_grad=True)
    terms = point_terms((logits, torch.ones(1, 4, 2, 2)), small_targets(), LOGIT, Loss())
    (gradient,) = torch.autograd.grad(terms["score/positive"].mean() + terms["score/negative"].mean(), logits)
    assert gradient[0, 0, 0, 0] < 0  # positive: up
    assert gradient[0, 0, 0, 1] > 10 * gradient[0, 0, 1, 0] > 0  # negatives: down, the worse one more
    assert gradient[0, 0, 1, 1] == 0  # ignored


@pytest.mark.parametrize(("kind", "score", "box"), [*product(POINTS, SCORES, BOXES)])
def test_point_terms_match_the_formulas(kind: str, score: ScoreLoss, box: BoxLoss) -> None:
    config, loss = CONFIGS[kind], Loss(score=score, box=box, focal_gamma=1.5, focal_alpha=0.3)
    targets = make_point_targets(TOLD, SHOWN, config)
    values, ltrb = (each.detach().numpy() for each in maps_of(config))
    expected = []
    for row in range(len(TOLD)):
        pair = PointPair(
            logit=values[row, 1] - values[row, 0] if kind == "softmax2" else values[row, 0],
            ltrb=ltrb[row],
            quality=values[row, 1] if kind == "centerness" else None,
            positive=targets.positive[row].numpy(),
            negative=targets.negative[row].numpy(),
            true_ltrb=targets.ltrb[row].double().numpy(),
        )
        sums = focal_sums(pair, 1.5, 0.3) if score == "focal" else cross_entropy_sums(pair)
        expected.append({**sums, **box_sums(pair, box), **centerness_sums(pair)})
    check(terms_of(config, loss), expected)


def test_anchor_terms_match_the_formulas() -> None:
    config = CONFIGS["anchors"]
    targets = make_anchor_targets(TOLD, SHOWN, config)
    assert targets.positive[0].any()
    score, deltas = (each.detach().numpy() for each in maps_of(config))
    expected = []
    for row in range(len(TOLD)):
        found, missed, boxes = [], [], []
        for anchor, y, x in product(range(3), range(6), range(6)):
            ground, target = score[row, anchor, y, x], score[row, 3 + anchor, y, x]
            nll = [log(np.exp(ground) + np.exp(target)) - each for each in (ground, target)]
            positive, negative = (float(each[row, anchor, y, x]) for each in (targets.positive, targets.negative))
            found.append((nll[1], positive))
            missed.append((nll[0], negative))
            off = [deltas[row, 3 * k + anchor, y, x] - float(targets.deltas[row, k, anchor, y, x]) for k in range(4)]
            boxes.append((sum(map(smooth_l1, off)), positive))
        named = {"score/positive": found, "score/negative": missed, "box": boxes}
        expected.append({name: weighted_sums(rows) for name, rows in named.items()})
    check(terms_of(config), expected)


def test_response_terms_match_the_formulas() -> None:
    config = CONFIGS["response"]
    positive = make_response_targets(TOLD, SHOWN, config)
    (score,) = (each.detach().numpy() for each in maps_of(config))
    expected = []
    for row in range(len(TOLD)):
        truth = positive[row].numpy()
        found = [(cross_entropy(float(x), 1.0), 1.0) for x in score[row, 0][truth]]
        missed = [(cross_entropy(float(x), 0.0), 1.0) for x in score[row, 0][~truth]]
        expected.append({"score/positive": weighted_sums(found), "score/negative": weighted_sums(missed)})
    check(terms_of(config), expected)


@pytest.mark.parametrize("kind", CONFIGS)
def test_factors_are_the_recipes_weights(kind: str) -> None:
    terms = terms_of(CONFIGS[kind], Loss(score_weight=3.0, box_weight=5.0, centerness_weight=7.0))
    wanted = {"score/positive": 1.5, "score/negative": 1.5, "box": 5.0, "centerness": 7.0}
    assert {name: term.factor for name, term in terms.items()} == {name: wanted[name] for name in terms}
    focal = terms_of(CONFIGS["logit"], Loss(score="focal", score_weight=3.0))
    assert focal["score"].factor == 3.0


@pytest.mark.parametrize(("kind", "loss"), [(kind, Loss()) for kind in CONFIGS] + [("logit", Loss(score="focal"))])
def test_terms_have_the_gradient_of_what_they_sum(kind: str, loss: Loss, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights of negatives are held: they have no gradient, though they follow from the scores."""
    config = CONFIGS[kind]
    config = config.resized(64, 4) if kind != "response" else config
    maps = maps_of(config)
    logit = target_logit(maps[0].detach(), config.score_kind)
    untouched = task_terms(maps, TOLD, SHOWN, config, loss)
    free = torch.autograd.grad(torch.stack([term.total for term in untouched.values()]).sum(), maps)
    held = hard_weights(logit, torch.ones_like(logit, dtype=torch.bool))
    monkeypatch.setattr(points_module, "hard_weights", lambda _, negative: held * negative)

    def totals(*values: Tensor) -> tuple[Tensor, ...]:
        terms = task_terms(values, TOLD, SHOWN, config, loss)
        return tuple(term.total for term in terms.values())

    assert torch.autograd.gradcheck(totals, maps)
    for mine, theirs in zip(free, torch.autograd.grad(torch.stack(totals(*maps)).sum(), maps), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def mean_loss(terms: Terms, sums: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([term.factor * term.mean(sums[name]) for name, term in terms.items()]).sum()


@pytest.mark.parametrize(("kind", "score"), [*product(CONFIGS, SCORES[:1]), *product(POINTS, SCORES[1:])])
def test_parts_of_a_batch_have_the_mean_and_the_gradient_of_the_whole(kind: str, score: ScoreLoss) -> None:
    config, loss = CONFIGS[kind], Loss(score=score)
    maps = maps_of(config)
    whole = task_terms(maps, TOLD, SHOWN, config, loss)
    sums = {name: term.weight.sum() for name, term in whole.items()}
    alone = torch.stack([term.factor * term.mean() for term in whole.values()]).sum()
    parts = [
        task_terms(tuple(each[rows] for each in maps), TOLD[rows], SHOWN[rows], config, loss)
        for rows in (slice(0, 1), slice(1, 4), slice(4, 4))  # the last process has no pairs
    ]
    together = torch.stack([mean_loss(part, sums) for part in parts]).sum()
    np.testing.assert_allclose(together.item(), alone.item(), rtol=REL_LOSS_SPLIT_F64)
    for mine, theirs in zip(torch.autograd.grad(together, maps), torch.autograd.grad(alone, maps), strict=True):
        scale = float(theirs.abs().max())
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=REL_LOSS_SPLIT_F64 * scale)


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_batch_that_shows_no_target_has_boxes_of_loss_and_gradient_0(kind: str) -> None:
    config, maps = CONFIGS[kind], maps_of(CONFIGS[kind])
    terms = task_terms(maps, TOLD, torch.zeros(4, dtype=torch.bool), config, Loss())
    for name, term in terms.items():
        gradients = torch.autograd.grad(term.mean(), maps, allow_unused=True, retain_graph=True)
        met = [each for each in gradients if each is not None]
        assert met  # the graph reaches the maps
        if name == "score/negative":
            assert term.mean() > 0
            assert all(each.isfinite().all() for each in met)
        else:
            assert term.mean() == 0
            assert not term.weight.any()
            assert not any(each.any() for each in met)


def test_focal_loss_counts_a_pair_that_shows_no_target_as_one_positive() -> None:
    term = terms_of(LOGIT, Loss(score="focal"))["score"]
    assert term.weight.tolist() == [make_count(row) for row in range(4)]


def make_count(row: int) -> float:
    return max(1.0, float(make_point_targets(TOLD, SHOWN, LOGIT).positive[row].sum()))


EXTREMES: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "score": {"float32": (100.0, -100.0, 1e4, -1e4), "float16": (100.0, -100.0)},
    "ltrb": {"float32": (0.0, 1e-20, 1e-3, 1e4, 1e20, 1e38), "float16": (0.0, 6e-8, 6e4)},
    "deltas": {"float32": (100.0, -100.0, 1e20), "float16": (100.0, -6e4)},
}


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(("kind", "score", "box"), [*product(CONFIGS, SCORES, BOXES)])
def test_extreme_outputs_have_finite_losses_and_gradients(
    kind: str, score: ScoreLoss, box: BoxLoss, dtype: Literal["float32", "float16"]
) -> None:
    config = CONFIGS[kind]
    values = {name: EXTREMES[name][dtype] for name in config.outputs}
    for chosen in product(*values.values()):
        maps = tuple(
            torch.full((4, *shape[1:]), value, dtype=getattr(torch, dtype)).requires_grad_()
            for value, shape in zip(chosen, config.outputs.values(), strict=True)
        )
        terms = task_terms(maps, TOLD, SHOWN, config, Loss(score=score, box=box, focal_gamma=0.5))
        total = torch.stack([term.mean() for term in terms.values()]).sum()
        assert total.isfinite()
        assert total.dtype == torch.float32
        assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(total, maps))


def test_boxes_far_outside_have_finite_losses() -> None:
    far = torch.tensor([[1e4, 1e4, 1e4 + 0.01, 1e4 + 50], [-3e3, -3e3, -2e3, -2e3], [-1e4, -1e4, 1e4, 1e4]])
    for config in CONFIGS.values():
        maps = maps_of(config, count=3)
        terms = task_terms(maps, far, torch.ones(3, dtype=torch.bool), config, Loss(box="iou"))
        total = torch.stack([term.mean() for term in terms.values()]).sum()
        assert total.isfinite()
        assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(total, maps))


def test_hard_weights_have_no_gradient_and_follow_the_score() -> None:
    logit = torch.tensor([[0.0, 100.0, -100.0]], requires_grad=True)
    weights = hard_weights(logit, torch.tensor([[True, True, True]]))
    assert not weights.requires_grad
    assert weights.tolist()[0] == pytest.approx([0.501, 1.001, 0.001], rel=REL_F32)


def test_around_points_turns_distances_into_corners() -> None:
    assert around_points(torch.tensor([1.0, 2, 3, 4])).tolist() == [-1, -2, 3, 4]


def test_a_term_that_concerns_nothing_is_0() -> None:
    total = torch.zeros(2, requires_grad=True)
    term = Term(total * 3, torch.zeros(2))
    assert term.mean() == 0
    assert torch.autograd.grad(term.mean(), total)[0].isfinite().all()
    assert per_pair({"a": term, "b": Term(torch.ones(2), torch.full((2,), 4.0), 2.0)}).tolist() == [0.5, 0.5]
