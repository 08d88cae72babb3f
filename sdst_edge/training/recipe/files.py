"""Recipe files as plain tables: what a file extends is merged in, and the recipes that it names are found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from sdst_edge.training.recipe.finding import find_recipe
from sdst_edge.training.recipe.merging import merged
from sdst_edge.training.recipe.recipe import Recipe
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import check_plain

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Table", "name_files", "parse_toml", "read_tables"]

Table: TypeAlias = dict[str, Any]


def read_tables(path: Path, below: tuple[Path, ...] = ()) -> Table:
    """The tables of a file over those of the file that it extends.

    Args:
        path: of the file.
        below: files whose ``extends`` led here.

    Returns:
        Checked for unknown keys and wrong types, each file by itself. Names of recipes are absolute paths.

    Raises:
        ConfigError: a file is missing or no TOML, extends itself, or holds an unknown key or a wrong type.
    """
    path = path.absolute()
    if path.resolve() in below:
        chain = " extends ".join(file.name for file in (*below[below.index(path.resolve()) :], path))
        raise ConfigError(f"recipe {chain}: a circle; one of them must extend nothing, or another file")
    table, label = _read(path), f"recipe {path.name}"
    base = table.pop("extends", "")
    if not isinstance(base, str):
        raise ConfigError(f"{label}: extends is {base!r}, expected the name of one recipe file")
    check_plain(Recipe, table, where=f"{label}: ", error=ConfigError)
    name_files(table, lambda name: find_recipe(name, [path.parent], named_by=f"named by {path.name}"))
    if not base:
        return table
    extended = find_recipe(base, [path.parent], named_by=f"extended by {path.name}")
    return merged(read_tables(extended, (*below, path.resolve())), table)


def parse_toml(text: str, label: str) -> Table:
    """The table that TOML text says.

    Raises:
        ConfigError: it is no TOML.
    """
    try:
        table: Table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{label} is no valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{label} is no valid TOML: it is nested too deeply") from None
    return table


def name_files(table: Table, find: Callable[[str], Path]) -> None:
    """Puts absolute paths in the place of names of recipes: of teachers, and of what a network starts from.

    Args:
        table: of a recipe or of part of one, with values of the right types; changed.
        find: the file that a name means.
    """
    for holder, key in _places(table):
        name = holder.get(key, "")
        if name.endswith(".toml") or (key == "recipe" and name):
            holder[key] = str(find(name).absolute())


def _places(table: Table) -> Iterator[tuple[Table, str]]:
    distillation = table.get("distillation", {})
    yield table.get("model", {}), "start"
    yield distillation.get("peer", {}).get("model", {}), "start"
    for teacher in (*distillation.get("general", ()), *distillation.get("specialised", {}).values()):
        yield teacher, "recipe"


def _read(path: Path) -> Table:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"recipe {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"recipe {path} cannot be read: it is no text in UTF-8") from None
    return parse_toml(text, f"recipe {path}")
