"""``sdst-edge train``: a network learns what a recipe says."""

from __future__ import annotations

from sdst_edge.cli.options import JsonOption
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

__all__ = ["EXAMPLE", "train"]

EXAMPLE = "sdst-edge train rendered-teacher.toml -o teacher/ --set optimization.steps=300"


def train(
    recipe: RecipeArgument,
    output: OutputOption,
    changes: SetOption = None,
    devices: DevicesOption = None,
    profile: ProfileOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train one network; a recipe of specialised teachers trains one for each attribute, in a folder of its own.

    It needs the extra `train`. An interrupted run goes on when the command is given again; a finished one is not run
    again. Under torchrun every process of it gives the command. A recipe that names others is run by `distill`.
    """
    from sdst_edge.workflows.distill import run_training

    with resumable(), training_bars() as bars:
        results = run_training(recipe, output, changes or (), bars, devices=chosen_devices(devices), profile=profile)
    print_results(results, as_json=as_json)
