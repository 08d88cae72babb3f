"""Drawing of polygons, against the rule written out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_edge.evaluation.vot.scanlines import Rows, scan, scan_boxes

Points = list[tuple[int, int]]


def nodes_of_row(points: Points, y: int, flat_edges: bool) -> list[int]:
    nodes = []
    for (x_end, y_end), (x_start, y_start) in zip(points, points[-1:] + points[:-1], strict=True):
        if y_end == y_start:
            if flat_edges and y == y_end:
                nodes.append(x_end)
        elif min(y_end, y_start) <= y <= max(y_end, y_start):
            nodes.append(int(x_end + (y - y_end) / (y_start - y_end) * (x_start - x_end)))
    return sorted(nodes)


def drawn_plainly(points: Points, size_wh: tuple[int, int], flat_edges: bool) -> NDArray[np.bool_]:
    width, height = size_wh
    drawn = np.zeros((height, width), np.bool_)
    for y in range(height):
        nodes = nodes_of_row(points, y, flat_edges)
        while len(nodes) > 1:
            left, right, *rest = nodes
            if left == right and (rest or not flat_edges):
                nodes = nodes[1:]
                continue
            drawn[y, max(left, 0) : max(right + 1, 0)] = True
            nodes = rest
    return drawn


def drawn_from(rows: Rows, size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    columns = np.arange(size_wh[0])
    stretches = (rows.first[..., None] <= columns) & (columns <= rows.last[..., None])  # (R, S, w)
    assert (stretches.sum(axis=1) <= 1).all()
    return np.asarray(stretches.any(axis=1))


def scanned(polygons: list[Points], sizes_wh: list[tuple[int, int]], flat_edges: bool) -> Rows:
    most = max(map(len, polygons))
    points = np.array([[*polygon, *[polygon[-1]] * (most - len(polygon))] for polygon in polygons], dtype=np.float64)
    edges = np.array([[index < len(polygon) for index in range(most)] for polygon in polygons])
    return scan(points, edges, np.array(sizes_wh), flat_edges=flat_edges)


def random_polygon(rng: np.random.Generator) -> tuple[Points, tuple[int, int]]:
    points = rng.integers(-6, 26, size=(int(rng.integers(3, 9)), 2)).tolist()
    return [(x, y) for x, y in points], (int(rng.integers(1, 25)), int(rng.integers(1, 25)))


@pytest.mark.parametrize("flat_edges", [False, True])
def test_any_polygon_is_drawn_as_the_rule_says(flat_edges: bool) -> None:
    rng = np.random.default_rng(7)
    cases = [random_polygon(rng) for _ in range(150)]
    rows = scanned([points for points, _ in cases], [size_wh for _, size_wh in cases], flat_edges)
    top = covered = 0
    for points, size_wh in cases:
        part = Rows(rows.first[top : top + size_wh[1]], rows.last[top : top + size_wh[1]])
        expected = drawn_plainly(points, size_wh, flat_edges)
        assert np.array_equal(drawn_from(part, size_wh), expected), (points, size_wh)
        assert part.counts().tolist() == expected.sum(axis=1).tolist()
        top, covered = top + size_wh[1], covered + int(expected.sum())
    assert top == len(rows.first)
    assert covered > 5000


def test_shared_pixels_are_those_of_both() -> None:
    rng = np.random.default_rng(8)
    size_wh = (20, 20)
    for _ in range(40):
        a, b = random_polygon(rng)[0], random_polygon(rng)[0]
        both = drawn_plainly(a, size_wh, False) & drawn_plainly(b, size_wh, False)
        shared = scanned([a], [size_wh], False).shared_counts(scanned([b], [size_wh], False))
        assert shared.tolist() == both.sum(axis=1).tolist()


def test_boxes_are_drawn_as_their_outlines() -> None:
    rng = np.random.default_rng(9)
    corners = rng.integers(-6, 26, size=(200, 2, 2))
    corners[:20, 1] = corners[:20, 0]
    sizes_wh = [(int(w), int(h)) for w, h in rng.integers(1, 25, size=(200, 2))]
    outlines = [[(x, y), (x_last, y), (x_last, y_last), (x, y_last)] for (x, y), (x_last, y_last) in corners.tolist()]
    found, expected = scan_boxes(corners.astype(np.float64), np.array(sizes_wh)), scanned(outlines, sizes_wh, False)
    assert found.counts().tolist() == expected.counts().tolist()
    assert found.shared_counts(expected).tolist() == expected.counts().tolist()
    assert found.counts().sum() > 5000


def test_a_row_that_only_a_corner_touches_is_drawn_by_the_toolkit_alone() -> None:
    diamond = [(2, 0), (4, 2), (2, 4), (0, 2)]
    assert scanned([diamond], [(5, 5)], True).counts().tolist() == [1, 3, 5, 3, 1]
    assert scanned([diamond], [(5, 5)], False).counts().tolist() == [0, 3, 5, 3, 0]
