"""Bundles on disk: whole or not at all, and never in place of something else."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.manifest import MANIFEST_NAME, Manifest

__all__ = ["check_target", "write_bundle"]


def check_target(out: Path, *, overwrite: bool) -> None:
    """Refuses a target that must not be replaced or cannot be written, before work that ends in it.

    Args:
        out: of the bundle; fine if it does not exist or is an empty folder.
        overwrite: whether it may also be a bundle.

    Raises:
        ConfigError: it is a file, or a folder with something else in it.
        SdstError: the folder that it is to be in cannot be written.
    """
    _check_parent(out.absolute().parent)
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out} is a file, expected a folder to make")
    if out.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise ConfigError(f"{out} is the current folder or holds it, and would be replaced; name a folder in it")
    if not any(out.iterdir()):
        return
    if not (out / MANIFEST_NAME).is_file():
        raise ConfigError(f"{out} holds something that is no bundle; choose another folder, or empty this one")
    if not overwrite:
        raise ConfigError(
            f"{out} holds a bundle already; choose another folder, or replace it with --overwrite (overwrite=True)"
        )


def _check_parent(parent: Path) -> None:
    there = next(folder for folder in (parent, *parent.parents) if folder.exists())
    if not there.is_dir():
        raise SdstError(f"{there} is a file, expected the folder to write the bundle in; name another one")
    if not os.access(there, os.W_OK | os.X_OK):
        raise SdstError(f"{there} cannot be written; name another folder for the bundle, or make this one writable")


def write_bundle(out: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Writes a bundle beside its target and moves it there; what was there is removed.

    Args:
        out: as :func:`check_target` accepts it.
        manifest: of the bundle.
        files: contents by path in the bundle.

    Raises:
        SdstError: the folder cannot be written; ``out`` is as it was.
    """
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            fresh, replaced = Path(temporary) / "new", Path(temporary) / "old"
            for name, data in {**files, MANIFEST_NAME: manifest.dumps().encode()}.items():
                path = fresh / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            _move(fresh, out, replaced)
    except OSError as error:
        raise SdstError(f"{out} cannot be written: {error}") from None


def _move(fresh: Path, out: Path, replaced: Path) -> None:
    try:
        if out.exists():
            os.rename(out, replaced)
        os.rename(fresh, out)
    except BaseException:  # an interrupt too: `replaced` is deleted with the folder that it is in
        if replaced.exists() and not out.exists():
            os.rename(replaced, out)
        raise
