"""What two students share, against loops over its formula."""

from __future__ import annotations

import math

import pytest
import torch

from sdst_edge.training.distillation.sharing import sharing, sigma
from sdst_edge.training.distillation.soft import soft_scores
from sdst_edge.training.teachers.prediction import Prediction
from sdst_runtime.errors import ConfigError
from tests.parity.distillation_cases import assert_gradients, assert_totals, prediction
from tests.tolerances import REL_F32

PEER = 10  # seed
SHARE = torch.tensor([0.9, 0.0], dtype=torch.float64)


def boxes_loop(student: Prediction, peer: Prediction) -> list[float]:
    assert student.ltrb is not None
    assert peer.ltrb is not None
    batch, candidates, side, _ = student.logit.shape
    totals = []
    for b in range(batch):
        total = scores = 0.0
        for a in range(candidates):
            for y in range(side):
                for x in range(side):
                    ours, theirs = (each[b, a, :, y, x].tolist() for each in (student.ltrb, peer.ltrb))
                    sides = (theirs[0] + theirs[2], theirs[1] + theirs[3])
                    smooth = 0.0
                    for k in range(4):
                        d = abs(ours[k] - theirs[k]) / sides[k % 2]
                        smooth += (d * d / 2 if d < 1 else d - 0.5) / 4
                    p = 1 / (1 + math.exp(-peer.logit[b, a, y, x].item()))
                    total += p * smooth
                    scores += p
        totals.append(total / max(1.0, scores))
    return totals


@pytest.mark.parametrize("candidates", [1, 2])
def test_sharing_follows_the_formula(candidates: int) -> None:
    student, peer = (prediction(seed, candidates=candidates) for seed in (0, PEER))
    scores = soft_scores(student, peer).total.tolist()
    boxes = boxes_loop(student, peer)
    expected = [s * (a + b) for s, a, b in zip(SHARE.tolist(), scores, boxes, strict=True)]
    assert_totals(sharing(student, peer, SHARE), expected)


def test_sharing_gradients_and_none_for_the_peer() -> None:
    student, peer = prediction(0), prediction(PEER)
    assert student.ltrb is not None
    assert peer.ltrb is not None
    assert_gradients(lambda logit, ltrb: sharing(Prediction(logit, ltrb), peer, SHARE), student.logit, student.ltrb)
    sharing(student, peer, SHARE).total.sum().backward()
    assert peer.logit.grad is None
    assert peer.ltrb.grad is None


def test_equal_students_share_nothing() -> None:
    total = sharing(prediction(0), prediction(0), torch.ones(2, dtype=torch.float64)).total
    assert total.abs().max().item() < REL_F32


def test_without_boxes_scores_alone_are_shared() -> None:
    student, peer = prediction(0), prediction(PEER, boxes=False)
    expected = [s * k for s, k in zip(SHARE.tolist(), soft_scores(student, peer).total.tolist(), strict=True)]
    assert_totals(sharing(student, peer, SHARE), expected)


def test_sigma_falls_with_the_epochs_and_is_zero_far_behind_the_teacher() -> None:
    student = torch.tensor([0.5, 0.5, 0.5]).requires_grad_()
    teacher = torch.tensor([0.6, 0.496, 0.494])  # ahead, behind by 0.004, by 0.006
    assert sigma(student, teacher, 0).tolist() == [1.0, 1.0, 0.0]
    third = sigma(student, teacher, 2)
    assert third.tolist() == pytest.approx([0.81, 0.81, 0.0], rel=REL_F32)
    assert not third.requires_grad


def test_other_grids_are_refused() -> None:
    with pytest.raises(ConfigError, match="student's grid"):
        sharing(prediction(0, side=3), prediction(PEER, side=4), SHARE)
