"""``sdst-edge tune``: tracker parameters that suit a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import note, print_json, print_rich, progress_bar
from sdst_edge.cli.options import (
    BundleArgument,
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
from sdst_edge.cli.scores import figure_table
from sdst_runtime.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_edge.workflows.tune import TuneResult

__all__ = ["EXAMPLE", "tune"]

EXAMPLE = "sdst-edge tune n3/ data/train --trials 100"


def tune(
    bundle: BundleArgument,
    data: DatasetArgument,
    layout: LayoutOption = "auto",
    trials: Annotated[int, typer.Option(min=1, help="Runs in all, those that the study remembers included.")] = 100,
    study: Annotated[
        Path | None,
        typer.Option(
            help="File that remembers the trials; the search goes on from it.", show_default="BUNDLE.tune.log"
        ),
    ] = None,
    rules: Annotated[str, typer.Option(metavar="NAME", help="Rule to score by, as eval takes it.")] = "house",
    metric: Annotated[str, typer.Option(help="Figure to search for.", show_default="the rule's first")] = "",
    sequences: SequencesOption = None,
    starts: Annotated[
        int, typer.Option(min=1, help="Follow each sequence from so many frames on, spread over it: less chance.")
    ] = 1,
    mirrored: Annotated[bool, typer.Option("--mirrored", help="Follow each in the mirror, too.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the proposals and the order of the sequences.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Search, and leave the bundle as it is.")] = False,
    skip_broken: SkipBrokenOption = False,
    variant: VariantOption = None,
    session: SessionOption = SessionChoice.AUTO,
    threads: ThreadsOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Search penalty, window influence and size smoothing by running the tracker, and write the best into the bundle.

    It needs the extra `tune`. An interrupted search goes on when the command is given again; given at the same time in
    another terminal, it shares the work. Report a final score on other data than was tuned on.
    """
    from sdst_edge.workflows.chosen import open_chosen
    from sdst_edge.workflows.tune import TuneOptions, write_tuned
    from sdst_edge.workflows.tune import tune as search
    from sdst_runtime import Bundle
    from sdst_runtime.shipped import is_shipped

    names, opened = parse_names(sequences), Bundle.open(bundle)
    if is_shipped(bundle) and not dry_run:
        raise ConfigError(
            f"{bundle} comes with sdst-edge and is not changed; add --dry-run, or tune a copy of {opened.path}"
        )
    chosen = open_chosen(data, layout, names, skip_broken=skip_broken)
    for name, reason in chosen.skipped:
        note(f"skipped {name}: {reason}")
    options = TuneOptions(
        study=bundle.resolve().with_name(f"{bundle.resolve().name}.tune.log") if study is None else study,
        trials=trials,
        rule=rules,
        metric=metric,
        seed=seed,
        session=session.value,
        threads=threads,
        variant=variant,
        starts=starts,
        mirrored=mirrored,
    )
    with progress_bar("tune") as bar:
        result = search(opened, chosen.sequences, options, bar)
    if not dry_run:
        write_tuned(opened, result, chosen.name)
    if as_json:
        print_json(result)
    else:
        print_rich(_table(result), _remark(result, bundle, dry_run))


def _table(result: TuneResult) -> RenderableType:
    table = figure_table([""], ["before", "best"])
    before, best = result.before.by_name(), result.best.by_name()
    for name in before:
        table.add_row(name, f"{before[name]:.4f}", f"{best[name]:.4f}")
    table.add_row(f"{result.metric} ({result.rule})", f"{result.score_before:.4f}", f"{result.score:.4f}")
    return table


def _remark(result: TuneResult, bundle: Path, dry_run: bool) -> str:
    trials = f"{result.completed} full trials on {_passes(result)}, {result.pruned} ended early"
    if dry_run:
        return f"{trials}; {bundle} was left as it is"
    return f"{trials}; " + (f"written into {bundle}" if result.improved else "nothing better was found")


def _passes(result: TuneResult) -> str:
    return f"{result.sequences} sequences" + ("" if result.passes == result.sequences else f", {result.passes} passes")
