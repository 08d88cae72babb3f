"""Regions as the files of the VOT challenges write them, one a line.

::

    x,y,w,h                     a rectangle
    x1,y1,x2,y2,x3,y3,...       a polygon of three points or more
    m<x>,<y>,<w>,<h>,<runs>     a mask in a window: lengths of runs, row by row, of unset and set pixels in turn
    <code>                      no region: a special code, see SpecialCode
"""

from __future__ import annotations

import math
from collections.abc import Sequence as Items
from enum import IntEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sdst_edge.datasets.region import Mask, Polygon, Rectangle

__all__ = ["SpecialCode", "mask_from_runs", "parse_region", "region_text"]


class SpecialCode(IntEnum):
    """What a line says instead of a region."""

    #: Nothing is known: the target is absent, or the tracker was not asked.
    UNKNOWN = 0
    #: The tracker was given the target here.
    INITIALIZATION = 1
    #: The tracker had lost it here.
    FAILURE = 2


#: Pixels that a mask's window may have, and how far off it may lie: more than any picture has.
_MAX_PIXELS = 2**28


def parse_region(text: str) -> Rectangle | Polygon | Mask | SpecialCode:
    """The region that a line stands for. Numbers that are NaN mean an unknown region, as in the VOT toolkit.

    Raises:
        ValueError: the line is none of the above; the message says why, without the file and the line.
    """
    if text.startswith("m"):
        return _parse_mask(text[1:])
    try:
        values = [float(item) for item in text.split(",")]
    except ValueError:
        raise ValueError(f"{_short(text)} is no region; expected numbers with commas between them") from None
    if len(values) == 1 and values[0] in tuple(SpecialCode):
        return SpecialCode(int(values[0]))
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise ValueError(
            f"{_short(text)} is no region; expected x,y,w,h, or three points or more x1,y1,x2,y2,..., "
            "or one of the codes 0, 1 and 2"
        )
    if any(math.isnan(value) for value in values):
        return SpecialCode.UNKNOWN
    if any(math.isinf(value) for value in values):
        raise ValueError(f"{_short(text)} is not finite")
    if len(values) == 4:
        return Rectangle(*values)
    return Polygon(np.array(values, dtype=np.float64).reshape(-1, 2))


def region_text(region: Rectangle | Polygon | Mask | SpecialCode) -> str:
    """The line for a region, with as many digits as it takes; :func:`parse_region` gives the same numbers back."""
    if isinstance(region, Rectangle):
        return ",".join(map(_number, (region.x, region.y, region.width, region.height)))
    if isinstance(region, Polygon):
        return ",".join(map(_number, chain.from_iterable(region.points.tolist())))
    if isinstance(region, Mask):
        height, width = region.pixels.shape
        return "m" + ",".join(map(str, (region.left, region.top, width, height, *_run_lengths(region.pixels))))
    return str(int(region))


def _parse_mask(text: str) -> Mask:
    try:
        left, top, width, height, *runs = [int(item) for item in text.split(",")]
    except ValueError:
        raise ValueError(f"{_short('m' + text)} is no mask; expected m<x>,<y>,<w>,<h>,<runs>, whole numbers") from None
    return mask_from_runs(left, top, width, height, runs)


def mask_from_runs(left: int, top: int, width: int, height: int, runs: Items[int]) -> Mask:
    """A mask from its window and the lengths of its runs, unset pixels first; pixels that no run reaches are unset.

    Raises:
        ValueError: a length is negative, the window is larger than any picture or beyond one, or the runs than it.
    """
    if min(width, height, *runs, 0) < 0 or width * height > _MAX_PIXELS or max(abs(left), abs(top)) > _MAX_PIXELS:
        raise ValueError(f"a mask has a negative length, or no picture has its window {left},{top},{width},{height}")
    if sum(runs) > width * height:
        raise ValueError(f"a mask's runs have {sum(runs)} px together, its window is {width} x {height}")
    pixels = np.zeros(width * height, dtype=np.bool_)
    values = np.repeat(np.arange(len(runs)) % 2 == 1, np.array(runs, dtype=np.int64))
    pixels[: len(values)] = values
    return Mask(pixels.reshape(height, width), left, top)


def _run_lengths(pixels: NDArray[np.bool_]) -> list[int]:
    flat = pixels.ravel()
    if not flat.size:
        return [0]
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths: list[int] = np.diff(changes, prepend=0, append=flat.size).tolist()
    return [0, *lengths] if flat[0] else lengths


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
