"""Measures on boxes, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.evaluation import (
    average_overlap,
    center_error_px,
    iou,
    precision_at,
    success_auc,
    success_curve,
    success_rate,
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


def test_success_curve_counts_what_is_greater() -> None:
    curve = success_curve([0.0, 0.5, 0.52, 1.0])
    assert curve.shape == (21,)
    assert curve[0] == 0.75  # 0 is not greater than 0
    assert curve[9] == 0.75
    assert curve[10] == 0.5  # nor is 0.5 greater than 0.5
    assert curve[20] == 0.0


def test_success_auc_of_a_perfect_tracker_is_20_of_21() -> None:
    assert success_auc(np.ones(7)) == pytest.approx(20 / 21, abs=ABS_METRIC)
    assert success_auc(np.zeros(7)) == 0.0


def test_precision_at_counts_the_threshold_itself() -> None:
    assert precision_at([0.0, 20.0, 20.001, np.inf]) == 0.5
    assert precision_at([0.0, 5.0], threshold_px=4.0) == 0.5


def test_average_overlap_and_success_rate() -> None:
    assert average_overlap([0.0, 0.5, 1.0]) == 0.5
    assert success_rate([0.2, 0.5, 0.6]) == pytest.approx(1 / 3, abs=ABS_METRIC)
    assert success_rate([0.2, 0.5, 0.6], threshold=0.1) == 1.0
