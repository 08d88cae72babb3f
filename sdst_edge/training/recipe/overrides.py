"""``--set key=value``: single values of a recipe from the command line."""

from __future__ import annotations

from typing import Any, NamedTuple

from sdst_edge.training.recipe.files import Table, name_files, parse_toml
from sdst_edge.training.recipe.finding import find_recipe
from sdst_edge.training.recipe.merging import put
from sdst_edge.training.recipe.recipe import Recipe
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import check_plain

__all__ = ["Override", "apply_override", "parse_override"]

#: A text that begins so is meant as TOML, even where it is none.
_TOML_ONLY = ('"', "'", "[", "{")


class Override(NamedTuple):
    """One value to set.

    Attributes:
        keys: from the top of the recipe to the value: names of keys, and indices in lists.
        value: plain, or None to take the key away, so that its default holds.
        text: as it was given.
    """

    keys: tuple[str, ...]
    value: Any
    text: str


def parse_override(text: str) -> Override:
    """What ``a.b.c=value`` means: the value is TOML, or else a string; without a value the key is taken away.

    Raises:
        ConfigError: there is no ``=``, a key is empty, or the value begins like TOML and is none.
    """
    path, equals, value = text.partition("=")
    keys = tuple(key.strip() for key in path.split("."))
    if not equals or not all(keys):
        raise ConfigError(f"--set {text}: expected key=value, such as optimization.steps=1000 or data.root=/data")
    return Override(keys, _value(value.strip(), text), text)


def apply_override(table: Table, override: Override) -> None:
    """Sets one value in a recipe's tables, in place; tables on the way there are made.

    Raises:
        ConfigError: the recipe has no such key, no such item of a list, or the value is of a wrong type.
    """
    *way, last = override.keys
    at: Any = table
    for depth, key in enumerate(way):
        at = _step(at, key, override, depth)
    if isinstance(at, list):
        _put_item(at, last, override)
    elif not isinstance(at, dict):
        raise ConfigError(f"--set {override.text}: {'.'.join(way)} is {at!r} and holds no {last}")
    elif override.value is None:
        at.pop(last, None)
    else:
        put(at, last, override.value)
    check_plain(Recipe, table, where=f"--set {override.text}: ", error=ConfigError)
    name_files(table, lambda name: find_recipe(name, named_by=f"--set {override.text}"))


def _value(text: str, whole: str) -> Any:
    if not text:
        return None
    try:
        table = parse_toml(f"value = {text}", f"--set {whole}: the value")
    except ConfigError:
        if text.startswith(_TOML_ONLY):
            raise
        return text
    value = table["value"]
    return value if len(table) == 1 and isinstance(value, (bool, int, float, str, list, dict)) else text


def _step(at: Any, key: str, override: Override, depth: int) -> Any:
    if isinstance(at, dict):
        if key in at or override.value is None:
            return at.get(key, {})
        put(at, key, [] if override.keys[depth + 1].isdigit() else {})
        return at[key]
    if isinstance(at, list):
        index = _index(at, key, override, most=len(at))
        if index == len(at):
            at.append({})
        return at[index]
    raise ConfigError(f"--set {override.text}: {'.'.join(override.keys[:depth])} is {at!r} and holds no {key}")


def _put_item(items: list[Any], key: str, override: Override) -> None:
    index = _index(items, key, override, most=len(items) - (override.value is None))
    if override.value is None:
        del items[index]
    else:
        items[index : index + 1] = [override.value]


def _index(items: list[Any], key: str, override: Override, most: int) -> int:
    if not key.isascii() or not key.isdigit() or int(key) > most:
        expected = f"expected an index, 0 to {most}" if most >= 0 else "it is empty"
        raise ConfigError(f"--set {override.text}: {key} is no item of a list of {len(items)}; {expected}")
    return int(key)
