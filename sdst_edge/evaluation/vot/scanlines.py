"""Which pixels polygons cover, row by row, as the toolkits of the VOT challenges draw them.

Both toolkits fill a polygon along the rows of a window around what is to be compared. The outline's points are whole
numbers by then, counted from the window's first pixel. In a row, each edge that reaches it gives one node: its x there,
cut to a whole number towards 0. Nodes in ascending order are paired, and a pair covers the pixels from the one node to
the other, both included. A corner gives the same node twice: the first of two equal nodes is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Rows", "scan", "scan_boxes"]

#: Stands for "no node": beyond any picture, so it sorts to the end.
_NONE = 1e15


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Covered pixels of R rows: of all windows, one after the other, from the top.

    Attributes:
        first: (R, S) int64, column in the window where a stretch begins.
        last: (R, S) int64, where it ends, included; last < first where there is none. Stretches of a row are disjoint.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def counts(self) -> NDArray[np.int64]:
        """(R,) covered pixels of each row."""
        counts: NDArray[np.int64] = np.maximum(self.last - self.first + 1, 0).sum(axis=1)
        return counts

    def shared_counts(self, other: Rows) -> NDArray[np.int64]:
        """(R,) pixels of each row that both cover."""
        low = np.maximum(self.first[:, :, None], other.first[:, None, :])
        high = np.minimum(self.last[:, :, None], other.last[:, None, :])  # (R, S, S')
        counts: NDArray[np.int64] = np.maximum(high - low + 1, 0).sum(axis=(1, 2))
        return counts


def scan(
    points: NDArray[np.float64],
    edges: NDArray[np.bool_],
    sizes_wh: NDArray[np.int64],
    *,
    flat_edges: bool,
) -> Rows:
    """Draws N polygons, each into a window of its own.

    Args:
        points: (N, K, 2), whole numbers, relative to the window's first pixel. Polygons with fewer points repeat the
            last one.
        edges: (N, K), whether the edge that ends in a point is one: false for repeated points.
        sizes_wh: (N, 2) of the windows, >= 1.
        flat_edges: whether an edge along a row gives a node too, and the last two nodes are paired even when they are
            equal (vot-toolkit); without both, a row that only a corner or a flat edge touches is not drawn (PySOT).

    Returns:
        R = sum of the windows' heights.
    """
    owner, y = _window_rows(sizes_wh)
    nodes, counts = _nodes(points, edges, owner, y[:, None].astype(np.float64), flat_edges)
    first, last = _stretches(nodes, counts, flat_edges)
    first, last = np.maximum(first, 0), np.minimum(last, sizes_wh[owner, 0, None] - 1)
    for slot in range(1, first.shape[1]):
        first[:, slot] = np.maximum(first[:, slot], last[:, :slot].max(axis=1) + 1)
    return Rows(first, last)


def scan_boxes(corners: NDArray[np.float64], sizes_wh: NDArray[np.int64]) -> Rows:
    """What :func:`scan` without ``flat_edges`` gives for upright boxes.

    Args:
        corners: (N, 2, 2), opposite corners, whole numbers, relative to the window's first pixel.
        sizes_wh: (N, 2) of the windows, >= 1.
    """
    owner, y = _window_rows(sizes_wh)
    (left, top), (right, bottom) = (values.T.astype(np.int64) for values in (corners.min(axis=1), corners.max(axis=1)))
    drawn = ((left < right) & (top < bottom))[owner] & (top[owner] <= y) & (y <= bottom[owner])
    first, last = np.maximum(left, 0), np.minimum(right, sizes_wh[:, 0] - 1)
    return Rows(np.where(drawn, first[owner], 1)[:, None], np.where(drawn, last[owner], 0)[:, None])


def _window_rows(sizes_wh: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Of all rows (R,) of the windows: the window, and which row in it."""
    owner = np.repeat(np.arange(len(sizes_wh)), sizes_wh[:, 1])
    tops = np.cumsum(sizes_wh[:, 1]) - sizes_wh[:, 1]
    return owner, np.arange(len(owner)) - tops[owner]


def _nodes(
    points: NDArray[np.float64],
    edges: NDArray[np.bool_],
    owner: NDArray[np.intp],
    y: NDArray[np.float64],
    flat_edges: bool,
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Nodes (R, K) of each row, ascending, and how many they are (R,); a row is at ``y`` (R, 1) of its ``owner``."""
    x_end, y_end = points[..., 0], points[..., 1]  # (N, K)
    run, rise = np.roll(x_end, 1, axis=1) - x_end, np.roll(y_end, 1, axis=1) - y_end
    top, bottom = np.minimum(y_end, y_end + rise), np.maximum(y_end, y_end + rise)
    counted = edges if flat_edges else edges & (rise != 0)
    reached = counted[owner] & (top[owner] <= y) & (y <= bottom[owner])  # (R, K)
    slope_of = np.where(rise != 0, rise, 1.0)  # a flat edge is reached at y_end alone, where x is x_end
    x = x_end[owner] + (y - y_end[owner]) / slope_of[owner] * run[owner]
    nodes = np.where(reached, np.trunc(x), _NONE).astype(np.int64)
    nodes.sort(axis=1)
    return nodes, reached.sum(axis=1)


def _stretches(
    nodes: NDArray[np.int64], counts: NDArray[np.intp], pair_last: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last column (R, S) of the pairs of nodes; 1 and 0 where a row has fewer than others."""
    rows, width = np.arange(len(nodes)), nodes.shape[1]
    first = np.ones((len(nodes), max(width // 2, 1)), dtype=np.int64)
    last = np.zeros_like(first)
    at, slot = np.zeros(len(nodes), dtype=np.intp), np.zeros(len(nodes), dtype=np.intp)
    for _ in range(width - 1):
        left, right = nodes[rows, np.minimum(at, width - 1)], nodes[rows, np.minimum(at + 1, width - 1)]
        open_pairs = at < counts - 1
        passed = open_pairs & (left == right)
        if pair_last:
            passed &= at < counts - 2
        paired = np.flatnonzero(open_pairs & ~passed)
        first[paired, slot[paired]] = left[paired]
        last[paired, slot[paired]] = right[paired]
        at += passed
        at[paired] += 2
        slot[paired] += 1
    used = max(int(slot.max(initial=1)), 1)
    return first[:, :used], last[:, :used]
