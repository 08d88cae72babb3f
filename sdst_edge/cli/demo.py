"""``sdst-edge demo``: from nothing to a tracker that follows an object."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdst_edge.cli.console import facts_text, print_json, print_rich, stage_bars
from sdst_edge.cli.options import JsonOption

__all__ = ["EXAMPLE", "demo"]

EXAMPLE = "sdst-edge demo -o demo/ --seconds 60"


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for video, picture and report.")] = Path(
        "demo"
    ),
    seconds: Annotated[
        float | None, typer.Option(help="Time to train.", show_default="as the recipe says, 1 to 3 minutes")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a small tracker for 1 to 3 minutes on rendered clips, export it, time it, and let it follow an object.

    Nothing is downloaded. It needs the extra `export`.
    """
    from sdst_edge.workflows.demo import run_demo

    with stage_bars(timing=True) as bars:
        report = run_demo(output, seconds=seconds, on_progress=bars)
    if as_json:
        print_json(report.to_plain())
        return
    clip = (
        f"AO {report.scores['ao']:.3f}, success AUC {report.scores['success_auc']:.3f} on a rendered clip it never saw"
    )
    speed = f"{report.loop.total.p50:.2f} ms per frame (median), {report.latency.setup.threads} thread"
    paths = [(name, str(getattr(report.paths, name))) for name in ("video", "picture", "report")]
    print_rich(facts_text([("accuracy", clip), ("speed", speed), *paths]))
