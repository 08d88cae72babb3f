"""``sdst-edge qat``: a checkpoint learns to work under the rounding of INT8."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import facts_text, print_json, print_rich, stage_bars
from sdst_edge.cli.options import CheckpointOption, JsonOption, require_safetensors
from sdst_edge.cli.scores import figure_table
from sdst_edge.cli.training_runs import SetOption, progress_text, resumable

if TYPE_CHECKING:
    from rich.table import Table

    from sdst_edge.workflows.qat import QatResult

__all__ = ["EXAMPLE", "qat"]

EXAMPLE = "sdst-edge qat student.safetensors --data DATA -o student-int8.safetensors"


class RoundingChoice(str, Enum):
    """INT8 variants of a bundle."""

    INT8_ORT = "int8-ort"
    INT8_QDQ = "int8-qdq"


def qat(
    checkpoint: Annotated[
        Path, typer.Argument(help="Float checkpoint, or shipped student, to start from; it teaches, too.")
    ],
    data: Annotated[Path, typer.Option(help="Folder of the data set to learn from.")],
    output: CheckpointOption,
    variant: Annotated[
        RoundingChoice | None, typer.Option(help="Whose rounding to learn.", show_default="the recipe's, int8-ort")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of the optimiser.", show_default="the recipe's")] = None,
    validate: Annotated[Path | None, typer.Option(help="Folder of a data set to track over, before and after.")] = None,
    changes: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a checkpoint for INT8, with its float self as the teacher, by the recipe int8.toml.

    It needs the extra `train`. The result is an ordinary checkpoint of the same family: export it with --precision
    int8. The run is kept beside it in a folder that ends in .qat, and an interrupted one goes on when the command is
    given again. Figures are those of rounding in PyTorch; `export` measures the bundle itself.
    """
    require_safetensors(output)
    from sdst_edge.workflows.qat import QatRequest, run_qat

    request = QatRequest(
        checkpoint=checkpoint,
        data=data,
        output=output,
        variant=None if variant is None else variant.value,
        steps=steps,
        validate=validate,
        changes=tuple(changes or ()),
    )
    with resumable(), stage_bars() as bars:
        result = run_qat(request, lambda stage, share, at: bars(stage, share, progress_text(at) if at else ""))
    if as_json:
        print_json(result)
    else:
        print_rich(facts_text(_facts(result)), _table(result))


def _facts(result: QatResult) -> list[tuple[str, str]]:
    return [
        ("checkpoint", result.checkpoint),
        ("rounding", result.variant),
        ("trained", f"{result.steps:,} steps, {result.seconds / 60:.1f} minutes; run in {result.run}"),
    ]


def _table(result: QatResult) -> Table:
    outputs = list(result.after.drift)
    tracked = result.after.auc_float is not None
    columns = [f"drift of {name}" for name in outputs] + (["AUC float", "AUC rounded"] if tracked else [])
    table = figure_table(["network"], columns)
    for name, item in (("before", result.before), ("after", result.after)):
        scores = [f"{auc:.3f}" for auc in (item.auc_float, item.auc_rounded) if auc is not None]
        table.add_row(name, *(f"{item.drift[output]:.2%}" for output in outputs), *scores)
    return table
