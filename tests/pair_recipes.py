"""Recipes and sources to draw training pairs from, of sequences that are in memory already."""

from __future__ import annotations

from collections.abc import Sequence as Items
from typing import Any, NamedTuple

from sdst_edge.datasets import Sequence
from sdst_edge.training.pairs.sources import Collection, Sources, make_sources
from sdst_edge.training.recipe import Augmentation, Data, ModelSpec, Optimization, Recipe, Source

__all__ = ["STILL", "Opened", "opened", "recipe_of"]

#: Nothing moves, nothing changes its colour.
STILL = Augmentation(shift_px=0.0, scale_octaves=0.0, aspect_octaves=0.0, gain=0.0, tint=0.0, offset=0.0, flip=0.0)


class Opened(NamedTuple):
    """A recipe, and its sources."""

    recipe: Recipe
    sources: Sources


def recipe_of(*sources: Source, **data: Any) -> Recipe:
    """A recipe with these sources; ``seed``, ``augmentation`` and ``loading`` are the recipe's, others its data's."""
    own = {name: data.pop(name) for name in ("seed", "augmentation", "loading") if name in data}
    return Recipe(model=ModelSpec(), optimization=Optimization(steps=1), data=Data(sources=sources, **data), **own)


def opened(*collections: Items[Sequence], sources: tuple[Source, ...] = (), layout: str = "", **data: Any) -> Opened:
    """The sources of some collections, each a tuple or what makes its sequences on access.

    Args:
        collections: one a source.
        sources: the recipe's; plain ones where there are fewer.
        layout: of all of them.
        data: see :func:`recipe_of`.
    """
    plain = tuple(Source(path=f"set-{number}") for number in range(len(sources), len(collections)))
    recipe = recipe_of(*sources, *plain, **data)
    found = [Collection(sequences=each, layout=layout, place=str(number)) for number, each in enumerate(collections)]
    return Opened(recipe, make_sources(found, recipe.data))
