"""``sdst-edge distill``: a student and all teachers that it needs."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import print_json, stage_bars
from sdst_edge.cli.options import JsonOption
from sdst_edge.cli.parsing import parse_names, parse_seeds
from sdst_edge.cli.training_runs import (
    DevicesOption,
    OutputOption,
    ProfileOption,
    RecipeArgument,
    SetOption,
    chosen_devices,
    print_results,
    resumable,
    training_bars,
)
from sdst_edge.workflows.processes import is_first_process

__all__ = ["EXAMPLE", "distill"]

EXAMPLE = "sdst-edge distill rendered-student-sdst.toml -o sdst/"

SEEDS = "0,1,2"


def distill(
    recipe: RecipeArgument,
    output: OutputOption,
    changes: SetOption = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Train the student with and without each kind of teacher, and compare.")
    ] = False,
    arms: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Of the ablation.", show_default="all five")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="N,N", help="Of each arm of the ablation.", show_default=SEEDS)
    ] = None,
    devices: DevicesOption = None,
    profile: ProfileOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train the teachers that a student's recipe names, then the student, each stage in a folder of its own.

    It needs the extra `train`, and with --ablate `export`. Given again, it skips finished stages and goes on with the
    one that was interrupted. --set STAGE:KEY=VALUE changes the recipe of one stage, such as general or specialised-FM,
    and all:KEY=VALUE that of each. Data root, cache and workers hold for all stages as the student's recipe has them.
    """
    if ablate:
        if profile:
            raise typer.BadParameter("it is of one run, and --ablate makes many", param_hint="'--profile'")
        _ablate(
            recipe,
            output,
            changes or [],
            parse_seeds(SEEDS if seeds is None else seeds),
            arms,
            devices,
            as_json=as_json,
        )
        return
    if arms is not None or seeds is not None:
        raise typer.BadParameter("they are of an ablation; add --ablate", param_hint="'--arms' / '--seeds'")
    from sdst_edge.workflows.distill import run_distillation

    with resumable(), training_bars() as bars:
        results = run_distillation(
            recipe, output, changes or (), bars, devices=chosen_devices(devices), profile=profile
        )
    print_results(results, as_json=as_json)


def _ablate(
    recipe: Path,
    output: Path,
    changes: list[str],
    seeds: tuple[int, ...],
    arms: str | None,
    devices: int | None,
    *,
    as_json: bool,
) -> None:
    from sdst_edge.workflows.ablation import ARMS, ablation_markdown, run_ablation
    from sdst_edge.workflows.ablation.ablation import AblationSettings
    from sdst_edge.workflows.trials import TrialSettings

    command = shlex.join(["sdst-edge", *sys.argv[1:]])
    settings = AblationSettings(trials=TrialSettings(devices=devices or "auto", command=command))
    chosen = parse_names(arms, "--arms") or ARMS
    with resumable(), stage_bars(hidden=not is_first_process()) as bars:
        table = run_ablation(recipe, output, changes, seeds, chosen, bars, settings=settings)
    if not is_first_process():
        return
    if as_json:
        print_json(table)
    else:
        typer.echo(ablation_markdown(table))
