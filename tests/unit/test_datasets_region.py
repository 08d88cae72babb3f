"""Regions: the boxes around them, and the texts that they are written as."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.datasets.region import Mask, Polygon, Rectangle, area_preserving_box, bounding_box
from sdst_edge.datasets.region_text import SpecialCode, parse_region, region_text


def polygon(*values: float) -> Polygon:
    return Polygon(np.array(values, dtype=np.float64).reshape(-1, 2))


def test_a_polygon_s_box_goes_through_its_outermost_points() -> None:
    assert bounding_box(polygon(1.5, 2, 10, 3, 9, 12.25, 2, 11)) == (1.5, 2, 8.5, 10.25)


def test_a_mask_s_box_goes_around_its_outermost_pixels() -> None:
    pixels = np.zeros((20, 30), np.bool_)
    pixels[5:9, 7:20] = True
    assert bounding_box(Mask(pixels, 100, 200)) == (107, 205, 13, 4)  # as TraX converts it


def test_nothing_has_a_box_without_area() -> None:
    assert bounding_box(None) == (0, 0, 0, 0)
    assert bounding_box(Mask(np.zeros((3, 4), np.bool_), 5, 6)) == (0, 0, 0, 0)


def test_the_area_preserving_box_of_an_upright_quadrilateral_counts_its_last_pixels() -> None:
    assert area_preserving_box(polygon(10, 20, 50, 20, 50, 40, 10, 40)) == (10, 20, 41, 21)


def test_the_area_preserving_box_of_a_diamond_has_its_area() -> None:
    # sides of 10 sqrt(2): area 200 in a box of 20 x 20, so its sides shrink by sqrt(1/2), plus a pixel
    side = 20 * np.sqrt(0.5)
    box = area_preserving_box(polygon(40, 20, 50, 30, 40, 40, 30, 30))
    assert box == pytest.approx((40 - side / 2, 30 - side / 2, side + 1, side + 1))


def test_the_area_preserving_box_of_anything_else_is_its_bounding_box() -> None:
    assert area_preserving_box(Rectangle(1, 2, 3, 4)) == (1, 2, 3, 4)
    assert area_preserving_box(polygon(0, 0, 10, 0, 0, 10)) == (0, 0, 10, 10)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("1,2,3,4", Rectangle(1, 2, 3, 4)),
        (" 1.5, -2 , 3e1,4 ", Rectangle(1.5, -2, 30, 4)),
        ("0", SpecialCode.UNKNOWN),
        ("1", SpecialCode.INITIALIZATION),
        ("2.0000", SpecialCode.FAILURE),
        ("nan,nan,nan,nan", SpecialCode.UNKNOWN),
        ("NaN,1,2,3,4,5", SpecialCode.UNKNOWN),
    ],
)
def test_boxes_and_codes_are_read(text: str, region: object) -> None:
    assert parse_region(text) == region


def test_six_numbers_or_more_are_a_polygon() -> None:
    region = parse_region("0,0,10,0,10.5,5")
    assert isinstance(region, Polygon)
    assert region.points.tolist() == [[0, 0], [10, 0], [10.5, 5]]


def test_a_mask_s_runs_go_row_by_row_and_begin_with_unset_pixels() -> None:
    region = parse_region("m3,-4,3,2,1,3,1,1")
    assert isinstance(region, Mask)
    assert (region.left, region.top) == (3, -4)
    assert region.pixels.tolist() == [[False, True, True], [True, False, True]]


def test_pixels_that_no_run_reaches_are_unset() -> None:
    region = parse_region("m0,0,2,2,0,1")
    assert isinstance(region, Mask)
    assert region.pixels.tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected numbers"),
        ("3", "one of the codes"),
        ("0.5", "one of the codes"),
        ("1,2", "x,y,w,h"),
        ("1,2,3,4,5", "three points or more"),
        ("1,2,3,inf", "not finite"),
        ("1;2;3;4", "expected numbers"),
        ("m1,2,3", "is no mask"),
        ("m1,2,3,4,x", "is no mask"),
        ("m0,0,2,2,1,4", "5 px together"),
        ("m0,0,-2,2,1", "negative length"),
        ("m0,0,2,2,1,-1", "negative length"),
        ("m0,0,99999999,99999999,0", "no picture has"),
        (f"m{10**30},0,1,1,0,1", "no picture has"),
    ],
)
def test_anything_else_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_region(text)


def test_a_long_line_is_cut_short_in_messages() -> None:
    with pytest.raises(ValueError, match="is no region") as caught:
        parse_region("1," * 5000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "text", ["1,2.5,3,4", "0,0,10,0,10.5,5", "m3,-4,3,2,1,3,1,1", "m0,0,2,1,0,2", "m0,0,0,0,0", "2"]
)
def test_a_region_is_written_as_it_was_read(text: str) -> None:
    assert region_text(parse_region(text)) == text
