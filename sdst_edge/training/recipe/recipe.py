"""What a training run is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sdst_edge.training.recipe.augmentation import Augmentation
from sdst_edge.training.recipe.data import Data, Loading
from sdst_edge.training.recipe.distillation import Distillation
from sdst_edge.training.recipe.evaluation import Evaluation
from sdst_edge.training.recipe.loss import Loss
from sdst_edge.training.recipe.model import ModelSpec
from sdst_edge.training.recipe.optimization import Optimization
from sdst_edge.training.recipe.quantization import Quantization
from sdst_edge.training.recipe.ranges import require
from sdst_runtime.errors import ConfigError

__all__ = ["Recipe", "specialised_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training run.

    Attributes:
        seed: of weights, pairs and augmentation.
        specialise: attributes; the recipe stands for one run each, see :func:`specialised_for`.
        model: the network.
        data: what pairs are drawn from.
        augmentation: of the pairs.
        loading: of the pairs.
        loss: against the annotation.
        optimization: budget and rates.
        distillation: teachers; None for a run without any.
        quantization: how the network is rounded while it learns; None for not at all.
        evaluation: on a validation set; None for none.
    """

    seed: int = 0
    specialise: tuple[str, ...] = ()
    model: ModelSpec
    data: Data
    augmentation: Augmentation = field(default_factory=Augmentation)
    loading: Loading = field(default_factory=Loading)
    loss: Loss = field(default_factory=Loss)
    optimization: Optimization
    distillation: Distillation | None = None
    quantization: Quantization | None = None
    evaluation: Evaluation | None = None

    def __post_init__(self) -> None:
        require("seed", self.seed, 0, 2**62)
        if self.quantization is not None and not self.optimization.frozen_norms:
            raise ConfigError(
                "recipe: quantization is set and optimization.frozen_norms is not: norms are merged into the weights "
                "that are rounded, so their statistics must stay; set optimization.frozen_norms = true"
            )
        known = self.data.attributes
        taught = () if self.distillation is None else tuple(self.distillation.specialised)
        for name in (*taught, *self.specialise):
            if name not in known:
                raise ConfigError(
                    f"recipe: attribute {name} is not among data.attributes ({', '.join(known) or 'empty'}); add it"
                )
        self._check_taught()

    def _check_taught(self) -> None:
        table = self.distillation
        if table is not None and table.teaches_unannotated:
            return
        for number, source in enumerate(self.data.sources):
            if not source.annotated:
                raise ConfigError(
                    f"recipe: data.sources[{number}], {source.path}, is not annotated (layout {source.layout}), and no "
                    "teacher says what its pairs show; name one in distillation.general, or leave the source out "
                    "(a weight of 0 silences teachers, and distillation.gate the specialised ones)"
                )


def specialised_for(recipe: Recipe, attribute: str) -> Recipe:
    """The run for one attribute of ``recipe.specialise``: pairs drawn by attribute all hold this one.

    Args:
        recipe: with the attribute in ``specialise``; its ``data.attribute_share`` says how many pairs are drawn so.
        attribute: one of them.
    """
    return replace(recipe, specialise=(), data=replace(recipe.data, attributes=(attribute,)))
