"""``sdst-edge targets``: the devices that a bundle can be exported for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from sdst_export.targets import Target

__all__ = ["EXAMPLE", "targets"]

EXAMPLE = "sdst-edge targets --json"


def targets(as_json: JsonOption = False) -> None:
    """List the targets of `export --target` and `lint --target`: engine, precisions, session, and what was verified.

    As JSON with all that a recipe says, notes and their sources too. A recipe of your own is a file that ends in .toml.
    """
    from sdst_export.targets import list_targets, load_target

    found = [load_target(name) for name in list_targets()]
    if as_json:
        print_json(found)
    else:
        print_rich(_table(found))


def _table(found: Sequence[Target]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table("target", "device", "engine", "precisions", "default variant", "session", box=box.SIMPLE_HEAD)
    table.add_column("threads", justify="right")
    table.add_column("correlation")
    table.add_column("verified", max_width=40)
    for item in found:
        table.add_row(
            item.name,
            item.title,
            item.engine,
            ", ".join(item.precisions),
            item.default_variant,
            item.session,
            str(item.threads),
            ", ".join(item.correlation_forms),
            item.verified,
        )
    return table
