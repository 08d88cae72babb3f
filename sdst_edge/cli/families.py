"""``sdst-edge families``: what can be built, imported and exported, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING

from sdst_edge.cli.console import print_json, print_rich
from sdst_edge.cli.options import DepthOption, JsonOption, WidthOption, given

if TYPE_CHECKING:
    from rich.table import Table

    from sdst_edge.models import FamilyFacts

__all__ = ["EXAMPLE", "families"]

EXAMPLE = "sdst-edge families --width 0.35"


def families(width: WidthOption = None, depth: DepthOption = None, as_json: JsonOption = False) -> None:
    """List the families of trackers: what they cost, what they read and correlate, and where they go.

    MACs are those of convolutions and linear layers, of the template once per target, of search and head per frame;
    the correlations' are apart. With a width or a depth, the table is that of the students. Needs the extra `train`.
    """
    from sdst_edge import models
    from sdst_export.targets import ENGINES

    students = _students()
    facts = [models.family_facts(name, **given(width=width, depth=depth)) for name in models.families()]
    if as_json:
        print_json([{**asdict(item), "engines": ENGINES, "students": students.get(item.family, [])} for item in facts])
    else:
        print_rich(_table(facts), f"Each is exported for {', '.join(ENGINES)}; `sdst-edge targets` lists devices.")
        if students:
            print_rich(f"Trained students that come along: {', '.join(chain.from_iterable(students.values()))}.")


def _students() -> dict[str, list[str]]:
    """Names of shipped students by their families."""
    from sdst_runtime.manifest import MANIFEST_NAME, Manifest
    from sdst_runtime.shipped import STUDENTS, shipped_students

    students: dict[str, list[str]] = {}
    for name in shipped_students():
        students.setdefault(Manifest.read(STUDENTS / name / MANIFEST_NAME).family, []).append(name)
    return students


def _table(facts: Sequence[FamilyFacts]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table("family", box=box.SIMPLE_HEAD)
    for name in ("parameters", "template", "search", "head", "correlations"):
        table.add_column(name, justify="right")
    for name in ("input px", "correlation", "output", "import"):
        table.add_column(name)
    for item in facts:
        macs = (item.macs.template, item.macs.search, item.macs.head, item.macs.correlations)
        table.add_row(
            item.family,
            f"{item.parameters / 1e6:.3f} M",
            *(f"{count / 1e6:,.1f} M" for count in macs),
            f"{item.template_size}, {item.search_size}" + (f" x {item.scales}" if item.scales > 1 else ""),
            ", ".join(f"{kind} x {n}" if n > 1 else kind for kind, n in Counter(item.correlations).items()),
            item.output_kind,
            "yes" if item.importable else "no",
        )
    return table
