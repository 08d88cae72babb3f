"""Folders of result files, one box a line, as the official toolkits write and read them.

::

    <tracker>/<sequence>/<sequence>_001.txt    GOT-10k's; seconds of each frame in <sequence>_time.txt beside it
    <tracker>/<sequence>.txt                   all others; seconds in times/<sequence>_time.txt, or beside it

A sequence may be filed under another toolkit's name for it, see :mod:`sdst_edge.evaluation.result_names`. Boxes are
x,y,w,h with commas, tabs or spaces between them, counted from the origin of the data set, one a frame from the first.
Files of other trackers may hold too few or too many, and numbers that are not finite: what becomes of them
is for the rule to say, as toolkits differ. Repetitions of a run are ``<sequence>_002.txt`` and so on beside the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.boxfile import write_boxes
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.result_names import find_result
from sdst_edge.evaluation.trajectory import Trajectory
from sdst_runtime.errors import DatasetError

__all__ = ["ResultForm", "is_written", "read_repetitions", "read_result", "rounded", "write_result"]

#: How a folder of results is laid out.
ResultForm: TypeAlias = Literal["got10k", "otb"]

#: Of the box files that are written.
DECIMALS = 4


def rounded(boxes_xywh: NDArray[np.float64], *, origin: float) -> NDArray[np.float64]:
    """Boxes as they are read again after they were written from ``origin``: newly allocated, (N, 4)."""
    shift = np.array((origin, origin, 0.0, 0.0))
    return np.asarray(np.round(boxes_xywh + shift, DECIMALS) - shift)


def write_result(folder: Path, sequence: Sequence, trajectory: Trajectory, form: ResultForm) -> None:
    """Writes what a tracker said about a sequence; each file appears whole or not at all, the boxes last.

    Args:
        folder: of the tracker; made if it is missing.
        sequence: that was tracked.
        trajectory: of it.
        form: of the folder.
    """
    boxes, times = _written_paths(folder, sequence.name, form)
    for path in (boxes, times):
        path.parent.mkdir(parents=True, exist_ok=True)
    part = boxes.with_name(f".{boxes.name}.part")
    if trajectory.seconds is not None:
        part.write_text("".join(f"{value:.8f}\n" for value in trajectory.seconds.tolist()), encoding="utf-8")
        part.replace(times)
    write_boxes(part, trajectory.boxes_xywh, origin=sequence.origin)
    part.replace(boxes)


def is_written(folder: Path, sequence: Sequence, form: ResultForm) -> bool:
    """Whether :func:`write_result` has left a box a frame; files of other names or forms are not looked at."""
    boxes, _ = _written_paths(folder, sequence.name, form)
    try:
        return len(_read_numbers(boxes, columns=4)) == len(sequence)
    except DatasetError:
        return False


def read_repetitions(folder: Path, sequence: Sequence) -> list[Trajectory]:
    """All that a tracker said about a sequence, as often as it ran: the first as :func:`read_result` reads it.

    The GOT-10k toolkit runs a tracker that is not deterministic three times.

    Raises:
        DatasetError: as :func:`read_result` does.
    """
    first = read_result(folder, sequence)
    path = find_result(folder, sequence.name)
    if path is None or not path.stem.endswith("_001"):
        return [first]
    others = sorted(item for item in path.parent.glob("*.txt") if _is_repetition(item.stem, of=path.stem))
    return [first, *(_trajectory(item, sequence) for item in others)]


def read_result(folder: Path, sequence: Sequence) -> Trajectory:
    """What a tracker said about a sequence; its times too where they are one a box.

    Args:
        folder: of the tracker, in either form.
        sequence: that was tracked; no frame of it is decoded.

    Returns:
        As many boxes as the file has lines.

    Raises:
        DatasetError: the file is missing or empty, or a line is no box; names file and line.
    """
    path = find_result(folder, sequence.name)
    if path is None:
        raise DatasetError(
            f"{folder} holds no result of sequence {sequence.name}, expected {sequence.name}.txt or "
            f"{sequence.name}/{sequence.name}_001.txt in it"
        )
    name = path.parent.name if path.parent != folder else path.stem
    trajectory = _trajectory(path, sequence)
    return replace(trajectory, seconds=_read_seconds(folder, name, len(trajectory.boxes_xywh)))


def _trajectory(path: Path, sequence: Sequence) -> Trajectory:
    boxes_xywh = _read_numbers(path, columns=4)
    boxes_xywh[:, :2] -= sequence.origin
    return Trajectory(name=sequence.name, boxes_xywh=boxes_xywh)


def _is_repetition(stem: str, *, of: str) -> bool:
    """Whether a file is another run beside ``<sequence>_001``."""
    name = of.removesuffix("001")
    return stem != of and stem.startswith(name) and stem[len(name) :].isdecimal()


def _written_paths(folder: Path, name: str, form: ResultForm) -> tuple[Path, Path]:
    if form == "got10k":
        return folder / name / f"{name}_001.txt", folder / name / f"{name}_time.txt"
    return folder / f"{name}.txt", folder / "times" / f"{name}_time.txt"


def _read_seconds(folder: Path, name: str, count: int) -> NDArray[np.float64] | None:
    """(count,) of the first repetition; None where not all were measured."""
    file = f"{name}_time.txt"
    for path in (folder / name / file, folder / "times" / file, folder / file):
        if path.is_file():
            try:
                seconds = _read_numbers(path)[:, 0]
            except DatasetError:
                return None  # times of some other kind; the boxes are what is asked for
            return seconds if len(seconds) == count and np.isfinite(seconds).all() and (seconds >= 0).all() else None
    return None


def _read_numbers(path: Path, columns: int | None = None) -> NDArray[np.float64]:
    """(N, columns), N >= 1; of any equal number of columns for None."""
    rows = list(_rows(path))
    if not rows:
        raise DatasetError(f"{path} is empty, expected a line for each frame")
    columns = len(rows[0]) if columns is None else columns
    for number, row in enumerate(rows, start=1):
        if len(row) != columns or not row:
            raise DatasetError(f"{path}, line {number}: {len(row)} numbers, expected {columns or 'one or more'}")
    return np.array(rows, dtype=np.float64)


def _rows(path: Path) -> Iterator[list[float]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(text.rstrip().splitlines(), start=1):
        try:
            yield [float(item) for item in line.replace(",", " ").split()]
        except ValueError:
            raise DatasetError(f"{path}, line {number}: {line!r}, expected numbers x,y,w,h") from None
