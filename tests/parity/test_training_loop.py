"""The loop: it learns, keeps to its budget, and repeats itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sdst_edge.models import SiameseModel, build
from sdst_edge.training import (
    Augmentation,
    PairBatch,
    PairSource,
    Recipe,
    RenderedPool,
    TrainProgress,
    narrowed,
    render_pool,
    train,
)
from tests.tolerances import REL_F32

RECIPE = Recipe(
    seconds=0.0,
    steps=30,
    batch_size=4,
    lr=3e-3,
    clips=RenderedPool(clips=3, frames=2, frame_step=10, size_wh=(160, 120)),
)


class OneBatch(PairSource):
    """Gives the same pairs every time."""

    def batch(self, size: int) -> PairBatch:
        if not hasattr(self, "_kept"):
            self._kept = super().batch(size)
        return self._kept


def nano(width: float = 0.5) -> SiameseModel:
    torch.manual_seed(0)
    return build("sdst-nano-s", width=width)


def pairs(model: SiameseModel, kind: type[PairSource] = PairSource) -> PairSource:
    return kind(render_pool(RECIPE.clips), narrowed(model.config, 10), Augmentation(), seed=0)


def test_train_lowers_the_losses_on_one_batch() -> None:
    model = nano()
    told: list[TrainProgress] = []
    result = train(model, pairs(model, OneBatch), RECIPE, told.append)
    assert result.steps == len(told) == 30
    assert told[-1].fraction == 1.0
    first = told[0]
    assert result.score_loss < 0.5 * first.score_loss
    assert result.box_loss < first.box_loss
    assert not model.training


@pytest.mark.parametrize("width", [0.5, 1.0])  # in different memory formats
def test_train_gives_the_same_weights_for_the_same_seeds(width: float) -> None:
    weights = []
    for _ in range(2):
        model = nano(width)
        train(model, pairs(model), replace(RECIPE, steps=2))
        weights.append(torch.cat([value.flatten().double() for value in model.state_dict().values()]))
    assert torch.equal(*weights)


def test_train_ends_with_its_seconds() -> None:
    model = nano()
    result = train(model, pairs(model), replace(RECIPE, seconds=0.01, steps=10_000))
    assert result.steps < 10_000
    assert result.seconds >= 0.01


def test_train_leaves_a_network_that_still_takes_whole_search_regions() -> None:
    model = nano()
    train(model, pairs(model), replace(RECIPE, steps=1))
    with torch.inference_mode():
        score, ltrb = model(torch.zeros(1, 3, 128, 128), torch.zeros(1, 3, 256, 256))
    assert score.shape == (1, 1, 16, 16)
    assert ltrb.shape == (1, 4, 16, 16)
    assert all(parameter.is_contiguous() for parameter in model.parameters())


def test_train_returns_the_running_mean_of_the_weights() -> None:
    """Steps 1 and 2 end at weights a and b; their running mean is 0.75 a + 0.25 b."""

    def weights(steps: int, ema_decay: float) -> torch.Tensor:
        model = nano()
        train(model, pairs(model), replace(RECIPE, steps=steps, ema_decay=ema_decay, warmup=0.0))
        return next(model.parameters()).detach().clone()

    first, second, mean = weights(1, 0.0), weights(2, 0.0), weights(2, 0.75)
    assert not torch.equal(first, second)
    assert (mean - (0.75 * first + 0.25 * second)).abs().max() <= REL_F32 * second.abs().max()
