"""One file of boxes of one target, in whatever common form it is written.

* ``x,y,w,h`` a line, a line a frame;
* eight numbers a line, a line a frame: a quadrangle's corners, of which the upright box around it is taken;
* MOTChallenge's ``frame,id,x,y,w,h,...`` (6, 7, 9 or 10 numbers) of one id;
* a table with a header line that names its columns, in any order, among others that are passed over: ``x,y,w,h``,
  ``x,y,x2,y2`` or the corners ``x1,y1,...,x4,y4``; ``frame``; ``visible`` or ``found`` (0 = absent), ``absent``
  (1 = absent). The table that ``sdst-edge track --csv`` writes is one.

Commas, semicolons, tabs and blanks part the entries. A box of nothing but ``nan`` or 0 says that the target is absent,
as does a frame that a table with a frame column leaves out. Frame columns count from 1, or from 0 where a 0 is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.boxfile import check_length, read_lines, split_row
from sdst_runtime.errors import DatasetError

__all__ = ["BoxTable", "read_box_table"]

_SIDES = ("x", "y", "w", "h")
_CORNERS = ("x", "y", "x2", "y2")
_QUADRANGLE = ("x", "y", "x2", "y2", "x3", "y3", "x4", "y4")
_MOT = ("frame", "id", *_SIDES)

#: Four days of video.
_MOST_FRAMES = 10_000_000

#: Names that columns go by in headers, to those in use here; without underscores, in small letters.
_COLUMNS = {
    **dict.fromkeys(("frame", "frameid", "framenumber", "frameno", "index", "imageid"), "frame"),
    **dict.fromkeys(("id", "trackid", "objectid", "targetid"), "id"),
    **dict.fromkeys(("x", "x1", "xmin", "left", "bbleft", "bboxleft"), "x"),
    **dict.fromkeys(("y", "y1", "ymin", "top", "bbtop", "bboxtop"), "y"),
    **dict.fromkeys(("w", "width", "bbwidth", "bboxwidth"), "w"),
    **dict.fromkeys(("h", "height", "bbheight", "bboxheight"), "h"),
    **dict.fromkeys(("x2", "xmax", "right"), "x2"),
    **dict.fromkeys(("y2", "ymax", "bottom"), "y2"),
    **{name: name for name in ("x3", "y3", "x4", "y4")},
    **dict.fromkeys(("visible", "found", "present"), "visible"),
    **dict.fromkeys(("absent", "absence"), "absent"),
}


@dataclass(frozen=True, slots=True, eq=False)
class BoxTable:
    """The boxes of a file.

    Attributes:
        boxes_xywh: (N, 4), counted as the file counts; NaN where the target is absent.
        visible: (N,).
        form: of the file: rows of boxes alone, MOTChallenge's, or with a header.
    """

    boxes_xywh: NDArray[np.float64]
    visible: NDArray[np.bool_]
    form: Literal["plain", "mot", "header"]


def read_box_table(path: Path, frames: int | None) -> BoxTable:
    """The boxes of a file, one a frame.

    Args:
        path: of the file.
        frames: how many there are; None: as many as the file knows of.

    Raises:
        DatasetError: the file is missing, of no known form, has not a row a frame, or a row is broken; names file and
            line.
    """
    lines = read_lines(path)
    if not lines:
        raise DatasetError(f"{path} is empty, expected a box a line")
    first = split_row(lines[0].lstrip("#"))
    has_header = not all(_is_number(item) for item in first)
    names = _named_columns(first, path) if has_header else _counted_columns(len(first), path)
    start = 2 if has_header else 1
    rows = [_parse(line, names, f"{path}, line {number}") for number, line in enumerate(lines[start - 1 :], start)]
    if not rows:
        raise DatasetError(f"{path} has a header and no rows, expected a box a line")
    columns = dict(zip(filter(None, names), np.array(rows).T, strict=True))
    boxes_xywh, visible = _boxes(columns), _visible(columns)
    visible &= ~np.isnan(boxes_xywh).all(axis=1) & boxes_xywh.any(axis=1)
    _check(columns, boxes_xywh, visible, path, start)
    boxes_xywh[~visible] = np.nan
    if "frame" in columns:
        boxes_xywh = _spread(boxes_xywh, columns["frame"].tolist(), frames, path, start)
    elif frames is not None:
        check_length(path, len(rows), frames)
    form: Literal["plain", "mot", "header"] = "header" if has_header else "mot" if "id" in columns else "plain"
    return BoxTable(boxes_xywh, ~np.isnan(boxes_xywh[:, 0]), form)


def _counted_columns(count: int, path: Path) -> list[str]:
    """What the columns of a file without a header hold; empty for what is passed over."""
    if count == 4:
        return list(_SIDES)
    if count == 8:
        return list(_QUADRANGLE)
    if count in (6, 7, 9, 10):
        return [*_MOT, *[""] * (count - len(_MOT))]
    raise DatasetError(
        f"{path}, line 1: {count} numbers, expected x,y,w,h, the 8 of a quadrangle, MOTChallenge's "
        f"frame,id,x,y,w,h,..., or a header line such as frame,x,y,w,h"
    )


def _named_columns(header: Items[str], path: Path) -> list[str]:
    names = [_COLUMNS.get(name.strip("\"'").lower().replace("_", ""), "") for name in header]
    for name in filter(None, names):
        if names.count(name) > 1:
            raise DatasetError(f"{path}, line 1: two columns of {','.join(header)} mean {name}; expected each once")
    if not any(names_of_box <= set(names) for names_of_box in map(set, (_SIDES, _CORNERS))):
        raise DatasetError(
            f"{path}, line 1: the columns {','.join(header)} hold no box; expected x,y,w,h or x,y,x2,y2 or x1,...,y4"
        )
    return names


def _is_number(item: str) -> bool:
    try:
        float(item)
    except ValueError:
        return False
    return True


def _parse(line: str, names: Items[str], where: str) -> list[float]:
    """The numbers of a row that stand in columns with a name."""
    items = split_row(line)
    if len(items) != len(names):
        raise DatasetError(f"{where}: {len(items)} entries, expected {len(names)} as in the first line")
    try:
        return [float(item.strip("\"'")) for item, name in zip(items, names, strict=True) if name]
    except ValueError:
        wanted = ", ".join(filter(None, names))
        raise DatasetError(f"{where}: {line!r} has something else where the numbers {wanted} belong") from None


def _boxes(columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    if set(_SIDES) <= set(columns):
        return np.stack([columns[name] for name in _SIDES], axis=1)
    corners = _QUADRANGLE if set(_QUADRANGLE) <= set(columns) else _CORNERS
    points = np.stack([columns[name] for name in corners], axis=1).reshape(-1, len(corners) // 2, 2)  # (N, K, xy)
    if corners == _CORNERS:
        low, high = points[:, 0], points[:, 1]
    else:
        low, high = points.min(axis=1), points.max(axis=1)
    return np.concatenate([low, high - low], axis=1)


def _visible(columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    visible = np.ones(len(columns["x"]), dtype=np.bool_)
    if "visible" in columns:
        visible &= columns["visible"] != 0
    if "absent" in columns:
        visible &= columns["absent"] == 0
    return visible


def _check(
    columns: Mapping[str, NDArray[np.float64]],
    boxes_xywh: NDArray[np.float64],
    visible: NDArray[np.bool_],
    path: Path,
    start: int,
) -> None:
    finite: NDArray[np.bool_] = np.all(np.isfinite(boxes_xywh), axis=1)
    bad = np.flatnonzero(visible & ~(finite & (boxes_xywh[:, 2:] > 0).all(axis=1)))
    if bad.size:
        fault = "has no area" if finite[bad[0]] else "is not finite"
        raise DatasetError(f"{path}, line {bad[0] + start}: the box {fault}; 0,0,0,0 marks an absent target")
    for line, target in enumerate(ids := columns["id"].tolist() if "id" in columns else [], start):
        if target != ids[0]:
            raise DatasetError(f"{path}, line {line}: target {target:g} after {ids[0]:g}; expected one target a file")


def _spread(
    boxes_xywh: NDArray[np.float64], numbers: list[float], frames: int | None, path: Path, start: int
) -> NDArray[np.float64]:
    """The rows at the frames that their frame column names, NaN between them."""
    first = 0 if 0 in numbers else 1
    most = _MOST_FRAMES if frames is None else frames
    lines: dict[int, int] = {}
    for line, number in enumerate(numbers, start):
        if not (number.is_integer() and first <= number < first + most):
            reason = "" if frames is None else f", as there are {frames} frames"
            raise DatasetError(f"{path}, line {line}: frame {number:g}, expected {first} to {first + most - 1}{reason}")
        if lines.setdefault(int(number) - first, line) != line:
            raise DatasetError(f"{path}, line {line}: frame {number:g} is there twice")
    spread = np.full((max(lines) + 1 if frames is None else frames, 4), np.nan)
    spread[list(lines)] = boxes_xywh
    return spread
