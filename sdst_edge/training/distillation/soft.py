"""What a teacher predicts, as a target: its scores, and its boxes as a bound or as a guide."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from sdst_edge.training.distillation.boxes import relative_sides
from sdst_edge.training.distillation.candidates import at_candidates, matched
from sdst_edge.training.losses.scores import full_precision
from sdst_edge.training.losses.term import Term
from sdst_edge.training.targets.overlap import around_points, giou
from sdst_edge.training.teachers.prediction import Prediction

__all__ = ["bounded_boxes", "guided_boxes", "score_divergence", "silent", "soft_scores"]


def silent(student: Prediction) -> Term:
    """The term of a loss that concerns no pair; still part of the student's graph."""
    total = full_precision(student.logit[:, 0, 0, 0]) * 0.0  # (B,)
    return Term(total, torch.zeros_like(total))


def score_divergence(student_logit: Tensor, teacher_logit: Tensor) -> Tensor:
    """KL(teacher || student) of the two-class distributions that logits stand for, element by element.

    With p = sigmoid(t): p (log p - log q) + (1 - p) (log (1 - p) - log (1 - q)), from logits, so that it is finite.
    """
    found = F.logsigmoid(teacher_logit) - F.logsigmoid(student_logit)
    missed = F.logsigmoid(-teacher_logit) - F.logsigmoid(-student_logit)
    return torch.sigmoid(teacher_logit) * found + torch.sigmoid(-teacher_logit) * missed


def soft_scores(student: Prediction, teacher: Prediction, temperature: float = 1.0, *, balanced: bool = True) -> Term:
    """The classification half of DST's teacher-soft loss: KL of the softened scores (Hinton et al., 2015).

    ``T² KL( softmax(C_t / T) || softmax(C_s / T) )`` for each cell and candidate; of two classes, which is the same
    for their logit difference. DST (Shen et al., TPAMI 44(12)) takes T = 1. All but 2 %
    or so of the cells are ground, so a plain mean hardly hears the target: we average half by the teacher's score p
    and half by 1 - p. That balance is ours.

    Args:
        student: with gradient.
        teacher: on the student's grid.
        temperature: T, > 0.
        balanced: False for the plain mean over cells and candidates.

    Raises:
        ConfigError: the grids differ.
    """
    student, teacher = matched(student, teacher)
    ours, theirs = (each.logit.flatten(1) for each in (student, teacher))  # (B, A S S)
    divergence = temperature**2 * score_divergence(ours / temperature, theirs / temperature)
    if balanced:
        # p / sum(p) as the softmax of log p: also where all p are tiny.
        weights = 0.5 * (F.logsigmoid(theirs).softmax(dim=1) + F.logsigmoid(-theirs).softmax(dim=1))
        total = (weights * divergence).sum(dim=1)
    else:
        total = divergence.mean(dim=1)
    return Term(total, torch.ones_like(total))


def bounded_boxes(
    student: Prediction, teacher: Prediction, true_ltrb: Tensor, where: Tensor, margin: float = 0.01
) -> Term:
    """The regression half of DST's teacher-soft loss: the teacher's error bounds the student's.

    ``||r_s - r_gt||`` where ``||r_s - r_gt|| + m > ||r_t - r_gt||``, else 0 (Chen et al., NeurIPS 2017, who
    square the norms; DST's form). r are the four distances over the sides of the true box, so m = 0.01 is a
    hundredth of the target whatever the stride. Mean over positive cells; one without an error counts as 0.

    Args:
        student: with gradient.
        teacher: on the student's grid.
        true_ltrb: (B, 4, S, S), network px.
        where: (B, S, S) or (B, A, S, S) bool or weights, positive cells or candidates; none in a pair without the
            target.
        margin: m, sides of the true box.

    Raises:
        ConfigError: the grids differ.
    """
    student, teacher = matched(student, teacher)
    if student.ltrb is None or teacher.ltrb is None:
        return silent(student)
    positive = at_candidates(where, student.logit)
    true = full_precision(true_ltrb.detach())[:, None]
    true = torch.where(positive[:, :, None], true, 1.0)  # (B, A, 4, S, S); what means nothing may be NaN
    ours, theirs = (
        torch.linalg.vector_norm(relative_sides(ltrb - true, of=true), dim=2) for ltrb in (student.ltrb, teacher.ltrb)
    )  # (B, A, S, S)
    errors = torch.where(positive & (ours + margin > theirs), ours, 0.0)
    count = positive.flatten(1).sum(dim=1)
    total = errors.flatten(1).sum(dim=1) / count.clamp(min=1)
    return Term(total, (count > 0).to(total.dtype))


def guided_boxes(student: Prediction, teacher: Prediction) -> Term:
    """1 - GIoU to the teacher's boxes, weighted by the teacher's score (CompressTracker's prediction guidance).

    ``sum(p (1 - GIoU)) / max(1, sum(p))`` over cells and candidates, with p the teacher's score. CompressTracker has
    one box a pair; the weights are ours. Where the teacher finds nothing its boxes hardly count.

    Args:
        student: with gradient.
        teacher: on the student's grid.

    Raises:
        ConfigError: the grids differ.
    """
    student, teacher = matched(student, teacher)
    if student.ltrb is None or teacher.ltrb is None:
        return silent(student)
    score = torch.sigmoid(teacher.logit)
    ours, theirs = (around_points(ltrb, dim=2) for ltrb in (student.ltrb, teacher.ltrb))
    apart = score * (1 - giou(ours, theirs, dim=2))  # (B, A, S, S)
    total = apart.flatten(1).sum(dim=1) / score.flatten(1).sum(dim=1).clamp(min=1)
    return Term(total, torch.ones_like(total))
