"""Boxes under all that can be done to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sdst_edge.datasets.boxfile import read_boxes, write_boxes
from sdst_edge.evaluation import center_error_px, iou
from tests.tolerances import ABS_BOX_TEXT_PX, ABS_IOU_INVARIANCE

positions = st.floats(-1e4, 1e4)
sides = st.floats(1.0, 1e4)
boxes = st.tuples(positions, positions, sides, sides)


@given(boxes, boxes)
def test_iou_is_symmetric_and_a_share(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    overlap = float(iou(a, b)[0])
    assert 0.0 <= overlap <= 1.0
    assert overlap == float(iou(b, a)[0])


@given(boxes)
def test_iou_with_itself_is_1(box: tuple[float, ...]) -> None:
    assert abs(float(iou(box, box)[0]) - 1.0) <= ABS_IOU_INVARIANCE


@given(boxes, boxes, positions, positions, st.floats(0.1, 10.0))
def test_iou_stays_when_both_move_and_grow_together(
    a: tuple[float, ...], b: tuple[float, ...], dx: float, dy: float, scale: float
) -> None:
    def moved(box: tuple[float, ...]) -> NDArray[np.float64]:
        return (np.array(box) + np.array((dx, dy, 0.0, 0.0))) * scale

    assert abs(float(iou(a, b)[0]) - float(iou(moved(a), moved(b))[0])) <= ABS_IOU_INVARIANCE


@given(boxes, st.floats(-50.0, 50.0), st.floats(-50.0, 50.0))
def test_center_error_px_is_the_length_of_the_move(box: tuple[float, ...], dx: float, dy: float) -> None:
    moved = np.array(box) + np.array((dx, dy, 0.0, 0.0))
    assert abs(float(center_error_px(box, moved)[0]) - np.hypot(dx, dy)) <= ABS_IOU_INVARIANCE


@given(st.lists(boxes, min_size=1, max_size=5), st.sampled_from([0.0, 1.0]))
def test_write_boxes_is_read_back_to_half_a_last_decimal(
    tmp_path_factory: object, rows: list[tuple[float, ...]], origin: float
) -> None:
    path: Path = tmp_path_factory.mktemp("text") / "boxes.txt"  # type: ignore[attr-defined]
    given_boxes = np.array(rows)
    before = given_boxes.copy()
    write_boxes(path, given_boxes, origin=origin)
    assert np.array_equal(given_boxes, before)
    assert np.abs(read_boxes(path, origin=origin) - given_boxes).max() <= ABS_BOX_TEXT_PX


@given(st.lists(st.tuples(*[st.integers(-(10**5), 10**5)] * 2, *[st.integers(1, 10**5)] * 2), min_size=1, max_size=5))
def test_write_boxes_is_read_back_exactly_when_the_boxes_are_whole(
    tmp_path_factory: object, rows: list[tuple[int, ...]]
) -> None:
    path: Path = tmp_path_factory.mktemp("text") / "whole.txt"  # type: ignore[attr-defined]
    write_boxes(path, rows, origin=1.0)
    assert read_boxes(path, origin=1.0).tolist() == [list(row) for row in rows]
