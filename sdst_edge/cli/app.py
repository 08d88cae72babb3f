"""The command ``sdst-edge``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from sdst_edge.cli import (
    attributes,
    bench,
    compare,
    demo,
    distill,
    doctor,
    engine,
    eval_,
    export,
    families,
    import_,
    info,
    lint,
    new,
    qat,
    shrink,
    simulate,
    targets,
    track,
    train,
    tune,
)
from sdst_edge.cli.errors import ReportingGroup

__all__ = ["app", "main"]

app = typer.Typer(
    name="sdst-edge",
    cls=ReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Siamese object trackers on the edge: import, export, run, measure.",
    epilog="Figures go to stdout, progress and errors to stderr. Exit status: 0 done, 1 failed, 2 wrong usage.",
)

app.command("families", epilog=f"Example: {families.EXAMPLE}")(families.families)
app.command("import", epilog=f"Example: {import_.EXAMPLE}")(import_.import_checkpoint)
app.command("new", epilog=f"Example: {new.EXAMPLE}")(new.new)
app.command("export", epilog=f"Example: {export.EXAMPLE}")(export.export)
app.command("track", epilog=f"Example: {track.EXAMPLE}")(track.track)
app.command("eval", epilog=f"Example: {eval_.EXAMPLE}")(eval_.evaluate)
app.command("compare", epilog=f"Example: {compare.EXAMPLE}")(compare.compare)
app.command("attributes", epilog=f"Example: {attributes.EXAMPLE}")(attributes.attributes)
app.command("simulate", epilog=f"Example: {simulate.EXAMPLE}")(simulate.simulate)
app.command("tune", epilog=f"Example: {tune.EXAMPLE}")(tune.tune)
app.command("train", epilog=f"Example: {train.EXAMPLE}")(train.train)
app.command("distill", epilog=f"Example: {distill.EXAMPLE}")(distill.distill)
app.command("qat", epilog=f"Example: {qat.EXAMPLE}")(qat.qat)
app.command("shrink", epilog=f"Example: {shrink.EXAMPLE}")(shrink.shrink)
app.command("targets", epilog=f"Example: {targets.EXAMPLE}")(targets.targets)
app.command("lint", epilog=f"Example: {lint.EXAMPLE}")(lint.lint)
app.command("engine", epilog=f"Example: {engine.EXAMPLE}")(engine.engine)
app.command("doctor", epilog=f"Example: {doctor.EXAMPLE}")(doctor.doctor)
app.command("bench", epilog=f"Example: {bench.EXAMPLE}")(bench.bench)
app.command("info", epilog=f"Example: {info.EXAMPLE}")(info.info)
app.command("demo", epilog=f"Example: {demo.EXAMPLE}")(demo.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        import sdst_runtime

        typer.echo(f"sdst-edge {sdst_runtime.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options before the command."""


def main() -> None:
    """Runs the command line and exits with its status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us; the next file opened would take its number
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (open to the end)
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # its remarks on speed and sockets are none of the user's
    app(prog_name="sdst-edge")
