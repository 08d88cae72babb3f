"""Running recipes whose teachers are there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sdst_edge.training.recipe import Recipe, load_recipe, specialised_for
from sdst_edge.workflows.distill.outcome import OnTrain, StageResult
from sdst_edge.workflows.distill.stages import named_recipes
from sdst_runtime.errors import ConfigError

__all__ = ["run_one", "run_training"]


def run_training(
    recipe_path: Path | str,
    out: Path,
    overrides: Sequence[str] = (),
    on_progress: OnTrain | None = None,
    *,
    devices: int | str = "auto",
    profile: bool = False,
) -> tuple[StageResult, ...]:
    """Trains what a recipe says, in ``out``; one with ``specialise`` once for each attribute, in ``out/<attribute>``.

    Called again, it skips runs that are finished and goes on with one that is not.

    Args:
        recipe_path: of the recipe, or the name of a packaged one.
        out: folder; made if it is missing.
        overrides: ``key=value`` each.
        on_progress: called at each report of a run with its attribute, or an empty name, in the first process.
        devices: see :func:`sdst_edge.training.loop.train`.
        profile: likewise.

    Raises:
        ConfigError: the recipe is wrong or names others, which are to be run first, or ``out`` holds another one's run.
        SdstError: of a run.
    """
    recipe = load_recipe(recipe_path, overrides)
    if named := named_recipes(recipe):
        where, path = next(iter(named.items()))
        key = where if where.endswith("start") else f"{where.replace('[', '.').replace(']', '')}.checkpoint"
        raise ConfigError(
            f"recipe {Path(recipe_path).name}: {where} is the recipe {Path(path).name}, which has to be run first: "
            f"'sdst-edge distill' does so; or give the checkpoint that it wrote: --set {key}=FILE"
        )
    run = partial(run_one, devices=devices, profile=profile)
    if not recipe.specialise:
        return (run(recipe, out, "", on_progress),)
    return tuple(run(specialised_for(recipe, each), out / each, each, on_progress) for each in recipe.specialise)


def run_one(
    recipe: Recipe, out: Path, name: str, on_progress: OnTrain | None, *, devices: int | str, profile: bool
) -> StageResult:
    """One run, or what it came to where it is finished.

    Args:
        recipe: whose teachers are there.
        out: folder of the run.
        name: for ``on_progress`` and the result.
        on_progress: called at each report.
        devices: see :func:`sdst_edge.training.loop.train`.
        profile: likewise.
    """
    from sdst_edge.training.loop import train
    from sdst_edge.training.run.files import RunFiles

    was_finished = RunFiles(out).result.exists()
    told = None if on_progress is None else partial(on_progress, name)
    result = train(recipe, out, devices=devices, on_progress=told, profile=profile)
    return StageResult(name=name, was_finished=was_finished, result=result)
