"""Bundles on the other machine, kept by their content, so that engines built there are there again the next time."""

from __future__ import annotations

import hashlib
import os
import posixpath
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sdst_edge.workflows.bench.remote.connection import Connection, OnLine
from sdst_edge.workflows.bench.remote.request import Patience
from sdst_runtime.bundle import Bundle
from sdst_runtime.errors import DeviceError

__all__ = ["send_bundles"]

#: Of a bundle, built on the machine that runs them: those of this machine are no use there.
ENGINES = "engines"


def send_bundles(
    bundles: Sequence[Path], connection: Connection, cache: str, patience: Patience, on_progress: OnLine
) -> list[str]:
    """Paths of bundles there; those that it has are not sent again.

    Args:
        bundles: folders here, or names of students that come with the package.
        connection: to the other machine.
        cache: its folder for files between runs.
        patience: with it.
        on_progress: called with what takes time.

    Raises:
        ManifestError: one is no bundle.
        DeviceError: it cannot be written there.
    """
    folders = [Bundle.open(bundle).path for bundle in bundles]  # what is wrong with one is told before anybody waits
    return [_send(folder, connection, posixpath.join(cache, "bundles"), patience, on_progress) for folder in folders]


def _send(bundle: Path, connection: Connection, root: str, patience: Patience, on_progress: OnLine) -> str:
    files = dict(_files(bundle))
    name = bundle.resolve().name or "bundle"
    kept = posixpath.join(root, _key(files), name)
    if not connection.run(["test", "-d", kept], timeout=patience.answer).status:
        return kept
    megabytes = sum(path.stat().st_size for path in files.values()) / 1e6
    on_progress(f"copying {bundle} to {connection.name}, {megabytes:.1f} MB")
    part = f"{posixpath.dirname(kept)}.{secrets.token_hex(4)}.part"  # another run may send the same bundle
    _require(connection, ["mkdir", "-p", posixpath.join(part, name)], patience)
    try:
        connection.send({f"{name}/{inside}": path for inside, path in files.items()}, part)
        _require(connection, ["mkdir", "-p", posixpath.dirname(kept)], patience)
        if connection.run(["test", "-d", kept], timeout=patience.answer).status:
            _require(connection, ["mv", posixpath.join(part, name), kept], patience)
    finally:
        with suppress(DeviceError):  # what went wrong first is what matters
            connection.run(["rm", "-rf", part], timeout=patience.answer)
    return kept


def _require(connection: Connection, command: Sequence[str], patience: Patience) -> None:
    done = connection.run(command, timeout=patience.answer)
    if done.status:
        raise DeviceError(f"{connection.name}: {done.reason}; see that there is room, and who may write there")


def _files(bundle: Path) -> Iterator[tuple[str, Path]]:
    """What is in a bundle by its path there, in order, without engines."""
    for folder, inner, names in os.walk(bundle):
        inner[:] = sorted(item for item in inner if Path(folder, item) != bundle / ENGINES)
        for name in sorted(names):
            path = Path(folder, name)
            yield path.relative_to(bundle).as_posix(), path


def _key(files: dict[str, Path]) -> str:
    content = hashlib.sha256()
    for inside, path in files.items():
        content.update(f"{inside}\0".encode("utf-8", "surrogateescape"))
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                content.update(hashlib.sha256(block).digest())
        content.update(b"\0")
    return content.hexdigest()[:16]
