"""What the commands that train share: their options, their bars, and the table at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from sdst_edge.cli.console import facts_text, note, print_json, print_rich, stage_bars
from sdst_edge.cli.scores import figure_table
from sdst_edge.workflows.processes import is_first_process

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_edge.training.run.result import Profile, TrainProgress
    from sdst_edge.workflows.distill import OnTrain, StageResult

__all__ = [
    "DevicesOption",
    "OutputOption",
    "ProfileOption",
    "RecipeArgument",
    "SetOption",
    "chosen_devices",
    "print_results",
    "progress_text",
    "resumable",
    "training_bars",
]

RecipeArgument: TypeAlias = Annotated[
    Path, typer.Argument(help="A recipe's file (.toml), or the name of one that comes with the package.")
]
OutputOption: TypeAlias = Annotated[Path, typer.Option("--output", "-o", help="Folder for all that is written.")]
DevicesOption: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="GPUs, or processes on the CPU.", show_default="all GPUs, else one process"),
]
ProfileOption: TypeAlias = Annotated[bool, typer.Option("--profile", help="Tell where the time of a step goes.")]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, as in optimization.steps=1000; repeatable."),
]

#: Characters beside a bar: on a terminal of 100 columns it and its times are still seen.
ROOM = 50


def chosen_devices(devices: int | None) -> int | str:
    """As the loop takes them."""
    return "auto" if devices is None else devices


@contextmanager
def training_bars() -> Iterator[OnTrain]:
    """A bar for each stage on stderr, in the process that speaks for all."""
    with stage_bars(hidden=not is_first_process()) as bars:
        yield lambda stage, progress: bars(stage or "train", progress.fraction, progress_text(progress))


@contextmanager
def resumable() -> Iterator[None]:
    """Says after an interrupt how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if is_first_process():
            note("stopped; the same command goes on from the last saved state")
        raise


def progress_text(progress: TrainProgress) -> str:
    """Pace and loss in a few words, and of what the loss is made as far as there is room."""
    waiting = f", waits {progress.waiting:.0%}" if progress.waiting >= 0.05 else ""
    text = f"{progress.pairs_per_s:,.0f} pairs/s{waiting}"
    for name in ("loss", *(name for name in progress.losses if name not in ("loss", "gradient_norm"))):
        more = f", {name} {progress.losses[name]:.3f}" if name in progress.losses else ""
        if len(text) + len(more) > ROOM:
            break
        text += more
    return text


def print_results(results: Sequence[StageResult], *, as_json: bool) -> None:
    """What came out, in the process that speaks for all."""
    if not is_first_process():
        return
    for result in results:
        if result.was_finished:
            note(f"{result.name or result.result.files.folder} was finished before")
    if as_json:
        print_json({"stages": [result.to_plain() for result in results]})
        return
    print_rich(_table(results), *(_profile_text(result) for result in results if result.result.profile))


def _table(results: Sequence[StageResult]) -> RenderableType:
    table = figure_table(["stage", "checkpoint"], ["steps", "minutes", "loss", "AUC", "best AUC"])
    for stage in results:
        result = stage.result
        loss, auc, best = result.losses.get("loss"), result.auc, result.best_auc
        figures = [f"{result.steps:,}", f"{result.seconds / 60:.1f}", *map(_three_places, (loss, auc, best))]
        table.add_row(stage.name or "train", str(stage.checkpoint), *figures)
    return table


def _three_places(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _profile_text(stage: StageResult) -> str:
    profile: Profile | None = stage.result.profile
    assert profile is not None
    per_step = 1000 / max(profile.steps, 1)
    rows = [
        (part, f"{profile.share(part):6.1%}  {seconds * per_step:8.2f} ms") for part, seconds in profile.seconds.items()
    ]
    of_whole = "shares of validation and rest are of the whole run, those of the others of a step"
    return f"{stage.name or 'train'}, {profile.steps:,} steps\n{facts_text(rows)}\n{of_whole}"
