"""The training loop."""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sdst_edge.models import SiameseModel
from sdst_edge.training.losses import Losses, point_losses
from sdst_edge.training.pairs import PairBatch, PairSource
from sdst_edge.training.recipe import Recipe
from sdst_edge.training.targets import make_targets
from sdst_runtime.config import TrackerConfig

__all__ = ["TrainProgress", "TrainResult", "train"]

_CLIP_NORM = 5.0
_MEAN_OVER = 20
_MOST_THREADS = 4


class TrainProgress(NamedTuple):
    """How far a run is.

    Attributes:
        fraction: of the budget, 0..1.
        step: optimiser steps done.
        score_loss: mean of the last steps.
        box_loss: mean of the last steps.
    """

    fraction: float
    step: int
    score_loss: float
    box_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a run did.

    Attributes:
        steps: optimiser steps.
        seconds: of the loop.
        score_loss: mean of the last steps.
        box_loss: mean of the last steps.
    """

    steps: int
    seconds: float
    score_loss: float
    box_loss: float


def train(
    model: SiameseModel,
    pairs: PairSource,
    recipe: Recipe,
    on_progress: Callable[[TrainProgress], None] | None = None,
) -> TrainResult:
    """Trains a network in place and leaves it in eval mode, with the running mean of its weights.

    With a budget of steps the result is the same for the same seeds, library versions and number of threads; with one
    of seconds it depends on the machine's speed.

    Args:
        model: on the CPU, not folded.
        pairs: of the model's configuration, or a narrowed one. One batch more is drawn than is used.
        recipe: budget and rates; its clips and augmentation are not looked at, ``pairs`` has them.
        on_progress: called after each step.
    """
    memory_format = _fast_format(model)
    _lay_out(model.train(), memory_format)
    mean = copy.deepcopy(model)
    optimizer = _optimizer(model, recipe)
    recent: deque[tuple[float, float]] = deque(maxlen=_MEAN_OVER)
    start = time.perf_counter()
    step, fraction = 0, 0.0
    with _few_threads(), closing(_ahead(pairs, recipe.batch_size)) as batches:
        while fraction < 1.0:
            for group in optimizer.param_groups:
                group["lr"] = recipe.lr * _rate(fraction, recipe.warmup)
            losses = _losses(model, next(batches), pairs.config, memory_format)
            _learn(model, optimizer, losses.score + recipe.box_weight * losses.box)
            _blend(mean, model, recipe.ema_decay if step else 0.0)
            recent.append((losses.score.item(), losses.box.item()))
            step += 1
            fraction = _fraction(recipe, step, time.perf_counter() - start)
            if on_progress is not None:
                on_progress(TrainProgress(fraction, step, *_means(recent)))
    model.load_state_dict(mean.state_dict())
    _lay_out(model.eval(), torch.contiguous_format)
    score_loss, box_loss = _means(recent)
    return TrainResult(steps=step, seconds=time.perf_counter() - start, score_loss=score_loss, box_loss=box_loss)


@contextmanager
def _few_threads() -> Iterator[None]:
    """Small networks do not gain from many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, _MOST_THREADS))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _ahead(pairs: PairSource, size: int) -> Generator[PairBatch, None, None]:
    """Batches without end, each cut while the one before it is learnt from."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        waiting = worker.submit(pairs.batch, size)
        while True:
            batch = waiting.result()
            waiting = worker.submit(pairs.batch, size)
            yield batch


def _losses(model: SiameseModel, batch: PairBatch, config: TrackerConfig, memory_format: torch.memory_format) -> Losses:
    z, x = (torch.from_numpy(patches).to(memory_format=memory_format) for patches in (batch.z, batch.x))
    score, ltrb = model(z, x)
    return point_losses(score, ltrb, make_targets(torch.from_numpy(batch.boxes_xyxy), config))


def _learn(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(model.parameters(), _CLIP_NORM)
    optimizer.step()


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW that leaves biases and norms without decay."""
    decayed = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
    free = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.lr)


@torch.no_grad()
def _blend(mean: nn.Module, model: nn.Module, decay: float) -> None:
    """Moves ``mean`` towards ``model``: by 1 - decay, and counters all the way."""
    for old, new in zip(mean.state_dict().values(), model.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1.0 - decay)
        else:
            old.copy_(new)


def _fast_format(model: nn.Module) -> torch.memory_format:
    """Channels last, which halves the time of a step on x86, where it is safe.

    It is not for a strided 1x1 convolution whose input channels are no multiple of 16: on AVX-512 the backward pass of
    torch 2.13 (oneDNN) writes past a buffer there, and the process dies sooner or later. Seen with 8 channels.
    """
    convolutions = (layer for layer in model.modules() if isinstance(layer, nn.Conv2d))
    strided = (layer for layer in convolutions if layer.kernel_size == (1, 1) and layer.stride != (1, 1))
    unsafe = any(layer.in_channels % 16 != 0 for layer in strided)
    return torch.contiguous_format if unsafe else torch.channels_last


def _lay_out(model: nn.Module, memory_format: torch.memory_format) -> None:
    """Puts the kernels of all convolutions into a memory format, in place."""
    for parameter in model.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory_format)


def _fraction(recipe: Recipe, step: int, seconds: float) -> float:
    """Share of the budget that is spent, 0..1."""
    by_steps = step / recipe.steps if recipe.steps else 0.0
    by_time = seconds / recipe.seconds if recipe.seconds else 0.0
    return min(1.0, max(by_steps, by_time))


def _rate(fraction: float, warmup: float) -> float:
    """Share of the highest learning rate: up from near 0 in the warm-up, then down a cosine."""
    if fraction < warmup:
        return max(fraction / warmup, 0.01)
    return 0.5 + 0.5 * math.cos(math.pi * (fraction - warmup) / max(1.0 - warmup, 1e-9))


def _means(recent: deque[tuple[float, float]]) -> tuple[float, float]:
    score, box = zip(*recent, strict=True)
    return sum(score) / len(recent), sum(box) / len(recent)
