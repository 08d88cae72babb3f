"""Reading recipes, and writing them down.

A recipe is a TOML file whose tables are the dataclasses of this package. ``extends = "other.toml"`` at its top takes
another file's values where it has none of its own: tables are merged key by key, lists and a model's options are
replaced. ``--set a.b.c=value`` changes single values after that, ``--set data.sources.0.weight=2`` those of a list's
item, and ``--set evaluation=`` takes a table away.

Where names lead:

- ``extends``, a teacher's ``recipe`` and a ``start`` that ends in ``.toml``: from the folder of the file that says so
  (from the current one for ``--set``), else to the packaged recipe of that name;
- a ``start``, ``checkpoint``, ``bundle`` or ``onnx`` that is no recipe, and ``data.root``: from the current folder;
  all of these but ``onnx`` and ``data.root``, where nothing is there: to the shipped student of that name;
- paths of sources and of the evaluation: from ``data.root``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdst_edge.training.recipe.files import read_tables
from sdst_edge.training.recipe.finding import find_recipe
from sdst_edge.training.recipe.overrides import apply_override, parse_override
from sdst_edge.training.recipe.recipe import Recipe
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["dump", "load_recipe"]


def load_recipe(path: Path | str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a file.

    Args:
        path: of the file, or the name of a packaged one, such as ``teacher.toml``; a file of that name in the current
            folder comes first.
        overrides: ``key=value`` each, applied in their order.

    Raises:
        ConfigError: a file is missing or no TOML, extends itself, or holds an unknown key, a wrong type or a value out
            of range; or an override does.
    """
    found = find_recipe(path)
    table = read_tables(found)
    for text in overrides:
        apply_override(table, parse_override(text))
    try:
        return from_plain(Recipe, table, where=f"recipe {found.name}: ", error=ConfigError)
    except ConfigError as error:
        raise ConfigError(_with_file(str(error), found.name)) from None


def dump(recipe: Recipe) -> dict[str, Any]:
    """Plain JSON values that say all of a recipe, defaults too; :func:`sdst_runtime.strict.from_plain` reads them."""
    plain: dict[str, Any] = to_plain(recipe)
    return plain


def _with_file(message: str, name: str) -> str:
    """A table that checks its values does not know which file they come from."""
    return f"recipe {name}: {message.removeprefix('recipe: ')}" if message.startswith("recipe: ") else message
