"""Soft scores and boxes against loops over their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from sdst_edge.training.distillation.candidates import matched
from sdst_edge.training.distillation.soft import bounded_boxes, guided_boxes, score_divergence, soft_scores
from sdst_edge.training.teachers.prediction import Prediction, best_candidate
from sdst_runtime.errors import ConfigError
from tests.parity.distillation_cases import assert_gradients, assert_totals, prediction
from tests.tolerances import REL_F32

TEACHER = 10  # seed


def two_class_kl(teacher: float, student: float, temperature: float) -> float:
    """KL of softmaxes over the logits (0, t) and (0, s), term by term."""
    total = 0.0
    p = [math.exp(z / temperature) for z in (0.0, teacher)]
    q = [math.exp(z / temperature) for z in (0.0, student)]
    for each in range(2):
        of_p, of_q = p[each] / sum(p), q[each] / sum(q)
        total += of_p * math.log(of_p / of_q)
    return total


def soft_loop(student: Prediction, teacher: Prediction, temperature: float, balanced: bool) -> list[float]:
    totals = []
    for ours, theirs in zip(student.logit.tolist(), teacher.logit.tolist(), strict=True):
        s, t = np.ravel(ours), np.ravel(theirs)
        kl = [temperature**2 * two_class_kl(b, a, temperature) for a, b in zip(s, t, strict=True)]
        p = [1 / (1 + math.exp(-z)) for z in t]
        if balanced:
            found = sum(w * k for w, k in zip(p, kl, strict=True)) / sum(p)
            missed = sum((1 - w) * k for w, k in zip(p, kl, strict=True)) / sum(1 - w for w in p)
            totals.append((found + missed) / 2)
        else:
            totals.append(sum(kl) / len(kl))
    return totals


@pytest.mark.parametrize("candidates", [1, 3])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
@pytest.mark.parametrize("balanced", [True, False])
def test_soft_scores_follow_the_formula(candidates: int, temperature: float, balanced: bool) -> None:
    student, teacher = (prediction(seed, candidates=candidates) for seed in (0, TEACHER))
    term = soft_scores(student, teacher, temperature, balanced=balanced)
    assert_totals(term, soft_loop(student, teacher, temperature, balanced))


def test_soft_scores_gradients() -> None:
    student, teacher = prediction(0, candidates=2), prediction(TEACHER, candidates=2)
    assert_gradients(lambda logit: soft_scores(Prediction(logit, None), teacher, 2.0), student.logit)


def test_soft_scores_of_an_equal_student_are_zero_and_push_nowhere() -> None:
    student, teacher = prediction(0), prediction(0)
    term = soft_scores(student, teacher)
    assert term.total.tolist() == [0.0, 0.0]
    term.total.sum().backward()
    assert student.logit.grad is not None
    assert student.logit.grad.abs().max().item() < REL_F32


def test_soft_scores_hear_a_lone_target_as_much_as_all_ground() -> None:
    teacher = torch.full((1, 1, 25, 25), -20.0)
    teacher[0, 0, 12, 12] = 20.0
    blind = Prediction(torch.full_like(teacher, -20.0), None)
    balanced = soft_scores(blind, Prediction(teacher, None)).total.item()
    plain = soft_scores(blind, Prediction(teacher, None), balanced=False).total.item()
    assert balanced == pytest.approx(20.0 / 2, rel=REL_F32)  # KL is 20 at the target
    assert plain == pytest.approx(20.0 / 625, rel=REL_F32)


@pytest.mark.parametrize("balanced", [True, False])
def test_soft_scores_of_extreme_logits_are_finite(balanced: bool) -> None:
    extremes = torch.tensor([[-100.0, 100.0, -100.0, 100.0], [-100.0, -100.0, -100.0, -100.0]]).view(2, 1, 2, 2)
    others = torch.tensor([[100.0, 100.0, -100.0, -100.0], [-100.0, -100.0, -100.0, 100.0]]).view(2, 1, 2, 2)
    logit = extremes.clone().requires_grad_()
    term = soft_scores(Prediction(logit, None), Prediction(others, None), balanced=balanced)
    term.total.sum().backward()
    assert logit.grad is not None
    assert torch.isfinite(term.total).all()
    assert torch.isfinite(logit.grad).all()
    assert term.total.min().item() >= 10


def test_divergence_is_that_of_the_logits_where_the_probabilities_round_to_one() -> None:
    student, teacher = torch.tensor([-100.0]), torch.tensor([100.0])
    assert score_divergence(student, teacher).item() == pytest.approx(100.0, rel=REL_F32)


def test_candidates_of_other_numbers_are_reduced_to_the_best() -> None:
    one, three = prediction(0), prediction(TEACHER, candidates=3)
    for student, teacher in ((one, three), (three, one)):
        term = soft_scores(student, teacher)
        assert_totals(term, soft_loop(best_candidate(student), best_candidate(teacher), 1.0, True))
    assert_gradients(lambda logit: soft_scores(Prediction(logit, None), one), three.logit)


def test_the_best_candidate_keeps_its_own_box() -> None:
    three = prediction(0, candidates=3)
    best = best_candidate(three)
    assert three.ltrb is not None
    assert best.ltrb is not None
    for b in range(2):
        for y in range(3):
            for x in range(3):
                a = int(three.logit[b, :, y, x].argmax())
                assert best.logit[b, 0, y, x] == three.logit[b, a, y, x]
                assert torch.equal(best.ltrb[b, 0, :, y, x], three.ltrb[b, a, :, y, x])


def test_other_grids_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"student's scores are \(2, 1, 3, 3\), the teacher's \(2, 1, 4, 4\)"):
        soft_scores(prediction(0, side=3), prediction(0, side=4))
    with pytest.raises(ConfigError, match="onto the student's grid"):
        guided_boxes(prediction(0), prediction(0, batch=3))


def test_half_precision_is_raised() -> None:
    student = Prediction(torch.zeros(1, 1, 2, 2, dtype=torch.bfloat16), None)
    ours, _ = matched(student, student)
    assert ours.logit.dtype == torch.float32


def truth(seed: int = 20) -> Tensor:
    ltrb = prediction(seed).ltrb
    assert ltrb is not None
    return ltrb[:, 0].detach()


def where(candidates: int = 0) -> Tensor:
    shape = (2, candidates, 3, 3) if candidates else (2, 3, 3)
    return torch.rand(shape, generator=torch.Generator().manual_seed(5)) < 0.6


def bounded_loop(student: Prediction, teacher: Prediction, true: Tensor, cells: Tensor, margin: float) -> list[float]:
    assert student.ltrb is not None
    assert teacher.ltrb is not None
    batch, candidates, side, _ = student.logit.shape
    totals = []
    for b in range(batch):
        total, count = 0.0, 0
        for a in range(candidates):
            for y in range(side):
                for x in range(side):
                    if not (cells[b, y, x] if cells.ndim == 3 else cells[b, a, y, x]):
                        continue
                    count += 1
                    left, top, right, bottom = true[b, :, y, x].tolist()
                    sides = np.array([left + right, top + bottom, left + right, top + bottom])
                    gt = np.array([left, top, right, bottom])
                    r_s, r_t = (each.ltrb[b, a, :, y, x].detach().numpy() for each in (student, teacher))  # type: ignore[index]
                    e_s, e_t = (math.sqrt((((r - gt) / sides) ** 2).sum()) for r in (r_s, r_t))
                    if e_s + margin > e_t:
                        total += e_s
        totals.append(total / count)
    return totals


@pytest.mark.parametrize("candidates", [0, 1, 2])
def test_bounded_boxes_follow_the_formula(candidates: int) -> None:
    student, teacher = (prediction(seed, candidates=candidates or 2) for seed in (0, TEACHER))
    term = bounded_boxes(student, teacher, truth(), where(candidates), 0.1)
    expected = bounded_loop(student, teacher, truth(), where(candidates), 0.1)
    assert_totals(term, expected)
    assert expected != bounded_loop(student, teacher, truth(), where(candidates), 1e9)  # the bound did something


def test_any_positive_candidate_makes_a_cell_of_reduced_candidates_positive() -> None:
    student, teacher = prediction(0, candidates=3), prediction(TEACHER)
    anchors = where(3)
    cells = anchors.any(dim=1)
    assert not torch.equal(cells, anchors.all(dim=1))
    term = bounded_boxes(student, teacher, truth(), anchors.double(), 0.1)
    assert_totals(term, bounded_loop(best_candidate(student), teacher, truth(), cells, 0.1))


def test_bounded_boxes_gradients() -> None:
    student, teacher = prediction(0), prediction(TEACHER)
    assert student.ltrb is not None
    logit = student.logit
    assert_gradients(lambda ltrb: bounded_boxes(Prediction(logit, ltrb), teacher, truth(), where(), 0.1), student.ltrb)


def test_bounded_boxes_let_a_better_student_be() -> None:
    true = truth()
    off = (true * 1.5)[:, None]
    near = (true * 1.1)[:, None].requires_grad_()
    logit = torch.zeros(2, 1, 3, 3, dtype=torch.float64)
    cells = torch.ones(2, 3, 3, dtype=torch.bool)
    term = bounded_boxes(Prediction(logit, near), Prediction(logit, off), true, cells)
    assert term.total.tolist() == [0.0, 0.0]
    assert (bounded_boxes(Prediction(logit, off), Prediction(logit, near), true, cells).total > 0.1).all()


def test_bounded_boxes_do_not_concern_a_pair_without_the_target() -> None:
    cells = torch.ones(2, 3, 3, dtype=torch.bool)
    cells[1] = False
    term = bounded_boxes(prediction(0), prediction(TEACHER), truth(), cells)
    assert term.weight.tolist() == [1.0, 0.0]
    assert term.total[1].item() == 0.0
    assert term.total[0].item() > 0


def test_bounded_boxes_do_not_read_the_annotation_elsewhere() -> None:
    student, teacher, cells = prediction(0), prediction(TEACHER), where()
    known = bounded_boxes(student, teacher, truth(), cells).total.tolist()
    term = bounded_boxes(student, teacher, torch.where(cells[:, None], truth(), math.nan), cells)
    assert term.total.tolist() == known
    term.total.sum().backward()
    assert student.ltrb is not None
    assert student.ltrb.grad is not None
    assert torch.isfinite(student.ltrb.grad).all()


def test_bounded_boxes_on_the_annotation_have_finite_gradients() -> None:
    true = truth()
    ltrb = true[:, None].clone().requires_grad_()
    logit = torch.zeros(2, 1, 3, 3, dtype=torch.float64)
    term = bounded_boxes(Prediction(logit, ltrb), Prediction(logit, true[:, None]), true, where())
    term.total.sum().backward()
    assert ltrb.grad is not None
    assert torch.isfinite(ltrb.grad).all()


def test_bounded_boxes_do_not_depend_on_the_scale() -> None:
    def total(scale: float) -> list[float]:
        student, teacher = (prediction(seed) for seed in (0, TEACHER))
        scaled = [Prediction(each.logit, each.ltrb * scale) for each in (student, teacher) if each.ltrb is not None]
        return bounded_boxes(*scaled, truth() * scale, where()).total.tolist()

    assert total(3.0) == pytest.approx(total(1.0), rel=REL_F32)


def corner_giou(a: np.ndarray, b: np.ndarray) -> float:
    """Of boxes by their corners."""
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = ((-e[0], -e[1], e[2], e[3]) for e in (a, b))
    shared = max(0.0, min(ax2, bx2) - max(ax1, bx1)) * max(0.0, min(ay2, by2) - max(ay1, by1))
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared
    hull = (max(ax2, bx2) - min(ax1, bx1)) * (max(ay2, by2) - min(ay1, by1))
    return shared / union - (hull - union) / hull


def guided_loop(student: Prediction, teacher: Prediction) -> list[float]:
    assert student.ltrb is not None
    assert teacher.ltrb is not None
    batch, candidates, side, _ = student.logit.shape
    totals = []
    for b in range(batch):
        apart = scores = 0.0
        for a in range(candidates):
            for y in range(side):
                for x in range(side):
                    p = 1 / (1 + math.exp(-teacher.logit[b, a, y, x].item()))
                    boxes = (each[b, a, :, y, x].detach().numpy() for each in (student.ltrb, teacher.ltrb))
                    apart += p * (1 - corner_giou(*boxes))
                    scores += p
        totals.append(apart / max(1.0, scores))
    return totals


@pytest.mark.parametrize("candidates", [1, 3])
def test_guided_boxes_follow_the_formula(candidates: int) -> None:
    student, teacher = (prediction(seed, candidates=candidates) for seed in (0, TEACHER))
    assert_totals(guided_boxes(student, teacher), guided_loop(student, teacher))


def test_guided_boxes_gradients() -> None:
    student, teacher = prediction(0), prediction(TEACHER)
    assert student.ltrb is not None
    assert_gradients(lambda ltrb: guided_boxes(Prediction(student.logit, ltrb), teacher), student.ltrb)


def test_guided_boxes_fade_where_the_teacher_finds_nothing() -> None:
    teacher = prediction(TEACHER)
    unsure = Prediction(torch.full_like(teacher.logit, -12.0), teacher.ltrb)
    assert guided_boxes(prediction(0), unsure).total.max().item() < 1e-3


def test_guided_boxes_of_boxes_apart_or_without_area_are_finite() -> None:
    right = torch.tensor([-1.0, 1.0, 2.0, 1.0]).view(1, 1, 4, 1, 1)  # x from 1 to 2
    left = torch.tensor([2.0, 1.0, -1.0, 1.0]).view(1, 1, 4, 1, 1)  # x from -2 to -1: hull 8, union 4
    sure = torch.full((1, 1, 1, 1), 100.0)
    term = guided_boxes(Prediction(sure, left), Prediction(sure, right))
    assert term.total.item() == pytest.approx(1.5, rel=REL_F32)
    inverted = torch.full((1, 1, 4, 1, 1), -3.0).requires_grad_()
    guided_boxes(Prediction(sure, inverted), Prediction(sure, right)).total.sum().backward()
    assert inverted.grad is not None
    assert torch.isfinite(inverted.grad).all()


def test_losses_of_boxes_are_silent_without_boxes() -> None:
    bare = prediction(TEACHER, boxes=False)
    for student, teacher in ((prediction(0), bare), (bare, prediction(0))):
        for term in (guided_boxes(student, teacher), bounded_boxes(student, teacher, truth(), where())):
            assert term.weight.tolist() == [0.0, 0.0]
            assert term.total.tolist() == [0.0, 0.0]
            assert term.total.requires_grad


def test_teachers_get_no_gradient() -> None:
    student, teacher = prediction(0, candidates=2), prediction(TEACHER)
    terms = (
        soft_scores(student, teacher),
        guided_boxes(student, teacher),
        bounded_boxes(student, teacher, truth(), where(2), 1e3),
    )
    sum((term.total.sum() for term in terms), torch.zeros(())).backward()
    assert student.logit.grad is not None
    assert student.ltrb is not None
    assert student.ltrb.grad is not None
    assert teacher.ltrb is not None
    assert teacher.logit.grad is None
    assert teacher.ltrb.grad is None
