"""Which network a run trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdst_edge.training.recipe.ranges import require
from sdst_runtime.errors import ConfigError

__all__ = ["ModelSpec"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A network and the weights that it starts from.

    Attributes:
        family: in the registry, such as ``sdst-nano-s``. May be left out where ``start`` is given.
        options: of the family, such as ``width``.
        start: checkpoint, or name of a shipped student, or recipe (.toml, run first by ``sdst-edge distill``), whose
            weights it starts from; empty for random ones. It must be of the family and options, where these are given.
        grow: whether ``start`` is smaller than ``family`` and ``options`` say: the network begins with its function
            (:mod:`sdst_edge.models.growing`).
        search_cells: side of the search region in cells while training, or 0 for the tracker's own; a smaller one
            takes less time and shows less ground.
    """

    family: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    start: str = ""
    grow: bool = False
    search_cells: int = 0

    def __post_init__(self) -> None:
        if self.grow and not (self.start and (self.family or self.options)):
            raise ConfigError("recipe: model.grow needs model.start, and model.family or model.options to grow it to")
        require("model.search_cells", self.search_cells, 0, 1024)
