"""The adaptive hard loss, the gate, and teacher weights by labels."""

from __future__ import annotations

import math

import pytest
import torch

from sdst_edge.training.distillation.gate import gate, label_weights, uniform_weights
from sdst_edge.training.distillation.hard import adaptive_hard
from tests.parity.distillation_cases import assert_gradients, assert_totals, normal
from tests.tolerances import REL_F32

STUDENT = torch.tensor([0.5, 0.5, 0.5, 0.5])
TEACHER = torch.tensor([0.1, 0.496, 0.494, 0.9])  # behind by 0.4, 0.004 and 0.006; ahead by 0.4


def test_adaptive_hard_keeps_pairs_in_which_the_student_is_behind() -> None:
    student = STUDENT.clone().requires_grad_()
    term = adaptive_hard(student, TEACHER, 0.005)
    assert_totals(term, [0.5, 0.0, 0.5, 0.0])
    term.total.sum().backward()
    assert student.grad is not None
    assert student.grad.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_adaptive_hard_gradients() -> None:
    student = normal(0, 8)
    teacher = normal(1, 8)
    assert_gradients(lambda loss: adaptive_hard(loss, teacher), student)
    adaptive_hard(student, teacher).total.sum().backward()
    assert teacher.grad is None


def test_gate_opens_for_a_better_teacher_only() -> None:
    student = STUDENT.clone().requires_grad_()
    opened = gate(student, TEACHER, 0.005)
    assert opened.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert not opened.requires_grad
    assert gate(student, TEACHER, 0.0).tolist() == [1.0, 1.0, 1.0, 0.0]


def test_gate_shuts_on_equal_losses_and_on_nan() -> None:
    losses = torch.tensor([0.5, 0.5])
    assert gate(losses, torch.tensor([0.5, math.nan]), 0.0).tolist() == [0.0, 0.0]


def test_label_weights_are_even_over_a_pairs_attributes() -> None:
    attributes = torch.tensor([[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0] * 4])
    assert label_weights(attributes).tolist() == [[0.5, 0, 0.5, 0], [0] * 4, [0, 1, 0, 0], [0.25] * 4]
    assert uniform_weights(attributes).tolist() == [[0.25] * 4] * 4


def test_uniform_weights_of_three_sum_to_one() -> None:
    assert uniform_weights(torch.zeros(1, 3)).sum().item() == pytest.approx(1.0, rel=REL_F32)
