"""``sdst-edge demo``: a small tracker follows an object, with files to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import facts_text, print_json, print_rich, stage_bars
from sdst_edge.cli.options import JsonOption

if TYPE_CHECKING:
    from sdst_edge.workflows.demo import DemoReport

__all__ = ["EXAMPLE", "demo"]

EXAMPLE = "sdst-edge demo -o demo/"


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for video, picture and report.")] = Path(
        "demo"
    ),
    train: Annotated[
        bool, typer.Option("--train", help="Train a tracker from nothing first, and export it: 1 to 3 minutes.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Time to train, with --train.", show_default="as the recipe says")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Follow an object in a rendered clip with sdst-nano-m, the student that comes along, time it, and write a report.

    Nothing is downloaded, and a bare install is enough; --train needs the extra `export`.
    """
    from sdst_edge.workflows.demo import run_demo, run_training_demo

    if seconds is not None and not train:
        raise typer.BadParameter("nothing is trained; add --train, or leave it out", param_hint="'--seconds'")
    with stage_bars(timing=True) as bars:
        if train:
            report = run_training_demo(output, seconds=seconds, on_progress=bars)
        else:
            report = run_demo(output, on_progress=bars)
    if as_json:
        print_json(report.to_plain())
    else:
        _print(report)


def _print(report: DemoReport) -> None:
    scores, setup = report.shown.scores, report.shown.latency.setup
    medians = [f"{run.loop.total.p50:.2f} ms with {run.variant}" for run in report.runs]
    rows = [
        ("tracker", f"{report.tracker.bundle}, {report.shown.variant}"),
        ("accuracy", f"AO {scores['ao']:.3f}, success AUC {scores['success_auc']:.3f} on a rendered clip it never saw"),
        ("speed", f"{', '.join(medians)}: median per frame, {setup.threads} thread"),
    ]
    rows += [(name, str(getattr(report.paths, name))) for name in ("video", "picture", "report")]
    print_rich(facts_text([*rows, ("next", report.next_command)]))
