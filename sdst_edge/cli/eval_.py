"""``sdst-edge eval``: how well a model tracks."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import note, print_json, print_rich, progress_bar
from sdst_edge.cli.options import (
    DatasetArgument,
    JsonOption,
    LayoutOption,
    SequencesOption,
    SessionChoice,
    SessionOption,
    SkipBrokenOption,
    ThreadsOption,
    VariantOption,
)
from sdst_edge.cli.parsing import parse_names
from sdst_edge.cli.scores import attribute_tables, score_tables, skipped_text

__all__ = ["EXAMPLE", "evaluate"]

EXAMPLE = "sdst-edge eval n3/ data/val --attributes --out results/n3/"


def evaluate(
    model: Annotated[
        Path,
        typer.Argument(
            help="A bundle's folder, a checkpoint (.safetensors), the name of a shipped student, such as sdst-nano-m, "
            "or a folder of any tracker's result files."
        ),
    ],
    data: DatasetArgument,
    layout: LayoutOption = "auto",
    protocol: Annotated[
        str, typer.Option(help="ope: one pass; vot2016, vot2018, vot2019: resets; vot2020: multi-start.")
    ] = "ope",
    rules: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Score as a toolkit does, such as got10k, lasot, otb; none: leave boxes for a test set's server.",
            show_default="house",
        ),
    ] = None,
    attributes: Annotated[bool, typer.Option("--attributes", help="Also score by challenging attribute.")] = False,
    sequences: SequencesOption = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that run side by side.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for figures, plots and boxes; what is finished there is not run again.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the evaluation that --out holds.")] = False,
    skip_broken: SkipBrokenOption = False,
    variant: VariantOption = None,
    session: SessionOption = SessionChoice.AUTO,
    threads: ThreadsOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Score a tracker on sequences with known boxes, by the house rule or as an official toolkit does.

    The output names the rule. FPS counts update() alone, not the decoding of pictures.
    """
    from sdst_edge.workflows.evaluate import Request, find_model, run_evaluation

    request = Request(
        model=find_model(model, variant=variant, session=session.value, threads=threads),
        dataset=data,
        layout=layout,
        protocol=protocol,
        rule=rules,
        attributes=attributes,
        sequences=parse_names(sequences),
        workers=workers,
        skip_broken=skip_broken,
        out=out,
        overwrite=overwrite,
        command=shlex.join(["sdst-edge", *sys.argv[1:]]),
    )
    with progress_bar("eval") as bar:
        result = run_evaluation(request, bar, note)
    if out is not None and not result.metrics:
        note(f"nothing was scored; the boxes are in {out / 'boxes' / result.tracker}")
    if result.skipped:
        note(skipped_text(result))
    if as_json:
        print_json(result.to_plain())
        return
    print_rich(*score_tables(result), *(attribute_tables(result) if attributes else ()))
