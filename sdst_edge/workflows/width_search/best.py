"""The chosen student as a recipe that extends the one it was searched for."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from sdst_edge.training.recipe.finding import PACKAGED, find_recipe
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.width_search.table import WidthTable

__all__ = ["continuing_overrides", "write_best"]


def continuing_overrides(table: WidthTable) -> tuple[str, ...]:
    """What to set on top of the student's recipe to go on with the chosen candidate: overrides given, and options.

    Args:
        table: of a finished search.
    """
    options = next(row.options for row in table.rows if row.name == table.best)
    set_here = ("model.options.width", "model.options.depth")
    kept = tuple(
        text for text in table.overrides if text.partition("=")[0].strip().removeprefix("student:") not in set_here
    )
    return (*kept, f"model.options.width={options.width:g}", f"model.options.depth={options.depth:g}")


def write_best(path: Path, recipe: Path, table: WidthTable) -> None:
    """Writes the recipe of the chosen candidate.

    Args:
        path: of the file.
        recipe: of the student, which it extends.
        table: of a finished search.
    """
    options = next(row.options for row in table.rows if row.name == table.best)
    found = find_recipe(recipe).resolve()
    extended = found.name if found.parent == PACKAGED.resolve() else found.as_posix()
    lines = [
        f"# The student of {table.recipe} that takes at most {table.budget_ms:g} ms a frame; see search.md.",
        f"extends = {json.dumps(extended)}",
        "",
        "[model]",
        f"family = {json.dumps(table.family)}",
        "",
        "[model.options]",
        f"width = {options.width:g}",
        f"depth = {options.depth:g}",
    ]
    if table.overrides:
        again = " ".join(f"--set {shlex.quote(text)}" for text in table.overrides)
        lines[1:1] = [f"# This file does not hold what the search was given besides; give it again: {again}"]
    with replacing(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
