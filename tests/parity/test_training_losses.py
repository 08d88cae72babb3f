"""Losses by hand."""

from __future__ import annotations

import math

import pytest
import torch

from sdst_edge.training.losses import giou, point_losses, target_logit
from sdst_edge.training.targets import Targets
from tests.tolerances import REL_F32


def test_giou_of_equal_nested_and_crossing_boxes() -> None:
    ones = torch.ones(3, 4)
    others = torch.tensor([[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0], [3.0, 1.0, 1.0, 3.0]])
    # 4 of 4; 4 of 16, hull 16; shared 4, union 16, hull 16.
    assert giou(ones, others).tolist() == pytest.approx([1.0, 0.25, 0.25], rel=REL_F32)


def test_giou_is_lower_where_the_hull_is_empty() -> None:
    wide, high = torch.tensor([[3.0, 1.0, 3.0, 1.0]]), torch.tensor([[1.0, 3.0, 1.0, 3.0]])
    # Shared 4, union 12 + 12 - 4 = 20, hull 36.
    assert giou(wide, high).tolist() == pytest.approx([4 / 20 - 16 / 36], rel=REL_F32)


def test_target_logit_of_one_and_two_channels() -> None:
    two = torch.tensor([[[[1.0]], [[4.0]]]])
    assert target_logit(two).tolist() == [[[3.0]]]
    assert target_logit(two[:, :1]).tolist() == [[[1.0]]]


def targets() -> Targets:
    positive = torch.tensor([[[True, False], [False, False]]])
    negative = torch.tensor([[[False, True], [True, False]]])  # the last point is ignored
    return Targets(positive, negative, torch.full((1, 4, 2, 2), 8.0))


def test_point_losses_by_hand() -> None:
    score = torch.tensor([[[[2.0, 0.0], [0.0, 50.0]]]])
    losses = point_losses(score, torch.full((1, 4, 2, 2), 4.0), targets())
    found, missed = math.log(1 + math.exp(-2)), math.log(2)  # both negatives weigh the same
    assert losses.score.item() == pytest.approx(0.5 * (found + missed), rel=REL_F32)
    assert losses.box.item() == pytest.approx(0.75, rel=REL_F32)  # GIoU 64 / 256


def test_point_losses_hear_the_worst_negative_most() -> None:
    logits = torch.zeros(1, 1, 2, 2, requires_grad=True)
    with torch.no_grad():
        logits[0, 0, 0, 1] = 3.0
        logits[0, 0, 1, 0] = -3.0
    point_losses(logits, torch.ones(1, 4, 2, 2), targets()).score.backward()
    gradient = logits.grad
    assert gradient is not None
    assert gradient[0, 0, 0, 0] < 0  # positive: up
    assert gradient[0, 0, 0, 1] > 10 * gradient[0, 0, 1, 0] > 0  # negatives: down, the worse one more
    assert gradient[0, 0, 1, 1] == 0  # ignored
