"""Training: pairs cut as the device cuts them, targets, losses and a plain loop. Needs torch."""

from __future__ import annotations

from sdst_edge.training.loop import TrainProgress, TrainResult, train
from sdst_edge.training.pairs import PairBatch, PairSource
from sdst_edge.training.pool import render_pool
from sdst_edge.training.recipe import Augmentation, Recipe, RenderedPool, load_recipe
from sdst_edge.training.targets import narrowed

__all__ = [
    "Augmentation",
    "PairBatch",
    "PairSource",
    "Recipe",
    "RenderedPool",
    "TrainProgress",
    "TrainResult",
    "load_recipe",
    "narrowed",
    "render_pool",
    "train",
]
