"""The command ``sdst-edge``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.errors import ReportingGroup

if TYPE_CHECKING:
    app: typer.Typer

__all__ = ["COMMANDS", "app", "main", "make_app"]

#: Each command, in the order of the help: the module of this package that has its ``EXAMPLE``, and its function there.
COMMANDS = {
    "families": "families:families",
    "import": "import_:import_checkpoint",
    "new": "new:new",
    "export": "export:export",
    "track": "track:track",
    "eval": "eval_:evaluate",
    "compare": "compare:compare",
    "attributes": "attributes:attributes",
    "simulate": "simulate:simulate",
    "tune": "tune:tune",
    "train": "train:train",
    "distill": "distill:distill",
    "qat": "qat:qat",
    "shrink": "shrink:shrink",
    "targets": "targets:targets",
    "lint": "lint:lint",
    "engine": "engine:engine",
    "doctor": "doctor:doctor",
    "bench": "bench:bench",
    "info": "info:info",
    "demo": "demo:demo",
}


def make_app(commands: Iterable[str] = tuple(COMMANDS)) -> typer.Typer:
    """The command line with some of its commands; modules of others are not imported, which takes time and memory.

    Args:
        commands: keys of ``COMMANDS``.
    """
    made = typer.Typer(
        name="sdst-edge",
        cls=ReportingGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Siamese object trackers on the edge: import, export, run, measure.",
        epilog="Figures go to stdout, progress and errors to stderr. Exit status: 0 done, 1 failed, 2 wrong usage.",
    )
    made.callback()(_options)
    for name in commands:
        module_name, function = COMMANDS[name].split(":")
        module = import_module(f"{__package__}.{module_name}")
        made.command(name, epilog=f"Example: {module.EXAMPLE}")(getattr(module, function))
    return made


def _print_version(wanted: bool) -> None:
    if wanted:
        import sdst_runtime

        typer.echo(f"sdst-edge {sdst_runtime.__version__}")
        raise typer.Exit


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
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    make_app([asked] if asked in COMMANDS else COMMANDS)(prog_name="sdst-edge")


@cache
def _whole_app() -> typer.Typer:
    return make_app()


def __getattr__(name: str) -> typer.Typer:
    if name == "app":  # with all commands, made when it is asked for
        return _whole_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
