"""Muon: orthogonal steps for kernels, AdamW for the rest, and a state that can be taken up again."""

import copy

import pytest
import torch
from torch import nn

from sdst_edge.training.recipe import Optimization
from sdst_edge.training.run.muon import is_orthogonalised, orthogonalised
from sdst_edge.training.run.optimizer import make_optimizer, set_rate
from tests.tolerances import ABS_SINGULAR_DIRECTIONS, REL_MUON_STEP

RATE = 0.01
DECAY = 0.1


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 16, 3, bias=False), nn.BatchNorm2d(16), nn.Conv2d(16, 4, 1))


def optimizer_of(module: nn.Module) -> torch.optim.Optimizer:
    optimizer = make_optimizer(module, Optimization(steps=1, optimizer="muon", lr=RATE, weight_decay=DECAY), {})
    set_rate(optimizer, RATE)
    return optimizer


def step(module: nn.Module, optimizer: torch.optim.Optimizer, seed: int) -> None:
    pixels = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    optimizer.zero_grad()
    module(pixels).square().mean().backward()
    optimizer.step()


@pytest.mark.parametrize("shape", [(16, 27), (64, 16), (16, 16)])
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    result = orthogonalised(matrix)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = left.T @ result @ right.T  # diagonal where the directions are the same
    values = turned.diagonal()
    assert ((values > 0.3) & (values < 1.3)).all()
    assert values.mean() > 0.8
    torch.testing.assert_close(turned, torch.diag(values), rtol=0, atol=ABS_SINGULAR_DIRECTIONS)


def test_a_kernel_without_a_gradient_of_any_size_stays() -> None:
    assert not orthogonalised(torch.zeros(16, 27)).any()


def test_kernels_but_for_predictions_are_orthogonalised() -> None:
    chosen = {name: is_orthogonalised(parameter) for name, parameter in network().named_parameters()}
    assert chosen == {"0.weight": True, "1.weight": False, "1.bias": False, "2.weight": False, "2.bias": False}


def test_a_step_has_the_size_of_the_rate_whatever_the_gradients_size() -> None:
    pixels = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(6))
    sizes = []
    for factor in (1.0, 1000.0):
        module = network()
        optimizer = optimizer_of(module)
        kernel = module.get_parameter("0.weight")
        before = kernel.detach().clone()
        (module(pixels) * factor).square().mean().backward()
        optimizer.step()
        moved = kernel.detach() - before * (1 - RATE * DECAY)
        sizes.append(moved.square().mean().sqrt().item())
    assert sizes[0] == pytest.approx(sizes[1], rel=REL_MUON_STEP)
    assert 0.1 * RATE < sizes[0] < 0.3 * RATE  # 0.2 for singular values of 1


def test_the_rest_moves_as_by_adamw() -> None:
    ours, theirs = network(), network()
    muon = optimizer_of(ours)
    adamw = make_optimizer(theirs, Optimization(steps=1, lr=RATE, weight_decay=DECAY), {})
    set_rate(adamw, RATE)
    for module, optimizer in ((ours, muon), (theirs, adamw)):
        step(module, optimizer, seed=2)
    for name, parameter in ours.named_parameters():
        if name == "0.weight":
            assert not torch.equal(parameter, theirs.get_parameter(name))
        else:
            torch.testing.assert_close(parameter, theirs.get_parameter(name))


def test_a_state_that_was_loaded_goes_on_the_same() -> None:
    straight = network()
    optimizer = optimizer_of(straight)
    step(straight, optimizer, seed=3)
    resumed = copy.deepcopy(straight)
    second = optimizer_of(resumed)
    second.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for seed in (4, 5):
        step(straight, optimizer, seed)
        step(resumed, second, seed)
    for name, parameter in straight.named_parameters():
        assert torch.equal(parameter, resumed.get_parameter(name)), name
