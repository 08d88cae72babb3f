"""Curves and rules under all that boxes can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sdst_edge.evaluation.metrics import OVERLAP_THRESHOLDS, edge_iou, iou, share_above, share_from, share_up_to
from sdst_edge.evaluation.rules import RULES
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_IOU_INVARIANCE, ABS_METRIC

Array = NDArray[np.float64]

#: Values on thresholds, next to them, between them, and none.
values = st.lists(
    st.one_of(
        st.sampled_from([*OVERLAP_THRESHOLDS.tolist(), *np.nextafter(OVERLAP_THRESHOLDS, 2.0).tolist()]),
        st.floats(-1.0, 1.0),
        st.sampled_from([np.nan, np.inf, -np.inf, -0.0]),
    ),
    min_size=1,
    max_size=40,
)

numbers = st.one_of(st.integers(0, 60).map(float), st.floats(-100.0, 100.0), st.sampled_from([0.0, np.nan, np.inf]))
predicted_boxes = st.tuples(*[numbers] * 4)
true_boxes = st.tuples(*[st.integers(1, 60).map(float)] * 4)


@given(values)
@pytest.mark.parametrize(
    ("share", "meets"), [(share_above, np.greater), (share_from, np.greater_equal), (share_up_to, np.less_equal)]
)
def test_shares_are_those_of_one_comparison_a_threshold(
    share: Callable[[Array, Array, int], Array], meets: np.ufunc, items: list[float]
) -> None:
    given_values = np.array(items)
    before = given_values.copy()
    naive = [float(np.sum(meets(given_values, threshold))) / len(items) for threshold in OVERLAP_THRESHOLDS]
    assert share(given_values, OVERLAP_THRESHOLDS, len(items)).tolist() == naive
    assert np.array_equal(given_values, before, equal_nan=True)


@given(true_boxes, true_boxes)
def test_iou_from_edges_is_iou(a: tuple[float, ...], b: tuple[float, ...]) -> None:
    assert abs(float(edge_iou(a, b)[0]) - float(iou(a, b)[0])) <= ABS_IOU_INVARIANCE


@settings(max_examples=60)
@given(st.lists(st.tuples(predicted_boxes, true_boxes, st.booleans()), min_size=1, max_size=8))
def test_rules_give_shares_and_means_of_one_that_are_itself(
    rows: list[tuple[tuple[float, ...], tuple[float, ...], bool]],
) -> None:
    predicted, true = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    visible = np.array([True, *(row[2] for row in rows[1:])])
    before = predicted.copy(), true.copy(), visible.copy()
    for name, rule in RULES.items():
        try:
            scores = rule.score(predicted, true, visible, (60, 50))
        except DatasetError:
            continue  # no frame to score, or a box that pytracking refuses
        most = rule.metrics[0].best * (len(rows) if name == "pytracking-valid" else 1)  # hits that are no divisor
        one, two = rule.mean([scores]), rule.mean([scores, scores])
        for key, curve in scores.curves.items():
            assert (curve >= 0).all()
            assert (curve <= most).all()
            dropped = name == "lasot" and not curve.any()
            assert one.curves[key].tolist() == pytest.approx([np.nan] * len(curve) if dropped else curve, nan_ok=True)
        assert two.scores == pytest.approx(one.scores, abs=ABS_METRIC, nan_ok=True)
    for array, copy in zip((predicted, true, visible), before, strict=True):
        assert np.array_equal(array, copy, equal_nan=True)
