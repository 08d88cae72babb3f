"""One training run.

A step is ``pairs -> losses -> gradients -> weights -> their running mean``, see :mod:`sdst_edge.training.run.step`.
What is learnt is up to the module that is trained, :mod:`sdst_edge.training.sdst`; processes, devices and precision are
Lightning Fabric's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch

from sdst_edge.training.recipe import Recipe
from sdst_edge.training.run.assembly import assemble, partly_used
from sdst_edge.training.run.files import RunFiles, check_recipe, claim
from sdst_edge.training.run.fit import OnProgress, Rhythm, fit
from sdst_edge.training.run.processes import few_threads, launch, others_may_end
from sdst_edge.training.run.result import Profile, TrainProgress, TrainResult, read_result
from sdst_edge.training.students.starting import make_student

__all__ = ["Profile", "TrainProgress", "TrainResult", "train"]


def train(
    recipe: Recipe,
    out: Path,
    *,
    devices: int | str = "auto",
    on_open: Callable[[float], None] | None = None,
    on_progress: OnProgress | None = None,
    profile: bool = False,
) -> TrainResult:
    """Runs a recipe, or goes on with it where it was left; a finished run is returned as it is.

    With a budget of steps the result is the same for the same recipe, library versions and number of threads, wherever
    the run was broken off, on a CPU; with one of seconds it depends on the machine's speed.

    Args:
        recipe: its teachers and its start are files, no recipes; paths are relative to the working folder.
        out: folder of the run, see :class:`~sdst_edge.training.run.files.RunFiles`; made if it is missing. All
            machines see it, where there are several.
        devices: how many, or ``auto``, see :func:`~sdst_edge.training.run.processes.launch`.
        on_open: called with the share done, 0..1, while clips to train on are rendered; in each process.
        on_progress: called at each report, in the first process.
        profile: whether the time of each part of a step is measured.

    Raises:
        ConfigError: the recipe does not fit itself, the machine, or the run in ``out``; or a loss is not finite.
        CheckpointError: a checkpoint is missing or unfit, or a file cannot be written; the last good state is kept.
        DatasetError: a data set is missing or broken.
        SdstError: another process, of this run or one that makes its pairs, has ended.
    """
    files = RunFiles(out)
    check_recipe(files, recipe)
    finished = read_result(files)
    if finished is not None:
        return finished
    rhythm = Rhythm(on_progress=on_progress, profile=profile)
    with torch.random.fork_rng(devices=[]), few_threads(), others_may_end():
        student = make_student(recipe.model, recipe.seed)
        fabric = launch(recipe.optimization, devices, partly_used=partly_used(recipe, student))
        with claim(files, recipe) if fabric.is_global_zero else nullcontext():
            return fit(fabric, assemble(recipe, student, fabric, on_open), files, rhythm)
