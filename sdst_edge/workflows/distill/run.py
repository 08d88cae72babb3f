"""Running the stages of a student, each going on where it was left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sdst_edge.training.recipe import Recipe, load_recipe
from sdst_edge.workflows.distill.inputs import require_inputs
from sdst_edge.workflows.distill.outcome import OnTrain, StageResult
from sdst_edge.workflows.distill.record import StageRecord
from sdst_edge.workflows.distill.single import run_one
from sdst_edge.workflows.distill.stage_overrides import STUDENT, StageOverrides
from sdst_edge.workflows.distill.stages import Stage, plan_stages

if TYPE_CHECKING:
    from sdst_edge.training.run.result import TrainProgress

__all__ = ["run_distillation", "run_stages"]

#: Called with the name of a stage and the share of it that is done, 0..1.
OnStage: TypeAlias = Callable[[str, float], None]


def run_distillation(
    recipe_path: Path | str,
    out: Path,
    overrides: Sequence[str] = (),
    on_progress: OnTrain | None = None,
    *,
    devices: int | str = "auto",
    profile: bool = False,
) -> tuple[StageResult, ...]:
    """Trains the teachers that a student's recipe names, and then the student, each in ``out/<stage>``.

    Called again, it skips stages that are finished and goes on with one that is not.

    Args:
        recipe_path: of the student, or the name of a packaged recipe.
        out: folder; made if it is missing.
        overrides: ``key=value`` for the student, ``STAGE:key=value`` for another stage, ``all:key=value`` for all.
        on_progress: called at each report of the stage that runs, in the first process.
        devices: see :func:`sdst_edge.training.loop.train`.
        profile: likewise.

    Returns:
        The stages in the order in which they ran, the student's last.

    Raises:
        ConfigError: a recipe is wrong, see :func:`plan_stages`, or ``out`` holds a stage of another one.
        SdstError: of a run; what is finished is kept.
    """
    split = StageOverrides.parse(overrides)
    recipe = load_recipe(recipe_path, split.of(STUDENT))
    stages = plan_stages(recipe, out, split)
    require_inputs(stages, out)
    return _run(stages, out, on_progress, devices=devices, profile=profile)


def run_stages(
    recipe: Recipe,
    out: Path,
    *,
    overrides: StageOverrides | None = None,
    devices: int | str = "auto",
    on_progress: OnStage | None = None,
) -> Recipe:
    """Trains what a student's recipe names, but not the student.

    Args:
        recipe: of the student.
        out: folder of the stages; made if it is missing.
        overrides: of their recipes.
        devices: see :func:`sdst_edge.training.loop.train`.
        on_progress: called at each report of the stage that runs.

    Returns:
        The student's recipe with checkpoints in the place of recipes.

    Raises:
        SdstError: as :func:`run_distillation`.
    """
    *stages, student = plan_stages(recipe, out, overrides)
    require_inputs((*stages, student), out)
    on_train = None if on_progress is None else partial(_tell_share, on_progress)
    _run(stages, out, on_train, devices=devices)
    return student.recipe


def _run(
    stages: Sequence[Stage], out: Path, on_progress: OnTrain | None, *, devices: int | str, profile: bool = False
) -> tuple[StageResult, ...]:
    record, results = StageRecord(out), []
    for stage in stages:
        record.check(stage)
        folder = out / stage.name
        results.append(run_one(stage.recipe, folder, stage.name, on_progress, devices=devices, profile=profile))
    return tuple(results)


def _tell_share(on_stage: OnStage, name: str, progress: TrainProgress) -> None:
    on_stage(name, progress.fraction)
