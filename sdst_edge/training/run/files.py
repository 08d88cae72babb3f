"""The folder of a run: its files, written whole or not at all, and whose run it is."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sdst_edge.training.recipe import Recipe
from sdst_runtime.errors import CheckpointError, ConfigError
from sdst_runtime.strict import to_plain

__all__ = ["RunFiles", "check_recipe", "claim", "recipe_sha256", "write_whole"]

#: Tables of a recipe that say how fast a run is and not what it comes to; it may be resumed with others.
_FREE = ("loading.workers", "loading.ahead", "loading.cache")
_LISTED = 4


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Paths in the folder of a run.

    Attributes:
        folder: of the run; TensorBoard's events lie in it, too.
    """

    folder: Path

    @property
    def recipe(self) -> Path:
        """What the run is made of, JSON."""
        return self.folder / "recipe.json"

    @property
    def state(self) -> Path:
        """What it is resumed from; gone once it is finished."""
        return self.folder / "state.pt"

    @property
    def log(self) -> Path:
        """Losses, rates and scores, a line per report."""
        return self.folder / "log.csv"

    @property
    def model(self) -> Path:
        """The final weights."""
        return self.folder / "model.safetensors"

    @property
    def best(self) -> Path:
        """The best weights that were evaluated; missing where none were."""
        return self.folder / "best.safetensors"

    @property
    def result(self) -> Path:
        """What it came to, JSON; written last."""
        return self.folder / "result.json"

    @property
    def keeps_something(self) -> bool:
        """Whether there is something that was learned; a run that broke down before it saved anything keeps nothing."""
        return any(path.exists() for path in (self.state, self.best, self.model, self.result))


def recipe_sha256(recipe: Recipe) -> str:
    """Of all that decides what a run comes to: equal recipes have equal ones, whatever file they were read from."""
    return hashlib.sha256(json.dumps(_deciding(recipe), sort_keys=True).encode()).hexdigest()


def check_recipe(files: RunFiles, recipe: Recipe) -> None:
    """Refuses a folder that keeps what was learned by another recipe.

    Raises:
        ConfigError: it does; the message says what differs.
    """
    there = _recorded(files)
    if there is None or not files.keeps_something:
        return
    here = _flat(json.loads(json.dumps(to_plain(recipe))))
    keys = [key for key in (*here, *there) if not key.startswith(_FREE)]
    told = [
        f"{key} is {there.get(key, 'not set')}, not {here.get(key, 'not set')}"
        for key in dict.fromkeys(keys)
        if here.get(key) != there.get(key)
    ]
    if told:
        more = f" and {len(told) - _LISTED} more" if len(told) > _LISTED else ""
        raise ConfigError(
            f"{files.folder} holds the run of another recipe: {'; '.join(told[:_LISTED])}{more}; "
            "give another folder, or the recipe that it was begun with"
        )


@contextmanager
def claim(files: RunFiles, recipe: Recipe) -> Iterator[None]:
    """Makes the folder this recipe's, and keeps other processes out of it.

    Raises:
        ConfigError: the folder holds something else or another recipe's run, or another process trains in it.
        CheckpointError: it cannot be written.
    """
    try:
        files.folder.mkdir(parents=True, exist_ok=True)
        lock = (files.folder / ".lock").open("a")
    except OSError as error:
        raise ConfigError(f"{files.folder} cannot be made: {error.strerror}; give another folder to train in") from None
    with lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, no forked worker outlives it
        except OSError:
            raise ConfigError(
                f"another process trains in {files.folder}; wait for it, or give another folder"
            ) from None
        _begin(files, recipe)
        yield


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Writes a file whole or not at all, also where the power fails: beside it first, synced, then renamed.

    Args:
        path: replaced if it exists; it keeps what it has where this fails.
        write: given the open file.

    Raises:
        CheckpointError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        kept = "; what it held before is kept" if path.exists() else ""
        raise CheckpointError(
            f"{path} cannot be written: {error.strerror}{kept}; make room, and run it again to go on"
        ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _begin(files: RunFiles, recipe: Recipe) -> None:
    check_recipe(files, recipe)
    there = [] if files.recipe.exists() else sorted(item.name for item in files.folder.iterdir())
    if strange := [name for name in there if not name.startswith(".")]:
        raise ConfigError(
            f"{files.folder} holds {', '.join(strange[:_LISTED])} and no run; give an empty folder or a new one"
        )
    if files.keeps_something:
        return
    text = json.dumps(to_plain(recipe), indent=2) + "\n"
    write_whole(files.recipe, lambda file: file.write(text.encode()))


def _recorded(files: RunFiles) -> dict[str, Any] | None:
    """Values by dotted names of the recipe that a run was begun with; None where none was."""
    other = "give another folder"
    try:
        flat = _flat(json.loads(files.recipe.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise ConfigError(f"{files.folder} is a file or lies below one, expected a folder; {other}") from None
    except OSError as error:
        raise ConfigError(f"{files.recipe} cannot be read: {error.strerror}; {other}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{files.recipe} cannot be read: {error}; {other}") from None
    if "optimization.steps" not in flat:
        raise ConfigError(f"{files.recipe} is not that of a run; {other}")
    return flat


def _deciding(recipe: Recipe) -> dict[str, Any]:
    return {key: value for key, value in _flat(to_plain(recipe)).items() if not key.startswith(_FREE)}


def _flat(plain: Any, prefix: str = "") -> dict[str, Any]:
    """Leaves by dotted names, such as ``optimization.lr`` and ``data.sources.0.path``."""
    if isinstance(plain, Mapping):
        items = plain.items()
    elif isinstance(plain, list) and plain:
        items = {str(index): item for index, item in enumerate(plain)}.items()
    else:
        return {prefix: plain}
    inner = (_flat(item, f"{prefix}.{key}" if prefix else str(key)) for key, item in items)
    return {key: value for part in inner for key, value in part.items()}
