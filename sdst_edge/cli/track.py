"""``sdst-edge track``: an object followed through a video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import progress_bar
from sdst_edge.cli.following import Outputs, follow, print_summary, require_one_target, require_other_files
from sdst_edge.cli.options import (
    AcceleratorOption,
    BundleArgument,
    EngineOption,
    JsonOption,
    SessionChoice,
    SessionOption,
    ThreadsOption,
    VariantOption,
    named,
)

__all__ = ["EXAMPLE", "track"]

EXAMPLE = "sdst-edge track n3/ clip.mp4 --box 120,80,64,48 -o out.mp4 --csv boxes.csv"


def track(
    bundle: BundleArgument,
    source: Annotated[
        str, typer.Argument(help="Video, folder of images, camera index, address or GStreamer pipeline.")
    ],
    box: Annotated[str | None, typer.Option(metavar="X,Y,W,H", help="Target in the first frame, 0-based px.")] = None,
    select: Annotated[bool, typer.Option("--select", help="Draw the box in a window; needs OpenCV's GUI.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Annotated video to write.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Table of boxes to write.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Print a line of JSON a frame: frame, box_xywh, score, found.")
    ] = False,
    variant: VariantOption = None,
    session: SessionOption = SessionChoice.AUTO,
    engine: EngineOption = None,
    accelerator: AcceleratorOption = None,
    threads: ThreadsOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Follow one object from its box in the first frame, and write where it is.

    A target that is lost is no error: its frames read found = false, and tracking goes on. Ctrl-C ends a camera's run
    and keeps what was written.
    """
    from sdst_runtime import load, open_source

    target = require_one_target(box, select)
    if jsonl and as_json:
        raise typer.BadParameter("--jsonl and --json both want stdout; choose one", param_hint="'--jsonl'")
    outputs = Outputs(video=output, csv=csv, jsonl=jsonl)
    require_other_files(outputs, source)
    with (
        progress_bar("build engines", hidden=jsonl) as building,
        load(
            bundle,
            session.value,
            threads,
            variant,
            engine=named(engine),
            accelerator=accelerator,
            on_build=lambda share, what: building(share, 1.0, what),
        ) as tracker,
        open_source(source) as frames,
        progress_bar("track", hidden=jsonl) as bar,
    ):
        summary = follow(tracker, frames, target, outputs, bar)
    print_summary(summary, as_json=as_json, as_note=jsonl)
