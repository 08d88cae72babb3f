"""The folder that an evaluation leaves, and from which it is resumed.

::

    run.json                    what was run: another model, data set or protocol does not mix with it
    boxes/<tracker>/...         what the tracker said, in the format of official toolkits, with times
    result.json                 the figures
    result.csv                  the same, a row a sequence
    attributes.csv              the same, a row an attribute
    report.html, *.png          the same, to look at
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sdst_edge.workflows.evaluate.model import ModelIdentity
from sdst_edge.workflows.output_files import replacing
from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.loading import SessionChoice
from sdst_runtime.strict import from_plain, to_plain

__all__ = ["RunRecord", "Store", "holds_run"]

FORMAT_VERSION = 1
RUN_FILE, BOXES = "run.json", "boxes"
RESULT_FILES = ("result.json", "result.csv", "attributes.csv", "report.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What was run.

    Attributes:
        model: which one.
        variant: of a bundle, None for its default.
        session: likewise.
        threads: of the network: times of one folder are of one kind.
        protocol: ``ope`` or one of VOT's.
        dataset: absolute path of the data set.
        layout: of the data set.
        workers: the most processes that ran side by side.
        format_version: of this JSON.
    """

    model: ModelIdentity
    variant: str | None
    session: SessionChoice
    threads: int
    protocol: str
    dataset: str
    layout: str
    workers: int = 1
    format_version: int = FORMAT_VERSION


class Store:
    """An open folder of an evaluation.

    Attributes:
        folder: that holds it.
        record: what was run.
    """

    def __init__(self, folder: Path, record: RunRecord) -> None:
        """Use :meth:`open`."""
        self.folder, self.record = folder, record

    @classmethod
    @contextmanager
    def open(cls, folder: Path, record: RunRecord, *, overwrite: bool = False) -> Iterator[Store]:
        """The evaluation in a folder, to go on with; a new one where there is none. No other one opens it meanwhile.

        Args:
            folder: made if it is missing.
            record: what is to run.
            overwrite: replace the evaluation that is there.

        Raises:
            ConfigError: the folder holds other files, or an evaluation of something else, or is in use.
            SdstError: it cannot be written.
        """
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            goes_on = holds_run(folder) and not overwrite
            yield cls(folder, _same_run(folder, record)) if goes_on else cls._begin(folder, record)

    @classmethod
    def _begin(cls, folder: Path, record: RunRecord) -> Store:
        with _writing(folder):
            if holds_run(folder):
                _remove(folder)
            elif any(folder.iterdir()):
                raise ConfigError(f"{folder} holds files and no evaluation; choose another folder, or empty this one")
        store = cls(folder, record)
        store._write_record()
        return store

    @property
    def boxes(self) -> Path:
        """The folder of the tracker's results."""
        return self.folder / BOXES / self.record.model.name

    def note_workers(self, workers: int) -> int:
        """Remembers that so many processes run side by side; the most that ever did."""
        if workers > self.record.workers:
            self.record = replace(self.record, workers=workers)
            self._write_record()
        return self.record.workers

    def write(self, name: str, text: str) -> None:
        """Writes a file, whole or not at all.

        Raises:
            SdstError: it cannot be written.
        """
        with _writing(self.folder / name), replacing(self.folder / name) as part:
            part.write_text(text, encoding="utf-8", newline="\n")

    def _write_record(self) -> None:
        self.write(RUN_FILE, json.dumps(to_plain(self.record), indent=2) + "\n")


def holds_run(folder: Path) -> bool:
    """Whether a folder is that of an evaluation."""
    return (folder / RUN_FILE).exists()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps others out until the block or the process ends; nobody where folders cannot be locked.

    Raises:
        ConfigError: another process is in it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"{folder} is in use by another evaluation; wait until that has ended, or choose another folder"
            ) from None
        except OSError:
            pass  # a network drive that knows no locks
        yield
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """Removes an evaluation: what other files the folder holds stays."""
    boxes = folder / BOXES
    if boxes.is_dir():
        shutil.rmtree(boxes)
    for name in (*RESULT_FILES, RUN_FILE):
        (folder / name).unlink(missing_ok=True)


def _same_run(folder: Path, record: RunRecord) -> RunRecord:
    """What was run in the folder.

    Raises:
        ConfigError: it is something else than ``record``.
    """
    path = folder / RUN_FILE
    other = "choose another folder, or replace what is there with --overwrite"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read: {error}; {other}") from None
    found = from_plain(RunRecord, value, where=str(path), error=lambda text: ConfigError(f"{text}; {other}"))
    ours, theirs = (to_plain(replace(item, workers=1)) for item in (record, found))
    different = [key for key in ours if ours[key] != theirs[key]]
    if different:
        said = ", ".join(f"{key} {_shown(theirs[key])} and not {_shown(ours[key])}" for key in different)
        raise ConfigError(f"{folder} holds an evaluation of something else: {said}; {other}")
    return found


def _shown(value: object) -> str:
    if isinstance(value, dict):
        digest = str(value["sha256"])[:12]
        return f"{value['name']} ({value['kind']}, SHA-256 {digest})" if value["sha256"] else str(value["name"])
    return "default" if value is None else str(value)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SdstError(f"{error.filename or path} cannot be written: {error.strerror}; choose another place") from None
