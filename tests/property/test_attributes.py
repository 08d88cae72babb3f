"""Derived attributes under what must not matter to them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sdst_edge.datasets import Sequence
from sdst_edge.datasets.attributes import DEFINITIONS, LASOT, Definitions, derive_frames, derive_pairs
from tests.boxes_only import boxes_only

Rows: TypeAlias = list[tuple[float, float, float, float, bool]]

#: Whole and half pixels, whose sums and products are exact: at a bound, rounding would decide.
positions = st.integers(-2000, 2000).map(lambda value: value / 2)
sides = st.integers(1, 400).map(lambda value: value / 2)
frames = st.lists(st.tuples(positions, positions, sides, sides, st.booleans()), min_size=1, max_size=8)
definitions = st.sampled_from(list(DEFINITIONS.values()))


def sequence_of(rows: Rows) -> Sequence:
    return boxes_only([row[:4] for row in rows], absent=[index for index, row in enumerate(rows) if not row[4]])


def transformed(sequence: Sequence, scale: float, offset: tuple[float, float]) -> Sequence:
    boxes: NDArray[np.float64] = (sequence.boxes_xywh + np.array((*offset, 0.0, 0.0))) * scale
    return boxes_only(boxes, absent=np.flatnonzero(~sequence.visible).tolist())


@given(frames, positions, positions, definitions)
def test_no_attribute_depends_on_where_the_picture_begins(
    rows: Rows, dx: float, dy: float, chosen: Definitions
) -> None:
    sequence = sequence_of(rows)
    before, after = derive_frames(sequence, chosen), derive_frames(transformed(sequence, 1.0, (dx, dy)), chosen)
    for name, flags in before.items():
        assert flags.tolist() == after[name].tolist(), name


@given(frames, st.integers(1, 64))
def test_by_lasot_only_low_resolution_depends_on_the_scale(rows: Rows, scale: int) -> None:
    sequence = sequence_of(rows)
    before, after = derive_frames(sequence, LASOT), derive_frames(transformed(sequence, scale, (0.0, 0.0)), LASOT)
    for name in ("SV", "ARC", "FM"):
        assert before[name].tolist() == after[name].tolist(), name
    assert not (after["LR"] & ~before["LR"]).any(), "nothing gets small by being scaled up"


@given(frames, definitions)
def test_changes_of_a_pair_are_the_same_in_either_order(rows: Rows, chosen: Definitions) -> None:
    sequence = sequence_of(rows)
    every = np.arange(len(sequence))
    pairs = derive_pairs(sequence, every[:, None], every, chosen)
    for name in ("SV", "ARC"):
        if name in pairs:
            assert pairs[name].tolist() == pairs[name].T.tolist(), name
            assert not pairs[name].diagonal().any(), "no frame differs from itself"


@given(frames, definitions)
def test_absent_frames_hold_nothing_that_boxes_tell(rows: Rows, chosen: Definitions) -> None:
    sequence = sequence_of(rows)
    for name, flags in derive_frames(sequence, chosen).items():
        assert not flags[~sequence.visible].any(), name
