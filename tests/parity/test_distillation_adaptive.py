"""Learned teacher weights against loops over their formula, and whether they learn whom to listen to."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from sdst_edge.training.distillation.adaptive import PENALTY, AdaptiveWeights
from sdst_edge.training.teachers.prediction import Prediction, best_candidate
from sdst_runtime.errors import ConfigError
from tests.parity.distillation_cases import normal, prediction
from tests.tolerances import REL_DISTILLATION_F64

ACTIVE = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
POSITIVE = torch.zeros(3, 3, 3, dtype=torch.bool)
POSITIVE[:, 1, 1] = True
POSITIVE[:, 1, 2] = True
NEGATIVE = ~POSITIVE
NEGATIVE[:, 0, 0] = False  # ignored


def lively() -> AdaptiveWeights:
    weights = AdaptiveWeights(3, 4).double()
    with torch.no_grad():
        weights.theta.copy_(normal(0, 3, 4))
        weights.v.copy_(normal(1, 4))
    return weights


def teachers(candidates: int = 1) -> list[Prediction]:
    return [prediction(seed, batch=3, candidates=candidates, boxes=False) for seed in (10, 12, 14)]


def weights_loop(module: AdaptiveWeights, features: Tensor, active: Tensor) -> list[list[float]]:
    theta, v = module.theta.detach().numpy(), module.v.detach().numpy()
    rows = []
    for pair, speaks in zip(features.detach().numpy(), active.tolist(), strict=True):
        beta = [channel.max() for channel in pair]
        powers = []
        for t, held in enumerate(speaks):
            alpha = sum(v[d] * theta[t, d] * beta[d] for d in range(len(beta)))
            powers.append(math.exp(alpha) if held else 0.0)
        rows.append([power / sum(powers) if sum(powers) else 0.0 for power in powers])
    return rows


def test_weights_follow_the_formula_over_active_teachers() -> None:
    module, features = lively(), normal(2, 3, 4, 5, 5)
    weights = module(features, ACTIVE)
    expected = weights_loop(module, features, ACTIVE)
    np.testing.assert_allclose(weights.detach(), expected, rtol=REL_DISTILLATION_F64)
    assert weights.sum(dim=1).tolist() == pytest.approx([1.0, 1.0, 0.0])
    assert weights[0, 1].item() == 0.0


def test_weights_start_even() -> None:
    weights = AdaptiveWeights(3, 4)(torch.randn(3, 4, 5, 5), ACTIVE)
    expected = [[0.5, 0.0, 0.5], [1 / 3] * 3, [0.0] * 3]
    for row, wanted in zip(weights.tolist(), expected, strict=True):
        assert row == pytest.approx(wanted)


def loss_loop(weights: list[list[float]], z: np.ndarray, b: int) -> float:
    """Of pair b; z (M, B, A, S, S)."""
    positive, negative = [], []
    for a in range(z.shape[2]):
        for y in range(3):
            for x in range(3):
                p = sum(weights[b][t] / (1 + math.exp(-z[t, b, a, y, x])) for t in range(len(z)))
                if POSITIVE[b, y, x]:
                    positive.append(-math.log(p))
                elif NEGATIVE[b, y, x]:
                    negative.append(-math.log(1 - p))
    return (sum(positive) / len(positive) + sum(negative) / len(negative)) / 2


def penalty_loop(module: AdaptiveWeights) -> float:
    return 0.1 * sum(float((p.detach().numpy() ** 2).sum()) for p in (module.theta, module.v))


@pytest.mark.parametrize("candidates", [1, 2])
def test_loss_follows_the_formula(candidates: int) -> None:
    module, features, them = lively(), normal(2, 3, 4, 5, 5), teachers(candidates)
    term = module.loss(features, ACTIVE, them, POSITIVE, NEGATIVE)
    weights = weights_loop(module, features, ACTIVE)
    z = np.stack([each.logit.detach().numpy() for each in them])
    expected = [loss_loop(weights, z, b) + penalty_loop(module) for b in range(2)]
    np.testing.assert_allclose(term.total.detach()[:2], expected, rtol=REL_DISTILLATION_F64)
    assert term.weight.tolist() == [1.0, 1.0, 0.0]  # the third pair has no attribute
    assert term.total[2].item() == 0.0


def test_loss_of_a_pair_without_the_target_is_that_of_its_ground() -> None:
    module, features, them = lively(), normal(2, 3, 4, 5, 5), teachers()
    nowhere = torch.zeros_like(POSITIVE)
    term = module.loss(features, ACTIVE, them, nowhere, torch.ones_like(POSITIVE))
    weights = weights_loop(module, features, ACTIVE)
    p = sum(weights[0][t] * torch.sigmoid(them[t].logit[0, 0]) for t in range(3))
    expected = -torch.log(1 - torch.as_tensor(p)).mean().item() + penalty_loop(module)
    assert term.total[0].item() == pytest.approx(expected, rel=REL_DISTILLATION_F64)
    assert module.loss(features, ACTIVE, them, nowhere, nowhere).weight.tolist() == [0.0] * 3


def test_candidates_of_other_numbers_are_reduced() -> None:
    module, features = lively(), normal(2, 3, 4, 5, 5)
    mixed = [teachers(2)[0], teachers(1)[1], teachers(3)[2]]
    reduced = [best_candidate(each) for each in mixed]
    totals = [module.loss(features, ACTIVE, each, POSITIVE, NEGATIVE).total.tolist() for each in (mixed, reduced)]
    assert totals[0] == totals[1]


def test_loss_gradients_reach_theta_and_v_only() -> None:
    module, features, them = lively(), normal(2, 3, 4, 5, 5), teachers()

    def loss(theta: Tensor, v: Tensor) -> Tensor:
        inputs = (features, ACTIVE, them, POSITIVE, NEGATIVE)
        called = torch.func.functional_call(_Loss(module), {"module.theta": theta, "module.v": v}, inputs)
        assert isinstance(called, Tensor)
        return called

    assert torch.autograd.gradcheck(loss, (normal(0, 3, 4), normal(1, 4)))
    module.loss(features, ACTIVE, them, POSITIVE, NEGATIVE).total.sum().backward()
    assert module.theta.grad is not None
    assert features.grad is None
    assert [teacher.logit.grad for teacher in them] == [None] * 3


class _Loss(torch.nn.Module):
    """The loss as a forward pass, for ``functional_call``."""

    def __init__(self, module: AdaptiveWeights) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: object) -> Tensor:
        return self.module.loss(*inputs).total  # type: ignore[arg-type]


def test_extreme_logits_and_features_are_finite() -> None:
    module = lively().float()
    them = [Prediction(torch.full((3, 1, 3, 3), value), None) for value in (-100.0, 100.0, -100.0)]
    term = module.loss(100 * torch.ones(3, 4, 2, 2), ACTIVE, them, POSITIVE, NEGATIVE)
    term.total.sum().backward()
    assert torch.isfinite(term.total).all()
    for parameter in module.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()


def test_weights_learn_who_is_right_about_which_pairs() -> None:
    right = torch.where(POSITIVE[:2], 4.0, -4.0)[:, None]  # (2, 1, 3, 3)
    sign = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
    them = [Prediction(right * sign, None), Prediction(-right * sign, None)]  # one right about each pair
    features = torch.zeros(2, 4, 5, 5)
    features[0, 0] = features[1, 1] = 1.0
    module, active = AdaptiveWeights(2, 4), torch.ones(2, 2)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        module.loss(features, active, them, POSITIVE[:2], NEGATIVE[:2]).mean().backward()
        optimizer.step()
    weights = module(features, active)
    assert weights[0, 0].item() > 0.7
    assert weights[1, 1].item() > 0.7


def test_penalty_is_the_authors() -> None:
    assert PENALTY == 0.1


def test_other_numbers_are_refused() -> None:
    module = AdaptiveWeights(3, 4)
    with pytest.raises(ConfigError, match="3 teachers and 4 channels got 2 attributes and 4 channels"):
        module(torch.zeros(2, 4, 5, 5), torch.ones(2, 2))
    with pytest.raises(ConfigError, match="3 attributes and 5 channels"):
        module(torch.zeros(2, 5, 5, 5), torch.ones(2, 3))
    with pytest.raises(ConfigError, match="3 teachers got the predictions of 2"):
        module.loss(torch.zeros(3, 4, 5, 5), ACTIVE, teachers()[:2], POSITIVE, NEGATIVE)
