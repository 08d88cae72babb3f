"""``sdst-edge lint``: whether a target can run a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.options import BundleArgument, JsonOption

if TYPE_CHECKING:
    from rich.console import RenderableType

    from sdst_export.lint import Finding, Report

__all__ = ["EXAMPLE", "lint"]

EXAMPLE = "sdst-edge lint n3/ --target jetson-orin-jp6"


def lint(
    bundle: BundleArgument,
    target: Annotated[
        str, typer.Option(metavar="NAME", help="One of `sdst-edge targets`, or a recipe of your own (.toml).")
    ],
    variant: Annotated[
        str | None,
        typer.Option(help="Variant to look at, such as onnx/fp16.", show_default="all that are for the target"),
    ] = None,
    dla: Annotated[
        bool, typer.Option("--dla", help="Hold the graphs against the device's deep learning accelerator too.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look for what would keep a target from running a bundle, before you copy it there: operators, types, quantisers.

    Nothing is built: rules compare the graphs with what the engines document. Exit status 1 if there are errors.
    Needs the extra `export`.
    """
    from sdst_export.lint import lint as run
    from sdst_export.targets import load_target
    from sdst_runtime import Bundle

    chosen = load_target(target)
    report = run(Bundle.open(bundle), chosen, variant=variant, dla=dla)
    if as_json:
        print_json(report)
    else:
        print_rich(*_shown(report.findings), _summary(report))
    if report.count("error"):
        raise typer.Exit(1)


def _shown(findings: Sequence[Finding]) -> list[RenderableType]:
    """A table of what there is, and below it the sources that it names by numbers."""
    from rich import box
    from rich.table import Table

    from sdst_export.lint.finding import gathered

    if not findings:
        return []
    table = Table("", "rule", "variant", "graph", box=box.SIMPLE_HEAD)
    table.add_column("node", overflow="fold")
    table.add_column("what is the matter")
    table.add_column("what to do")
    sources: dict[str, int] = {}
    for item, more in gathered(findings):
        number = sources.setdefault(item.source, len(sources) + 1) if item.source else 0
        what = f"{item.what} [{number}]" if number else item.what
        node = f"{item.node} and {more} more" if more else item.node
        table.add_row(item.severity, item.rule, item.variant, item.graph, node, what, item.fix)
    return [table, *(f"[{number}] {source}" for source, number in sources.items())]


def _summary(report: Report) -> str:
    from sdst_export.lint.finding import SEVERITIES

    graphs = "; ".join(f"{name}: {', '.join(roles)}" for name, roles in report.graphs.items())
    numbers = ((report.count(severity), severity) for severity in SEVERITIES)
    counts = ", ".join(f"{number} {severity}{'' if number == 1 else 's'}" for number, severity in numbers)
    return f"{report.target}: {counts} (looked at {graphs or 'no graph'})"
