"""Recipes of training runs: their tables, and how they are read from TOML. No torch in here."""

from __future__ import annotations

from sdst_edge.training.recipe.augmentation import Augmentation
from sdst_edge.training.recipe.data import Cache, Data, Loading, RenderedPool, Source
from sdst_edge.training.recipe.distillation import Distillation, Hint, Parts, Peer, TeacherSpec
from sdst_edge.training.recipe.evaluation import Evaluation
from sdst_edge.training.recipe.finding import DEMO_RECIPE, find_recipe, packaged_recipes
from sdst_edge.training.recipe.loading import dump, load_recipe
from sdst_edge.training.recipe.loss import Loss
from sdst_edge.training.recipe.model import ModelSpec
from sdst_edge.training.recipe.optimization import Freezing, Optimization
from sdst_edge.training.recipe.quantization import Quantization, QuantizedVariant
from sdst_edge.training.recipe.recipe import Recipe, specialised_for

__all__ = [
    "DEMO_RECIPE",
    "Augmentation",
    "Cache",
    "Data",
    "Distillation",
    "Evaluation",
    "Freezing",
    "Hint",
    "Loading",
    "Loss",
    "ModelSpec",
    "Optimization",
    "Parts",
    "Peer",
    "Quantization",
    "QuantizedVariant",
    "Recipe",
    "RenderedPool",
    "Source",
    "TeacherSpec",
    "dump",
    "find_recipe",
    "load_recipe",
    "packaged_recipes",
    "specialised_for",
]
