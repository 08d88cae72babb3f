"""Measures on boxes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.evaluation import (
    center_error_px,
    iou,
)
from sdst_edge.evaluation.metrics import (
    edge_iou,
    norm_center_error,
    scaled_center_error,
    share_above,
    share_from,
    share_up_to,
)
from sdst_runtime.errors import BoxError
from tests.tolerances import ABS_METRIC


def test_iou_of_boxes_that_share_a_third() -> None:
    assert iou((0, 0, 2, 2), (1, 0, 2, 2)).tolist() == pytest.approx([1 / 3], abs=ABS_METRIC)


def test_iou_of_equal_disjoint_touching_and_nested_boxes() -> None:
    a = [(1, 2, 3, 4), (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 4, 4)]
    b = [(1, 2, 3, 4), (5, 5, 1, 1), (1, 0, 1, 1), (1, 1, 2, 2)]
    assert iou(a, b).tolist() == [1.0, 0.0, 0.0, 0.25]


def test_iou_is_0_for_boxes_without_area() -> None:
    flat = [(1, 1, 0, 0), (1, 1, -2, 3), (1, 1, -2, -2)]
    assert iou(flat, (0, 0, 4, 4)).tolist() == [0.0, 0.0, 0.0]
    assert iou(flat, flat).tolist() == [0.0, 0.0, 0.0]


def test_iou_is_nan_where_a_number_of_a_box_is() -> None:
    boxes = np.ones((5, 4))
    np.fill_diagonal(boxes, np.nan)
    assert np.isnan(iou(boxes, (1, 1, 1, 1))).tolist() == [True] * 4 + [False]


def test_edge_iou_of_boxes_without_area_and_with_a_nan() -> None:
    third, nothing = (1, 0, 2, 2), (0, 0, 0, 0)
    assert edge_iou((0, 0, 2, 2), third).tolist() == pytest.approx([1 / 3], abs=ABS_METRIC)
    assert edge_iou(nothing, third).tolist() == [0.0]
    assert np.isnan(edge_iou(nothing, nothing)).all()
    assert np.isnan(edge_iou((0, 0, np.nan, 2), third)).all()
    assert edge_iou((np.nan, 0, 2, 2), third).tolist() == [1.0]  # the NaN gives way to the other's edges


def test_iou_compares_one_box_with_many_and_modifies_none() -> None:
    many = np.array([(0.0, 0.0, 2.0, 2.0), (1.0, 0.0, 2.0, 2.0)])
    before = many.copy()
    assert iou(many, (0, 0, 2, 2)).tolist() == pytest.approx([1.0, 1 / 3], abs=ABS_METRIC)
    assert np.array_equal(many, before)


@pytest.mark.parametrize(("a", "b"), [([[0, 0, 1]], [[0, 0, 1, 1]]), (np.ones((2, 4)), np.ones((3, 4)))])
def test_iou_refuses_shapes_that_do_not_fit(a: object, b: object) -> None:
    with pytest.raises(BoxError, match="shapes"):
        iou(a, b)  # type: ignore[arg-type]


def test_center_error_px_is_the_distance_of_centres() -> None:
    assert center_error_px((0, 0, 2, 2), (2, 3, 4, 4)).tolist() == [5.0]  # (1, 1) and (4, 5)


def test_center_errors_over_sides_differ_in_the_last_bit() -> None:
    a, b, sides = (201, 21, 50, 50), (191, 21, 50, 50), [(50, 50)]
    assert norm_center_error(a, b, sides).tolist() == [0.2]
    assert scaled_center_error(a, b, sides)[0] > 0.2
    assert scaled_center_error(a, b, sides).tolist() == pytest.approx([0.2], abs=ABS_METRIC)
    assert norm_center_error((3, 8, 2, 2), (0, 0, 2, 2), [(1, 2)]).tolist() == [5.0]  # 3 / 1 and 8 / 2


def test_shares_count_what_is_equal_as_they_say_and_nan_never() -> None:
    values, thresholds = [0.2, 0.5, np.nan, 0.5], [0.2, 0.5, 0.6]
    assert share_above(values, thresholds, 4).tolist() == [0.5, 0.0, 0.0]
    assert share_from(values, thresholds, 4).tolist() == [0.75, 0.5, 0.0]
    assert share_up_to(values, thresholds, 2).tolist() == [0.5, 1.5, 1.5]  # over another number of frames
    assert share_above([], thresholds, 4).tolist() == [0.0, 0.0, 0.0]
