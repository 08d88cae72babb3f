"""The grid of a width search: narrower and shallower networks of the student's family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sdst_edge.training.recipe import ModelSpec, Recipe
from sdst_runtime.errors import ConfigError

__all__ = ["FULL", "Candidate", "check_start", "make_grid"]


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """Options of a family, see :class:`sdst_edge.models.scaling.Scaling`.

    Attributes:
        width: factor on the channels between layers.
        depth: factor on the number of repeated layers.
    """

    width: float
    depth: float

    def name(self, family: str) -> str:
        """Such as ``sdst-nano-s-w0.5-d1``."""
        return f"{family}-w{self.width:g}-d{self.depth:g}"

    def model(self, student: ModelSpec) -> ModelSpec:
        """The student's network with these options in the place of its own."""
        return replace(student, options={**student.options, "width": self.width, "depth": self.depth})

    def recipe(self, student: Recipe) -> Recipe:
        """The student's recipe with these options."""
        return replace(student, model=self.model(student.model))


#: The family as published.
FULL = Candidate(1.0, 1.0)


def make_grid(widths: Sequence[float], depths: Sequence[float]) -> tuple[Candidate, ...]:
    """All pairs of a width and a depth, the widest and deepest first.

    Raises:
        ConfigError: no width or no depth is given, or one twice.
    """
    for name, values in (("widths", widths), ("depths", depths)):
        if not values or len(set(values)) != len(values):
            shown = ", ".join(f"{value:g}" for value in values) or "none at all"
            raise ConfigError(f"{name} are {shown}, expected some numbers, each once")
    grid = (Candidate(float(width), float(depth)) for width in widths for depth in depths)
    return tuple(sorted(grid, reverse=True))


def check_start(recipe: Recipe) -> None:
    """Refuses a student that starts from weights, which fit one width alone.

    Raises:
        ConfigError: it does, or its family is not said.
    """
    if recipe.model.start:
        raise ConfigError(
            f"recipe: model.start is {recipe.model.start}, whose weights fit no other width; take it away with "
            "--set model.start=" + (" --set model.grow=" if recipe.model.grow else "")
        )
    if not recipe.model.family:
        raise ConfigError("recipe: model.family is empty, so there is nothing to make narrower; name one")
