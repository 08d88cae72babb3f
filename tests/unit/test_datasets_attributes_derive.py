"""What boxes and flags tell of frames, pairs and sequences, by values computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_edge.datasets.attributes import (
    LASOT,
    OTB,
    UAV123,
    Definitions,
    definitions_for,
    derive_frames,
    derive_pair,
    derive_pairs,
    derive_sequence,
)
from sdst_runtime.errors import DatasetError
from tests.boxes_only import boxes_only

NAN = float("nan")

#: Large enough that no definition calls it low resolution.
FIRST = (100.0, 100.0, 40.0, 40.0)


def sized(width: float, height: float) -> tuple[float, float, float, float]:
    """A box of that size whose centre is FIRST's."""
    return (120.0 - width / 2, 120.0 - height / 2, width, height)


def second_frame(box: tuple[float, ...], definitions: Definitions, first: tuple[float, ...] = FIRST) -> set[str]:
    """What the second of two frames holds; the first must hold nothing."""
    frames = derive_frames(boxes_only([first, box]), definitions)
    assert not any(flags[0] for flags in frames.values())
    return {name for name, flags in frames.items() if flags[1]}


@pytest.mark.parametrize("definitions", [LASOT, OTB, UAV123])
def test_sv_holds_beyond_half_and_double_of_the_area_and_not_at_it(definitions: Definitions) -> None:
    assert second_frame(sized(80, 40), definitions) == set(), "twice the area, at the bound of SV and of ARC"
    assert second_frame(sized(40, 20), definitions) - {"LR"} == set(), "half of it"
    assert second_frame(sized(60, 53.5), definitions) == {"SV"}, "3210 px of 1600"
    assert second_frame(sized(28, 28), definitions) - {"LR"} == {"SV"}, "784 px of 1600"


@pytest.mark.parametrize("definitions", [LASOT, UAV123])
def test_arc_holds_beyond_half_and_double_of_the_shape_and_not_at_it(definitions: Definitions) -> None:
    assert second_frame(sized(60, 30), definitions) == set(), "2 : 1 of 1 : 1"
    assert second_frame(sized(30, 60), definitions) == set(), "1 : 2"
    assert second_frame(sized(60, 29), definitions) == {"ARC"}
    assert second_frame(sized(29, 60), definitions) == {"ARC"}


def test_arc_is_judged_exactly_where_quotients_of_whole_sides_are_not_exact() -> None:
    first = (0.0, 0.0, 33.0, 49.0)  # 33 / 49 is no binary fraction, and 66 / 49 is exactly twice as wide
    assert second_frame((0.0, 0.0, 66.0, 49.0), LASOT, first) == set()


def test_otb_has_no_arc() -> None:
    assert "ARC" not in derive_frames(boxes_only([FIRST]), OTB)


def test_fm_by_lasot_is_a_step_beyond_the_size_of_the_box_before() -> None:
    # FIRST is 40 px in size; (24, 32) is a step of exactly 40 px.
    assert second_frame((124.0, 132.0, 40.0, 40.0), LASOT) == set()
    assert second_frame((124.1, 132.0, 40.0, 40.0), LASOT) == {"FM"}
    assert second_frame((100.0, 59.0, 40.0, 40.0), LASOT) == {"FM"}
    shrunk = boxes_only([FIRST, (105.0, 105.0, 30.0, 30.0), (140.0, 105.0, 30.0, 30.0)])
    assert derive_frames(shrunk, LASOT)["FM"].tolist() == [False, False, True], "35 px against the 30 px before"


def test_fm_is_the_step_of_the_centre_not_of_the_corner() -> None:
    grown = (100.0 - 45.0, 100.0 - 45.0, 130.0, 130.0)
    assert second_frame(grown, LASOT) == {"SV"}


@pytest.mark.parametrize("definitions", [OTB, UAV123])
def test_fm_by_otb_and_uav123_is_a_step_beyond_20_px(definitions: Definitions) -> None:
    assert second_frame((112.0, 116.0, 40.0, 40.0), definitions) == set(), "(12, 16) is 20 px"
    assert second_frame((112.0, 116.1, 40.0, 40.0), definitions) == {"FM"}


def test_lr_is_an_area_below_the_bound() -> None:
    lasot, others = (0.0, 0.0, 25.0, 40.0), (0.0, 0.0, 20.0, 20.0)
    assert derive_sequence(boxes_only([lasot]), LASOT)["LR"] is False, "exactly 1000 px"
    assert derive_sequence(boxes_only([(0.0, 0.0, 24.9, 40.0)]), LASOT)["LR"] is True
    for definitions in (OTB, UAV123):
        assert derive_sequence(boxes_only([others]), definitions)["LR"] is False, "exactly 400 px"
        assert derive_sequence(boxes_only([(0.0, 0.0, 20.0, 19.9)]), definitions)["LR"] is True


def test_absent_frames_hold_nothing_that_needs_a_box_and_break_steps() -> None:
    far = (900.0, 900.0, 5.0, 90.0)  # would be SV, ARC, FM and LR
    sequence = boxes_only([FIRST, far, (500.0, 100.0, 40.0, 40.0), (600.0, 100.0, 40.0, 40.0)], absent=[1])
    frames = derive_frames(sequence, LASOT)
    assert {name: flags.tolist() for name, flags in frames.items()} == {
        "SV": [False] * 4,
        "FM": [False, False, False, True],
        "LR": [False] * 4,
        "ARC": [False] * 4,
    }


def test_boxes_of_absent_frames_may_be_anything() -> None:
    sequence = boxes_only([(NAN,) * 4, FIRST, (np.inf, -np.inf, np.inf, 0.0), FIRST], absent=[0, 2])
    assert not any(derive_sequence(sequence, LASOT).values())


def test_changes_are_against_the_first_visible_frame() -> None:
    sequence = boxes_only([(0.0, 0.0, 1.0, 1.0), FIRST, sized(60, 60)], absent=[0])
    assert derive_frames(sequence, LASOT)["SV"].tolist() == [False, False, True]


def test_a_target_that_is_never_visible_holds_nothing() -> None:
    assert not any(derive_sequence(boxes_only([FIRST, FIRST], absent=[0, 1]), LASOT).values())


def test_flags_are_taken_as_they_are_and_only_where_the_data_set_has_them() -> None:
    sequence = boxes_only([FIRST] * 4, absent=[2], tags={"FOC": [2], "POC": [1, 3], "CM": [0]})
    frames = derive_frames(sequence, LASOT)
    assert frames["FOC"].tolist() == [False, False, True, False]
    assert frames["POC"].tolist() == [False, True, False, True]
    assert "OV" not in frames, "the sequence has no such flag"
    assert "CM" not in frames, "a label is not derived"


def test_pairs_compare_the_search_frame_with_the_template_frame() -> None:
    boxes = [FIRST, sized(60, 60), sized(60, 20), (160.0, 110.0, 60.0, 20.0)]
    sequence = boxes_only(boxes, tags={"OV": [3]})
    held = {
        pair: {name for name, flag in derive_pair(sequence, *pair).items() if flag}
        for pair in [(0, 0), (0, 1), (1, 2), (2, 1), (0, 3), (2, 3), (3, 2)]
    }
    assert held == {
        (0, 0): set(),
        (0, 1): {"SV"},  # 3600 px after 1600
        (1, 2): {"SV", "ARC"},  # 1200 after 3600, 3 : 1 after 1 : 1
        (2, 1): {"SV", "ARC"},
        (0, 3): {"ARC", "FM", "OV"},  # 1200 after 1600; the step into 3 is 70 px
        (2, 3): {"FM", "OV"},
        (3, 2): set(),
    }


def test_pairs_hold_no_change_where_the_target_is_absent_in_either_frame() -> None:
    sequence = boxes_only([FIRST, sized(60, 20), FIRST], absent=[1])
    assert not any(derive_pair(sequence, 0, 1).values())
    assert not any(derive_pair(sequence, 1, 0).values())


def test_many_pairs_are_the_same_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    boxes = np.hstack([rng.uniform(0, 200, (12, 2)), rng.uniform(10, 60, (12, 2))])
    sequence = boxes_only(boxes, absent=[4, 9], tags={"FOC": [4]})
    z, x = np.arange(12)[:, None], np.arange(12)
    for definitions in (LASOT, OTB, UAV123):
        table = derive_pairs(sequence, z, x, definitions)
        assert any(flags.any() for flags in table.values())
        for name, flags in table.items():
            assert flags.shape == (12, 12)
            singles = [[derive_pair(sequence, i, j, definitions)[name] for j in range(12)] for i in range(12)]
            assert flags.tolist() == singles


@pytest.mark.parametrize(("z", "x"), [(-1, 0), (0, 2), (0, -1)])
def test_pairs_of_frames_that_are_not_there_are_an_error(z: int, x: int) -> None:
    with pytest.raises(DatasetError, match=r"sequence s: frames .* expected 0 to 1"):
        derive_pairs(boxes_only([FIRST, FIRST]), z, x)


def test_definitions_belong_to_the_layout() -> None:
    assert [definitions_for(layout) for layout in ("lasot", "otb", "uav123", "got10k", "vot")] == [
        LASOT,
        OTB,
        UAV123,
        LASOT,
        LASOT,
    ]
