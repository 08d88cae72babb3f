"""Trains on made-up pairs in a process of its own, or several: ``python -m ... FOLDER [name=value ...]``."""

from __future__ import annotations

import sys
from pathlib import Path

from sdst_edge.training.recipe import Freezing
from sdst_edge.training.run.files import RunFiles
from sdst_edge.training.run.fit import Rhythm, fit
from sdst_edge.training.run.processes import launch
from tests.stand_in_training import recipe_with, run_files, setting_of

__all__ = ["EACH_STEP", "KILLED", "TWO_RANKS"]

EACH_STEP = Rhythm(report_steps=1, save_seconds=0.0)
#: Optimisation of a run that is killed now and then.
KILLED = {"steps": 12}
#: Optimisation of a run in two processes; the trunk joins in after five steps.
TWO_RANKS = {
    "steps": 20,
    "batch_size": 4,
    "frozen_norms": True,
    "ema_decay": 0.0,
    "freeze": (Freezing(modules=("trunk",), until=0.25),),
}


def main(folder: Path, kind: str) -> None:
    """Runs to the end, or until it is killed."""
    recipe = recipe_with(**{"killed": KILLED, "two-ranks": TWO_RANKS}[kind])
    fabric = launch(recipe.optimization, "auto", partly_used=False)
    fit(fabric, setting_of(recipe, fabric), RunFiles(run_files(folder)), EACH_STEP)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
