"""Engines kept from one start to the next, each set in a folder of its own beside a sidecar that says what it fits.

::

    BUNDLE/engines/                                   or a folder of the user's: cache, or SDST_ENGINES
        timings-orin-sm87-trt10.3.0                   how long layers took, for the next build
        onnx-int8-qdq-orin-sm87-trt10.3.0-1f2e3d4c5b6a/
            engines.json                              the sidecar
            template.engine, search.engine, ...       one for each graph

A manifest names none of these, so a bundle stays what was exported. An engine runs on the GPU and with the TensorRT
that it was built for, which is looked up in the sidecar before TensorRT sees the engine.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sdst_runtime.errors import DeviceError
from sdst_runtime.manifest import CorrelationForm, GraphRole, Precision
from sdst_runtime.strict import from_plain, to_plain
from sdst_runtime.tensorrt.options import BuildOptions

__all__ = ["SIDECAR", "EngineFile", "EngineSet", "Place", "read_engine", "read_timings", "write_file", "writing_set"]

SIDECAR: Final = "engines.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where engines run; those that were built in another place do not run here.

    Attributes:
        gpu: its name.
        compute_capability: such as ``8.7``.
        tensorrt: version.
    """

    gpu: str
    compute_capability: str
    tensorrt: str

    def __str__(self) -> str:
        return f"{self.gpu} (compute capability {self.compute_capability}) with TensorRT {self.tensorrt}"

    @property
    def slug(self) -> str:
        """The same as part of a file's name, such as ``orin-sm87-trt10.3.0``."""
        gpu = re.sub(r"[^a-z0-9]+", "-", self.gpu.lower()).strip("-")
        return f"{gpu}-sm{self.compute_capability.replace('.', '')}-trt{self.tensorrt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFile:
    """One engine.

    Attributes:
        file: beside the sidecar.
        sha256: of the engine.
        size_bytes: of the engine.
        onnx_sha256: of the graph that it was built from.
    """

    file: str
    sha256: str
    size_bytes: int
    onnx_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSet:
    """The sidecar: engines of one variant, and what they were built for and with.

    Attributes:
        format_version: of the sidecar.
        variant: of the bundle.
        precision: of the variant.
        place: GPU and TensorRT.
        driver: newest CUDA that the GPU's driver had.
        cuda: that the binding was made for.
        strongly_typed: whether precision was taken from the graphs; else it was permitted by flags.
        options: of the build.
        engines: by role; one of the ``correlate_*`` roles for each search size.
        correlation: form that was taken, by the search role of each size.
        refused: forms of the correlation that were tried before, by role, and why they were not taken.
        notes: of the build.
    """

    format_version: Literal[1] = 1
    variant: str
    precision: Precision
    place: Place
    driver: str
    cuda: str
    strongly_typed: bool
    options: BuildOptions
    engines: Mapping[GraphRole, EngineFile]
    correlation: Mapping[GraphRole, CorrelationForm]
    refused: Mapping[GraphRole, str]
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> EngineSet:
        """The sidecar of a folder.

        Raises:
            DeviceError: it is not there, or not what a sidecar is.
        """
        path = folder / SIDECAR
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DeviceError(f"{path} cannot be read: {error}") from None
        return from_plain(cls, plain, where=f"{path}: ", error=DeviceError)

    def dumps(self) -> str:
        """JSON text, with a newline at its end."""
        return json.dumps(to_plain(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_engine(folder: Path, engine: EngineFile) -> bytes:
    """The bytes of an engine, which are what was built.

    Raises:
        DeviceError: they are not there, or were changed.
    """
    path = folder / engine.file
    again = "build it again: sdst-edge engine BUNDLE --rebuild"
    if Path(engine.file).name != engine.file:
        raise DeviceError(f"{folder / SIDECAR} names the engine {engine.file!r}, expected a file beside it; {again}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DeviceError(f"{path} cannot be read: {error.strerror}; {again}") from None
    if hashlib.sha256(data).hexdigest() != engine.sha256:
        raise DeviceError(f"{path} is not what its sidecar says: it was changed, or cut off; {again}")
    return data


def read_timings(root: Path, place: Place) -> bytes:
    """The timing cache of a place, or nothing."""
    with suppress(OSError):
        return (root / f"timings-{place.slug}").read_bytes()
    return b""


def write_file(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: beside it first, then renamed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def writing_set(root: Path, name: str) -> Iterator[Path]:
    """A new folder to write a set into, which takes the name when all went well; else nothing is changed.

    Args:
        root: of engines; made where it is not there.
        name: of the set's folder.

    Raises:
        DeviceError: the folder cannot be written, or there is no space left.
    """
    fresh = root / f".building-{name}-{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        yield fresh
        _put_in_place(fresh, root / name)
    except OSError as error:
        raise DeviceError(_why_not_written(root, error)) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put_in_place(fresh: Path, target: Path) -> None:
    old = target.with_name(f".old-{target.name}-{os.getpid()}")
    if target.exists():
        os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        if old.exists():
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _why_not_written(root: Path, error: OSError) -> str:
    elsewhere = "give another folder: --cache DIR, or SDST_ENGINES=DIR; engines that were there are unchanged"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space is left for engines in {root}; free some, or {elsewhere}"
    return f"engines cannot be written to {root}: {error.strerror or error}; {elsewhere}"
