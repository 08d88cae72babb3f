"""``sdst-edge eval``: how well a bundle tracks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import print_json, print_rich, progress_bar
from sdst_edge.cli.options import (
    BundleArgument,
    JsonOption,
    SessionChoice,
    SessionOption,
    ThreadsOption,
    VariantOption,
)
from sdst_edge.cli.scores import score_tables, write_results

__all__ = ["EXAMPLE", "evaluate"]

EXAMPLE = "sdst-edge eval n3/ data/val --results results/n3/"


def evaluate(
    bundle: BundleArgument,
    data: Annotated[Path, typer.Argument(help="Sequences in the GOT-10k layout, or one sequence's folder.")],
    variant: VariantOption = None,
    session: SessionOption = SessionChoice.AUTO,
    threads: ThreadsOption = 1,
    results: Annotated[
        Path | None, typer.Option(help="Folder for the boxes, one file a sequence, 1-based as GOT-10k's.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score a bundle on sequences with known boxes: success AUC, precision at 20 px, AO, SR 0.5 and FPS.

    Scores are by the house rule, which the output names. FPS counts update() alone, not the decoding of pictures.
    """
    from sdst_edge import evaluation
    from sdst_edge.datasets import read_got10k
    from sdst_runtime import load

    sequences = read_got10k(data)
    with load(bundle, session.value, threads, variant) as tracker, progress_bar("eval") as bar:
        if results is not None:
            results.mkdir(parents=True, exist_ok=True)  # before the work, so that a wrong path is told at once
        scored = evaluation.evaluate(tracker, sequences, bar)
    if results is not None:
        write_results(results, scored)
    if as_json:
        print_json(scored.to_plain())
    else:
        print_rich(*score_tables(scored))
