"""``sdst-edge shrink``: how narrow and shallow a student has to be for a frame-time budget."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import note, print_json, print_rich, stage_bars
from sdst_edge.cli.options import JsonOption
from sdst_edge.cli.parsing import parse_numbers
from sdst_edge.cli.scores import figure_table
from sdst_edge.cli.training_runs import (
    DevicesOption,
    OutputOption,
    RecipeArgument,
    SetOption,
    chosen_devices,
    resumable,
)
from sdst_edge.workflows.processes import is_first_process

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_edge.workflows.width_search import WidthTable

__all__ = ["EXAMPLE", "shrink"]

EXAMPLE = "sdst-edge shrink student-sdst.toml --budget-ms 3 -o shrink/"


def shrink(
    recipe: RecipeArgument,
    budget_ms: Annotated[
        float, typer.Option("--budget-ms", metavar="MS", help="Most milliseconds of a frame on this machine, float32.")
    ],
    output: OutputOption,
    changes: SetOption = None,
    widths: Annotated[str, typer.Option(metavar="F,F", help="Widths to try.")] = "0.25,0.35,0.5,0.7,1",
    depths: Annotated[str, typer.Option(metavar="F,F", help="Depths to try.")] = "0.5,1",
    steps: Annotated[int, typer.Option(min=0, help="Of each first run.", show_default="an eighth of the recipe's")] = 0,
    rungs: Annotated[int, typer.Option(min=1, help="Each halves the candidates and doubles the steps.")] = 3,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that evaluate side by side.", show_default="one a core, at most 8")
    ] = 0,
    devices: DevicesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the width and depth of a student that is best for its time, within a frame-time budget.

    It needs the extra `export`. Candidates are timed untrained, those that are fast enough trained briefly, the better
    half longer, and so on. An interrupted search goes on when the command is given again. The best is left in
    OUTPUT/best.toml, the recipe to go on with. Report its final score on other data than chose it.
    """
    from sdst_edge.workflows.trials import TrialSettings
    from sdst_edge.workflows.width_search import SearchRequest, run_width_search

    command = shlex.join(["sdst-edge", *sys.argv[1:]])
    request = SearchRequest(
        recipe=recipe,
        budget_ms=budget_ms,
        overrides=tuple(changes or ()),
        widths=parse_numbers(widths, "--widths"),
        depths=parse_numbers(depths, "--depths"),
        steps=steps,
        rungs=rungs,
        trials=TrialSettings(devices=chosen_devices(devices), workers=workers, command=command),
    )
    with resumable(), stage_bars(hidden=not is_first_process()) as bars:
        table = run_width_search(request, output, bars)
    if not is_first_process():
        return
    if as_json:
        print_json(table)
    else:
        print_rich(_table(table))
        note(f"the table is in {output / 'search.md'}, the recipe to go on with {output / 'best.toml'}")


def _table(table: WidthTable) -> RenderableType:
    scores = [title for rung in table.rungs for title in (f"{rung.steps:,} steps", "reward")]
    shown = figure_table(["candidate"], ["parameters", "frame ms", *scores, ""])
    for row in table.rows:
        figures = [text for score in row.scores for text in (f"{score.value:.3f}", f"{score.reward:.3f}")]
        figures += [""] * (len(scores) - len(figures))
        fate = "chosen" if row.name == table.best else "" if row.fits else "too slow"
        shown.add_row(row.name, f"{row.parameters:,}", f"{row.time.ms:.2f}", *figures, fate)
    return shown
