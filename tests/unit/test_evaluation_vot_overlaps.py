"""Overlaps as PySOT and vot-toolkit count them, by hand and against vot-toolkit 0.9.0 itself."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode, parse_region
from sdst_edge.evaluation.vot.pysot_overlap import outline_overlaps, picture_overlaps
from sdst_edge.evaluation.vot.toolkit_overlap import pixel_shapes, raster_overlaps
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_METRIC


def counted(a: str, b: str, size_wh: tuple[int, int] = (100, 80)) -> float:
    return float(raster_overlaps(pixel_shapes([parse_region(a)]), pixel_shapes([parse_region(b)]), size_wh)[0])


def drawn(a: str, b: str, limits_wh: tuple[float, float] | None = None) -> float:
    return float(outline_overlaps([parse_region(a)], [parse_region(b)], limits_wh)[0])


# Regions made up, overlaps printed by vot.region.calculate_overlap of vot-toolkit 0.9.0.
TOOLKIT = (
    ("-22.0,23.0,28.0,42.0", "-10.5,40.0,28.5,17.0", (119, 119), 0.2236842105263158),
    ("40.0,-7.0,14.0,20.0", "39.5,2.5,18.5,20.5", (69, 74), 0.39690721649484534),
    ("95.0,-9.0,43.0,52.0", "91.0,-2.5,49.0,29.5", (109, 51), 0.5490196078431373),
    ("51.5,54.5,2.5,24.0", "0.0,18.0,18.0,11.0", (57, 94), 0.0),
    ("6.0,22.0,-5.0,2.0", "0", (30, 24), 1.0),
    ("58.5,20.0,22.0,26.5", "0", (63, 26), 0.0),
    ("0", "0", (32, 89), 1.0),
    ("20.0,81.0,37.0,71.0,53.0,21.0", "29.0,23.0,34.0,25.0", (115, 30), 0.06666666666666667),
    ("12.0,31.0,35.0,17.0", "17.0,74.0,26.0,49.0,35.0,49.0,44.0,38.0,23.0,46.0", (82, 75), 0.13030746705710103),
    ("-9.5,54.0,34.0,40.5,20.5,26.0", "17.5,34.0,26.5,27.0", (87, 64), 0.13641025641025642),
    ("1.0,13.0,4.0,9.0,3.0,16.0,4.0,17.0", "-15.5,13.5,6.0,10.0,1.0,22.0,7.0,17.5", (22, 50), 0.25925925925925924),
    ("36.0,14.0,30.0,-1.0,27.0,12.0,29.0,-0.0,33.0,6.0",
     "21.5,5.5,17.5,2.0,17.5,5.0,32.5,12.0,23.0,-8.0", (30, 95), 0.15384615384615385),
    ("17.0,33.5,13.5,19.5,14.5,34.0,15.5,30.0,13.0,19.5", "m4,-9,13,53,87,63,91,226,36,90,96", (29, 40),
     0.0847457627118644),
    ("m25,44,25,5,23,22,34,10,36", "23.0,35.0,13.0,16.0", (48, 50), 0.08695652173913043),
    ("m-14,21,55,31,132,132,488,376,49,357,171", "4.0,35.0,11.0,12.0", (25, 47), 0.35774647887323946),
    ("m27,12,43,54,181,294,641,264,61,537,197,147", "m45,17,44,57,201,149,780,637,28,286,323,104", (105, 57),
     0.232996632996633),
    ("m-2,-2,9,21,13,29,11,36,18,25,39,14,4", "m-5,11,21,2,5,8,3,6,7,6,7", (48, 42), 0.09302325581395349),
    ("m26,26,1,1,1", "m26,26,1,1,1", (82, 110), 1.0),
    ("m114,56,4,0,0", "0", (117, 82), 1.0),
    ("1.0,20.0,0.0,0.5", "m6,15,0,4,0", (41, 57), 1.0),
)  # fmt: skip


@pytest.mark.parametrize(("a", "b", "size_wh", "expected"), TOOLKIT)
def test_counted_overlaps_are_the_toolkit_s(a: str, b: str, size_wh: tuple[int, int], expected: float) -> None:
    assert counted(a, b, size_wh) == pytest.approx(expected, rel=0, abs=ABS_METRIC)


def test_counted_boxes_cover_as_many_pixels_as_their_sides() -> None:
    assert counted("10,10,10,10", "10,10,10,20") == 0.5
    assert counted("10,10,10,10", "15,10,10,10") == 5 / 15
    assert counted("10,10,10,10", "20,10,10,10") == 0.0


def test_counted_coordinates_are_rounded_halves_to_the_even_number() -> None:
    assert counted("10.5,10,10,10", "10,10,10,10") == 1.0
    assert counted("11.5,10,10,10", "12,10,10,10") == 1.0
    assert counted("10,10,10.5,10", "10,10,10,10") == 1.0


def test_pixels_outside_the_picture_are_not_counted() -> None:
    assert counted("-10,0,20,10", "0,0,10,10") == 1.0
    assert counted("95,0,20,10", "95,0,5,10") == 1.0
    assert counted("-20,-20,5,5", "-20,-20,5,6") == 0.0  # equal or not: nothing is left of them


def test_boxes_are_counted_together_as_they_are_one_by_one() -> None:
    pairs = [case for case in TOOLKIT if case[2] == (119, 119)] * 3
    a, b = (pixel_shapes([parse_region(case[side]) for case in pairs]) for side in (0, 1))  # type: ignore[arg-type]
    assert raster_overlaps(a, b, (119, 119)).tolist() == [pairs[0][3]] * 3
    assert raster_overlaps((), (), (119, 119)).shape == (0,)


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        ("0,0,0,0", True),
        ("5,5,3,0", True),
        ("5,5,0.1,0.1", False),
        ("0", True),
        ("0,0,4,0,2,0", True),
        ("0,0,4,0,2,1", False),
        ("m0,0,0,0,0", True),
        ("m3,4,2,2,1,3", False),
        ("m3,4,5,1,0,5", True),  # a mask one pixel high or wide is empty to the toolkit
        ("m3,4,1,5,0,5", True),
    ],
)
def test_what_is_empty_to_the_toolkit(text: str, empty: bool) -> None:
    assert pixel_shapes([parse_region(text)])[0].empty is empty


def test_outlines_go_through_the_pixel_after_the_last_one() -> None:
    assert drawn("10,10,10,10", "10,10,10,20") == np.float32(11 * 11) / np.float32(11 * 21)
    assert drawn("10,10,10,10", "15,10,10,10") == np.float32(6 * 11) / np.float32(16 * 11)


def test_outlines_that_touch_in_a_line_share_no_area() -> None:
    assert drawn("10,10,10,10", "20,10,10,10") == 0.0
    assert drawn("10,10,10,10", "19,10,10,10") == np.float32(2 * 11) / np.float32(20 * 11)


def test_a_box_and_its_outline_are_one() -> None:
    assert drawn("10,10,10,20", "10,10,20,10,20,30,10,30") == 1.0


def test_limits_cut_outlines() -> None:
    assert drawn("90,0,20,10", "90,0,9,10") < 1.0
    assert drawn("90,0,20,10", "90,0,9,10", (99, 79)) == 1.0
    assert drawn("90,0,20,10", "90,0,9,10", (100, 80)) == np.float32(10 * 11) / np.float32(11 * 11)
    inner, outer = picture_overlaps([Rectangle(90, 0, 20, 10)] * 2, [Rectangle(90, 0, 9, 10)] * 2, (100, 80))
    assert inner.tolist() == [1.0, 1.0]
    assert outer.tolist() == [np.float32(10 * 11) / np.float32(11 * 11)] * 2


def test_outlines_outside_the_limits_share_nothing() -> None:
    assert drawn("200,200,10,10", "200,200,10,10", (99, 79)) == 0.0
    assert drawn("10,10,0,0", "10,10,10,10", (99, 79)) == 0.0


def test_a_code_has_no_outline() -> None:
    assert np.isnan(drawn("0", "10,10,10,10"))
    assert np.isnan(drawn("10,10,10,10", "2"))
    assert outline_overlaps([], []).shape == (0,)


def test_polygons_of_unlike_lengths_are_drawn_side_by_side() -> None:
    triangle, diamond = parse_region("10,10,30,10,20,30"), parse_region("20,10,30,20,20,30,10,20")
    box = Rectangle(10, 10, 20, 20)
    together = outline_overlaps([triangle, diamond, box], [box, box, triangle])
    alone = [outline_overlaps([a], [b])[0] for a, b in ((triangle, box), (diamond, box), (box, triangle))]
    assert together.tolist() == alone
    assert together[0] == together[2]


def test_a_mask_has_no_outline_to_pysot() -> None:
    mask = Mask(np.ones((2, 2), np.bool_), 0, 0)
    with pytest.raises(DatasetError, match="vot2020"):
        outline_overlaps([mask], [Rectangle(0, 0, 2, 2)])


def test_boxes_far_beyond_any_picture_are_drawn_in_it_alone() -> None:
    far = Rectangle(-1e8, -1e8, 2e8, 2e8)
    assert outline_overlaps([far], [Rectangle(0, 0, 99, 79)], (99, 79))[0] == 1.0
    assert raster_overlaps(pixel_shapes([far]), pixel_shapes([Rectangle(0, 0, 100, 80)]), (100, 80))[0] == 1.0
    wide = Polygon(np.array(((-1e12, 0.0), (1e12, 0.0), (1e12, 79.0), (-1e12, 79.0))))
    assert outline_overlaps([wide], [Rectangle(0, 0, 99, 79)], (99, 79))[0] == 1.0


def test_no_number_is_too_large() -> None:
    huge, small = Rectangle(-1e300, 1e300, 1e300, 1e300), Rectangle(0, 0, 10, 10)
    assert outline_overlaps([huge], [small], (99, 79))[0] == 0.0
    assert raster_overlaps(pixel_shapes([huge]), pixel_shapes([small]), (100, 80))[0] == 0.0


def test_codes_count_as_nothing_at_the_picture_s_corner() -> None:
    code, box = pixel_shapes([SpecialCode.INITIALIZATION]), pixel_shapes([Rectangle(0, 0, 10, 10)])
    assert raster_overlaps(code, box, (100, 80))[0] == 0.0
