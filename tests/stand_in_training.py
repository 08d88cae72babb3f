"""What the training loop works on, made up: pairs of noise with a bright target, and the task losses alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from sdst_edge.models import SiameseModel, build
from sdst_edge.training.losses.task import task_terms
from sdst_edge.training.losses.term import Terms
from sdst_edge.training.pairs.batch import Crops, PairBatch, normalized
from sdst_edge.training.recipe import Data, ModelSpec, Optimization, Recipe, RenderedPool, Source
from sdst_edge.training.run.ema import RunningMean
from sdst_edge.training.run.memory_format import fast_format, lay_out
from sdst_edge.training.run.setting import Batches, Setting
from sdst_edge.training.run.validation import Validation
from sdst_edge.training.targets.points import narrowed
from sdst_runtime.config import TrackerConfig

CELLS, SIDE_PX = 6, 40

RECIPE = Recipe(
    model=ModelSpec(family="sdst-nano-s", options={"width": 0.25, "depth": 0.5}, search_cells=CELLS),
    data=Data(sources=(Source(rendered=RenderedPool(clips=3, frames=2, frame_step=10, size_wh=(160, 120))),)),
    optimization=Optimization(steps=8, batch_size=2, lr=3e-3, ema_decay=0.5),
)


def recipe_with(**optimization: object) -> Recipe:
    """The recipe above with other numbers in its optimisation."""
    return replace(RECIPE, optimization=replace(RECIPE.optimization, **optimization))  # type: ignore[arg-type]


class TaskLosses(nn.Module):
    """As Sdst is without teachers."""

    def __init__(self, student: SiameseModel, config: TrackerConfig, recipe: Recipe) -> None:
        super().__init__()
        self.student, self.config, self.recipe = student, config, recipe

    def forward(self, batch: PairBatch, fraction: float) -> Terms:
        (view,) = batch.views
        z, x = (normalized(pixels, self.config.normalization) for pixels in (view.z, view.x))
        return task_terms(self.student(z, x), batch.boxes_xyxy(), batch.positive, self.config, self.recipe.loss)


class MadeUpBatches:
    """Each pair depends on its global index alone.

    Args:
        pool: so many pairs are drawn from; 0 for new ones for ever.
    """

    waited_s = 0.0

    def __init__(self, config: TrackerConfig, size: int, first_step: int, *, rank: int, world: int, pool: int) -> None:
        self._config, self._size, self._pool = config, size, pool
        self._step, self._rank, self._world = first_step, rank, world

    def __iter__(self) -> Iterator[PairBatch]:
        while True:
            first = (self._step * self._world + self._rank) * self._size
            yield self._batch(
                [index % self._pool if self._pool else index for index in range(first, first + self._size)]
            )
            self._step += 1

    def _batch(self, indices: list[int]) -> PairBatch:
        z, x, boxes = (torch.stack(items) for items in zip(*map(self._pair, indices), strict=True))
        count = len(indices)
        return PairBatch(
            views=(Crops(z=z, x=x, scale=torch.ones(count, 2)),),
            boxes_image=boxes,
            positive=torch.ones(count, dtype=torch.bool),
            annotated=torch.ones(count, dtype=torch.bool),
            attributes=torch.zeros(count, 0),
            index=torch.tensor(indices),
        )

    def _pair(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        random = torch.Generator().manual_seed(index)
        sides = self._config.template_size, self._config.search_size
        z, x = (torch.randint(0, 100, (side, side, 3), dtype=torch.uint8, generator=random) for side in sides)
        low = sides[0] // 2 - SIDE_PX // 2
        z[low : low + SIDE_PX, low : low + SIDE_PX] += 150
        left, top = torch.randint(0, sides[1] - SIDE_PX, (2,), generator=random).tolist()
        x[top : top + SIDE_PX, left : left + SIDE_PX] += 150
        box = torch.tensor([left, top, left + SIDE_PX, top + SIDE_PX], dtype=torch.float32)
        return z, x, box - sides[1] / 2


def setting_of(
    recipe: Recipe, fabric: Fabric | None = None, *, pool: int = 0, validation: Validation | None = None
) -> Setting:
    """A student with the task losses, and made-up pairs."""
    rank, world = (0, 1) if fabric is None else (fabric.global_rank, fabric.world_size)
    torch.manual_seed(recipe.seed)
    student = build(recipe.model.family, **recipe.model.options)
    lay_out(student, fast_format(student, torch.device("cpu")))
    config = narrowed(student.config, recipe.model.search_cells)
    size = recipe.optimization.batch_size // world

    def batches(first_step: int) -> AbstractContextManager[Batches]:
        return nullcontext(MadeUpBatches(config, size, first_step, rank=rank, world=world, pool=pool))

    return Setting(
        recipe=recipe,
        student=student,
        mean=RunningMean(student, recipe.optimization.ema_decay),
        module=TaskLosses(student, config, recipe),
        batches=batches,
        validation=validation,
    )


def one_process(recipe: Recipe = RECIPE) -> Fabric:
    """Of this process, on the CPU."""
    fabric = Fabric(accelerator="cpu", devices=1, precision=recipe.optimization.precision)
    fabric.launch()
    return fabric


def run_files(folder: Path) -> Path:
    """The folder, made."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
