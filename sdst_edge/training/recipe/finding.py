"""Where recipes lie: files of the user, and those that come with the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdst_runtime.errors import ConfigError
from sdst_runtime.suggestions import closest

__all__ = ["DEMO_RECIPE", "PACKAGED", "find_recipe", "packaged_recipes"]

#: Folder of the packaged recipes.
PACKAGED = Path(__file__).parents[1] / "recipes"
#: The recipe of ``sdst-edge demo --train``.
DEMO_RECIPE = PACKAGED / "demo.toml"


def packaged_recipes() -> tuple[str, ...]:
    """File names of the recipes that come with the package; the tables that they share are not among them."""
    return tuple(sorted(path.name for path in PACKAGED.glob("*.toml")))


def find_recipe(name: Path | str, folders: Sequence[Path] = (Path(),), *, named_by: str = "") -> Path:
    """The file that a name means: one in the folders, in their order, else the packaged one of that name.

    Args:
        name: of a file; a packaged one is named without a folder, one of its tables as ``tables/NAME.toml``.
        folders: that a relative name is looked for in.
        named_by: what names it, for the message; empty for the user.

    Raises:
        ConfigError: there is none, and the message lists the packaged ones; or it is a folder.
    """
    name = Path(name)
    places = [folder / name for folder in folders]
    found = next((path for path in places if path.is_file()), PACKAGED / name)
    if found.is_file():
        return found
    if wrong := next((path for path in places if path.is_dir()), None):
        raise ConfigError(f"recipe {wrong} is a folder, expected a file (.toml)")
    packaged = packaged_recipes()
    meant = closest(name.stem, [Path(other).stem for other in packaged])
    suggestion = f"; did you mean {meant}.toml?" if meant else ""
    raise ConfigError(
        f"recipe {folders[0] / name} does not exist{f' ({named_by})' if named_by else ''}{suggestion}"
        f"{'' if meant else ';'} packaged are {', '.join(packaged)}"
    )
