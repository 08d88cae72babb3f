"""The log of a run: ``log.csv``, and the same rows as TensorBoard's events."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tensorboardX.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboardX.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboardX.record_writer import RecordWriter  # type: ignore[import-untyped]

from sdst_edge.training.run.files import RunFiles, write_whole
from sdst_runtime.errors import CheckpointError

__all__ = ["RunLog"]

_EVENTS = "events.out.tfevents.run"
_FIRST = ("step", "time")

Row = Mapping[str, float]


class RunLog:
    """Writes rows as they come. Rows beyond the step that a run is resumed from are dropped first.

    tensorboardX's own writer has a thread that dies of a full disk, whereupon the run would wait for it for ever; its
    records are written from here.

    Args:
        files: of the run.
        step: that the run is resumed from, 0 for a fresh one.

    Raises:
        CheckpointError: the log cannot be read or written.
    """

    def __init__(self, files: RunFiles, step: int) -> None:
        self._path = files.log
        rows = [row for row in _read(files.log) if row["step"] <= step]
        self._columns = list(dict.fromkeys((*_FIRST, *(name for row in rows for name in row))))
        self._rewrite(rows)
        self._events = _Events(files.folder / _EVENTS, rows)

    def write(self, step: int, values: Row) -> None:
        """Appends a row.

        Args:
            step: after which the values hold.
            values: by name; a new name becomes a new column.

        Raises:
            CheckpointError: it cannot be written.
        """
        row = {"step": step, "time": round(time.time(), 3), **values}
        new = [name for name in row if name not in self._columns]
        if new:
            rows = _read(self._path)
            self._columns += new
            self._rewrite(rows)
        try:
            with self._path.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, self._columns, lineterminator="\n").writerow(row)
            self._events.write(row)
        except OSError as error:
            raise CheckpointError(
                f"{self._path} cannot be written: {error.strerror}; make room, and run it again to go on"
            ) from None

    def close(self) -> None:
        """Closes the files."""
        self._events.close()

    def _rewrite(self, rows: list[Row]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self._path, lambda file: file.write(text.getvalue().encode()))


def _read(path: Path) -> list[Row]:
    """Rows without their empty cells; a last line that was cut off is left out."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; remove it to go on with a new log") from None
    try:
        return [
            {name: int(cell) if name == "step" else float(cell) for name, cell in row.items() if cell}
            for row in csv.DictReader(lines)
        ]
    except (ValueError, TypeError, AttributeError):
        raise CheckpointError(f"{path} is no log of a run; remove it to go on with a new one") from None


class _Events:
    """One event a row; the file is written anew at each start, from the rows that are kept."""

    def __init__(self, path: Path, rows: list[Row]) -> None:
        self._writer = RecordWriter(str(path))
        self._raw = self._writer._writer  # its own flush() syncs, which a row is not worth
        try:
            self._writer.write(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
            for row in rows:
                self.write(row)
            self._raw.flush()
        except OSError as error:
            self.close()
            raise CheckpointError(f"{path} cannot be written: {error.strerror}; make room, and run it again") from None

    def write(self, row: Row) -> None:
        values = [Summary.Value(tag=name, simple_value=value) for name, value in row.items() if name not in _FIRST]
        event = Event(wall_time=row["time"], step=int(row["step"]), summary=Summary(value=values))
        self._writer.write(event.SerializeToString())
        self._raw.flush()

    def close(self) -> None:
        with suppress(OSError):  # rows were flushed one by one; what is left was refused before
            self._raw.close()
