"""``sdst-edge doctor``: what this host is, and what can run on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sdst_edge.cli.console import facts_text, note, print_json, print_rich
from sdst_edge.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from sdst_bench.host.host import Host
    from sdst_bench.sessions import SessionFinding

__all__ = ["EXAMPLE", "doctor"]

EXAMPLE = "sdst-edge doctor --json"


def doctor(
    sysroot: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Read the host from a folder laid out like its root; commands are run from its bin only.",
        ),
    ] = Path("/"),
    as_json: JsonOption = False,
) -> None:
    """Tell what this host is, which engines and students are here, and the command that installs each missing engine.

    Nothing is changed. What the host does not tell reads "not measured". The exit status is 1 where no engine can run.
    """
    from sdst_bench.host.probe import probe_host
    from sdst_bench.host.sysroot import Sysroot
    from sdst_bench.sessions import can_run, find_sessions
    from sdst_runtime import shipped_students

    host = probe_host(Sysroot(sysroot))
    findings = find_sessions(host)
    root = "" if Sysroot(sysroot).is_this_host else str(sysroot)
    if root:
        note(f"the host is read from {root}; engines are those of this Python, on this machine")
    if as_json:
        print_json(
            {
                "sysroot": root,
                "host": host,
                "sessions": findings,
                "can_run": can_run(findings),
                "students": shipped_students(),
            }
        )
    else:
        _print(host, findings)
    if not can_run(findings):
        raise typer.Exit(1)


def _print(host: Host, findings: tuple[SessionFinding, ...]) -> None:
    from sdst_bench.report.host_section import host_rows
    from sdst_bench.report.layout import one_line
    from sdst_runtime import shipped_students

    print_rich(facts_text((name, one_line(text)) for name, text in host_rows(host)))
    if host.jetson is not None and host.jetson.clocks:
        print_rich("\njetson_clocks --show:", *map(one_line, host.jetson.clocks.splitlines()))
    print_rich(_table([(item.name, "yes" if item.ok else "no", one_line(item.detail)) for item in findings]))
    if commands := [(item.name, item.install) for item in findings if item.install]:
        print_rich("To install what is missing:", facts_text(commands))
    if names := shipped_students():
        print_rich(f"Trained students that come along, to be named in the place of a bundle: {', '.join(names)}")


def _table(rows: list[tuple[str, ...]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table("what", "runs", "version, or why not", box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    return table
