"""Result files of the VOT challenges: one answer a line, in ``<tracker>/baseline/<sequence>/``.

A run is ``<sequence>_<run>.txt``, and the toolkit's own binary form ``.bin`` is read too. Beside it
``<sequence>_<run>_time.value`` holds seconds, one a line.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.boxfile import read_lines
from sdst_edge.datasets.region import Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode, mask_from_runs, parse_region, region_text
from sdst_edge.evaluation.vot.runs import Answer, Run
from sdst_runtime.errors import DatasetError

__all__ = ["find_result", "read_run", "results_folder", "write_run"]


def results_folder(folder: Path, tracker: str, sequence: str) -> Path:
    """Where the files of a tracker and a sequence lie."""
    return folder / tracker / "baseline" / sequence


def find_result(folder: Path, stem: str) -> Path | None:
    """The file of a run, text before binary as in the toolkit; None where there is none."""
    for suffix in (".txt", ".bin"):
        path = folder / (stem + suffix)
        if path.is_file():
            return path
    return None


def read_run(path: Path, *, start: int, backward: bool, length: int) -> Run:
    """A run, with its seconds where there is a whole file of them.

    Args:
        path: of the answers, ``.txt`` or ``.bin``.
        start: frame of the first answer.
        backward: whether the run goes towards the first frame.
        length: how many answers there must be.

    Raises:
        DatasetError: the file is missing, broken or of another length; names file and line.
    """
    answers = _read_binary(path) if path.suffix == ".bin" else _read_text(path)
    if len(answers) != length:
        raise DatasetError(f"{path}: {len(answers)} answers, expected {length}, one a frame of the run")
    seconds = _read_seconds(path.with_name(path.stem + "_time.value"), length)
    return Run(start=start, backward=backward, answers=tuple(answers), seconds=seconds)


def write_run(folder: Path, stem: str, run: Run) -> None:
    """Writes a run's text file, after its seconds; each whole or not at all.

    Raises:
        DatasetError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if run.seconds is not None:
            _write(folder / f"{stem}_time.value", [repr(value) for value in run.seconds.tolist()])
        _write(folder / f"{stem}.txt", [region_text(answer) for answer in run.answers])
    except OSError as error:
        raise DatasetError(f"results cannot be written to {folder}: {error}") from None


def _write(path: Path, lines: list[str]) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read_text(path: Path) -> list[Answer]:
    answers: list[Answer] = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            answers.append(parse_region(line.strip()))
        except ValueError as error:
            raise DatasetError(f"{path}, line {number}: {error}") from None
    return answers


def _read_seconds(path: Path, length: int) -> NDArray[np.float64] | None:
    """None where the file is missing, or holds anything but that many seconds: results are good without."""
    try:
        seconds = np.array([float(line) for line in path.read_text(encoding="utf-8").splitlines()])
    except (OSError, ValueError):
        return None
    return seconds if len(seconds) == length and np.isfinite(seconds).all() else None


def _read_binary(path: Path) -> list[Answer]:
    """Little endian: version 1 (int16), count (uint32), then regions as :class:`_Bytes` reads them."""
    try:
        data = _Bytes(path.read_bytes())
        version, count = data.take("hI")
        if version != 1:
            raise ValueError(f"format version {version}, expected 1")
        return [data.take_answer() for _ in range(count)]
    except (OSError, ValueError, struct.error) as error:
        raise DatasetError(f"{path} is no binary trajectory as vot-toolkit 0.9.0 writes it: {error}") from None


class _Bytes:
    """Numbers and regions out of bytes, from the first on."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._data, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def take_answer(self) -> Answer:
        """A byte says which: 0 code, 1 rectangle, 2 polygon, 3 mask."""
        (kind,) = self.take("B")
        if kind == 0:
            return SpecialCode(*self.take("I"))
        if kind == 1:
            return Rectangle(*self.take("4f"))
        if kind == 2:
            (count,) = self.take("H")
            return Polygon(np.array(self.take(f"{2 * count}f"), dtype=np.float64).reshape(count, 2))
        if kind == 3:
            left, top, width, height, runs = self.take("2h3H")
            return mask_from_runs(left, top, width, height, self.take(f"{runs}H"))
        raise ValueError(f"region type {kind}, expected 0 to 3")
