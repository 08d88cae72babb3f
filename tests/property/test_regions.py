"""Regions of any shape: their texts, their boxes, and their overlaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sdst_edge.datasets.region import Mask, Polygon, Rectangle, bounding_box
from sdst_edge.datasets.region_text import parse_region, region_text
from sdst_edge.evaluation.vot.pysot_overlap import outline_overlaps
from sdst_edge.evaluation.vot.toolkit_overlap import pixel_shapes, raster_overlaps

SIZE_WH = (60, 40)

numbers = st.floats(-1e6, 1e6)
near = st.floats(-30.0, 90.0)
rectangles = st.builds(Rectangle, near, near, st.floats(-5.0, 60.0), st.floats(-5.0, 60.0))
outlines = st.lists(st.tuples(near, near), min_size=3, max_size=7).map(lambda points: Polygon(np.array(points)))


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    height, width = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    flags = draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    pixels = np.array(flags, dtype=np.bool_).reshape(height, width)
    return Mask(pixels, draw(st.integers(-20, 70)), draw(st.integers(-20, 50)))


@given(masks())
def test_masks_come_back_from_their_runs(mask: Mask) -> None:
    again = parse_region(region_text(mask))
    assert isinstance(again, Mask)
    assert (again.left, again.top) == (mask.left, mask.top)
    assert np.array_equal(again.pixels, mask.pixels)


@given(numbers, numbers, numbers, numbers)
def test_numbers_come_back_whole(x: float, y: float, w: float, h: float) -> None:
    assert parse_region(region_text(Rectangle(x, y, w, h))) == Rectangle(x, y, w, h)
    again = parse_region(region_text(Polygon(np.array(((x, y), (w, h), (y, w))))))
    assert isinstance(again, Polygon)
    assert again.points.tolist() == [[x, y], [w, h], [y, w]]


@given(masks())
def test_a_mask_s_box_holds_its_pixels_and_no_border_without_any(mask: Mask) -> None:
    x, y, w, h = bounding_box(mask)
    rows, columns = np.nonzero(mask.pixels)
    if len(rows):
        assert (x, y) == (mask.left + columns.min(), mask.top + rows.min())
        assert (x + w, y + h) == (mask.left + columns.max() + 1, mask.top + rows.max() + 1)
    else:
        assert w == h == 0


@given(st.one_of(rectangles, outlines, masks()), st.one_of(rectangles, outlines, masks()))
def test_counted_overlaps_are_symmetric_shares(a: Rectangle | Polygon | Mask, b: Rectangle | Polygon | Mask) -> None:
    shapes_a, shapes_b = pixel_shapes([a]), pixel_shapes([b])
    overlap = raster_overlaps(shapes_a, shapes_b, SIZE_WH)[0]
    assert 0.0 <= overlap <= 1.0
    assert overlap == raster_overlaps(shapes_b, shapes_a, SIZE_WH)[0]


@given(st.one_of(rectangles, outlines), st.one_of(rectangles, outlines))
def test_overlaps_of_outlines_are_symmetric_shares(a: Rectangle | Polygon, b: Rectangle | Polygon) -> None:
    overlap = outline_overlaps([a], [b], SIZE_WH)[0]
    assert np.isnan(overlap) or 0.0 <= overlap <= 1.0
    assert np.array_equal([overlap], outline_overlaps([b], [a], SIZE_WH), equal_nan=True)


@given(st.lists(st.tuples(st.one_of(rectangles, outlines), st.one_of(rectangles, outlines)), min_size=1, max_size=6))
def test_many_pairs_give_what_each_gives_alone(pairs: list[tuple[Rectangle | Polygon, Rectangle | Polygon]]) -> None:
    a, b = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    together = outline_overlaps(a, b, SIZE_WH)
    alone = [outline_overlaps([one], [other], SIZE_WH)[0] for one, other in pairs]
    assert np.array_equal(together, alone, equal_nan=True)
