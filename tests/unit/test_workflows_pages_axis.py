"""Axes that end at round numbers."""

from __future__ import annotations

import pytest

from sdst_edge.workflows.pages.axis import Axis, LogAxis, tick_text


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [
        (1.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        (0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        (0.583, (0, 0.2, 0.4, 0.6)),
        (0.09, (0, 0.02, 0.04, 0.06, 0.08, 0.1)),
        (50.0, (0, 10, 20, 30, 40, 50)),
        (755.0, (0, 200, 400, 600, 800)),
        (1e-9, (0, 2e-10, 4e-10, 6e-10, 8e-10, 1e-9)),
        (0.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0)),
    ],
)
def test_axis_ends_at_a_round_number(largest: float, ticks: tuple[float, ...]) -> None:
    axis = Axis(largest)
    assert axis.ticks == ticks
    assert axis.top == ticks[-1] >= largest
    assert axis.share(axis.top / 4) == 0.25
    assert (axis.share(-1), axis.share(2 * axis.top)) == (0, 1)


@pytest.mark.parametrize(
    ("smallest", "largest", "ticks"),
    [
        (41.5, 58.2, (40, 45, 50, 55, 60)),
        (40.0, 60.0, (40, 45, 50, 55, 60)),
        (-12.0, 3.0, (-15, -10, -5, 0, 5)),
        (50.0, 50.0, (50, 50.2, 50.4, 50.6, 50.8, 51)),
    ],
)
def test_axis_may_begin_elsewhere(smallest: float, largest: float, ticks: tuple[float, ...]) -> None:
    axis = Axis(largest, smallest)
    assert axis.ticks == ticks
    assert (axis.start, axis.top) == (ticks[0], ticks[-1])
    assert (axis.share(axis.start), axis.share(axis.top)) == (0, 1)


def test_axis_may_end_at_the_value() -> None:
    axis = Axis(1001.0, exact=True)
    assert (axis.start, axis.top) == (0, 1001)
    assert axis.ticks == (0, 500, 1000)


@pytest.mark.parametrize(
    ("smallest", "largest", "ticks"),
    [
        (3.2, 61.0, (2, 5, 10, 20, 50, 100)),
        (4.0, 120.0, (3, 10, 30, 100, 300)),
        (0.04, 900.0, (0.01, 0.1, 1, 10, 100, 1000)),
        (4.0, 4.0, (2, 5)),
        (1.0, 10.0, (1, 2, 5, 10)),
    ],
)
def test_logarithmic_axis_ends_at_round_numbers(smallest: float, largest: float, ticks: tuple[float, ...]) -> None:
    axis = LogAxis(smallest, largest)
    assert axis.ticks == ticks
    assert (axis.share(ticks[0]), axis.share(ticks[-1])) == (0, 1)
    assert axis.share(0.0) == 0
    assert axis.share((axis.start * axis.top) ** 0.5) == pytest.approx(0.5)


def test_numbers_on_axes_are_short() -> None:
    assert [tick_text(tick) for tick in (0.0, 0.25, 1500.0, 1e6, 2e12)] == ["0", "0.25", "1,500", "1,000,000", "2e+12"]
