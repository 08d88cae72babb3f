"""Draws of pairs: shares, gaps and attributes as the recipe says, from seed and global index alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_edge.datasets import FileFrames, Sequence
from sdst_edge.datasets.attributes import derive_pair
from sdst_edge.training.pairs.sampling import Draw, Sampler
from sdst_edge.training.recipe import Source
from sdst_runtime.errors import ConfigError, DatasetError
from tests.boxes_only import boxes_only
from tests.pair_recipes import opened
from tests.tolerances import ABS_MOVED_PX, SIGMAS_SHARE

BOX = (10.0, 20.0, 40.0, 30.0)
COUNT = 1000
CLIPS = tuple(boxes_only([BOX] * 50, name=f"clip-{number}") for number in range(5))


def draws(*collections: Any, count: int = COUNT, **options: Any) -> list[Draw]:
    recipe, sources = opened(*collections, **options)
    return Sampler(recipe, sources).draws(0, count)


def assert_share(flags: list[bool], share: float) -> None:
    within = SIGMAS_SHARE * math.sqrt(share * (1 - share) / len(flags))
    assert sum(flags) / len(flags) == pytest.approx(share, abs=within)


def still(name: str, picture: str) -> Sequence:
    return Sequence(
        name=name,
        frames=FileFrames(Path("pictures"), (picture,)),
        boxes_xywh=np.array([BOX]),
        visible=np.ones(1, dtype=np.bool_),
    )


def test_draw_is_the_same_alone_in_any_batch_and_differs_by_seed() -> None:
    options: dict[str, Any] = {"negative_share": 0.3, "distractor_share": 0.3, "attributes": ("POC",)}
    recipe, sources = opened(CLIPS, CLIPS[:2], attribute_share=0.5, **options)
    sampler = Sampler(recipe, sources)
    many = sampler.draws(7, 40)
    assert many == [sampler.draw(index) for index in range(7, 47)]
    assert many[30:] == sampler.draws(37, 10)
    other, _ = opened(CLIPS, CLIPS[:2], seed=1, attribute_share=0.5, **options)
    assert many != Sampler(other, sources).draws(7, 40)


def test_draws_take_sources_by_weight_and_clips_evenly() -> None:
    sources = (Source(path="a", weight=3.0), Source(path="b", weight=1.0))
    drawn = draws(CLIPS[:4], CLIPS, sources=sources)
    assert_share([draw.search.source == 1 for draw in drawn], 0.25)
    first = [draw for draw in drawn if draw.search.source == 0]
    for number in range(4):
        assert_share([draw.search.clip == number for draw in first], 0.25)


def test_draws_pair_two_frames_within_the_gap_and_a_still_with_itself() -> None:
    drawn = draws(CLIPS, (boxes_only([BOX], name="still"),), sources=(Source(path="a", gap=3),))
    videos = [draw for draw in drawn if draw.search.source == 0]
    steps = {draw.search.frame - draw.template.frame for draw in videos}
    assert steps == {-3, -2, -1, 1, 2, 3}
    assert {draw.search.frame for draw in videos} == set(range(50))
    assert all(draw.search.clip == draw.template.clip for draw in videos)
    stills = [draw for draw in drawn if draw.search.source == 1]
    assert stills
    assert all(draw.search is draw.template for draw in stills)


def test_draws_are_negative_as_often_as_they_shall_be_and_hard_ones_of_the_same_source() -> None:
    drawn = draws(CLIPS, CLIPS, negative_share=0.4, hard_negative_share=0.6)
    negative = [draw for draw in drawn if not draw.positive]
    assert_share([not draw.positive for draw in drawn], 0.4)
    assert_share([draw.search.source == draw.template.source for draw in negative], 0.6 + 0.4 / 2)
    where = {(draw.search.source, draw.search.clip) == (draw.template.source, draw.template.clip) for draw in negative}
    assert where == {False}
    hard = draws(CLIPS, CLIPS, negative_share=1.0, hard_negative_share=1.0, count=400)
    assert all(draw.search.source == draw.template.source for draw in hard)


def test_negative_never_shows_the_pictures_of_the_template() -> None:
    stills = tuple(still(f"{picture}-{number}", picture) for picture in "ab" for number in range(3))
    drawn = draws(stills, negative_share=1.0, count=300)
    assert {(draw.template.clip // 3, draw.search.clip // 3) for draw in drawn} == {(0, 1), (1, 0)}
    with pytest.raises(DatasetError, match=r"a-[01]: no other shows other pictures"):
        draws(stills[:2], negative_share=1.0)
    with pytest.raises(ConfigError, match="need a second sequence"):
        draws(stills[:1], negative_share=1.0)


def test_distractors_stand_beside_a_share_of_the_positive_pairs() -> None:
    drawn = draws(CLIPS, negative_share=0.5, distractor_share=0.3)
    assert_share([draw.distractor is not None for draw in drawn if draw.positive], 0.3)
    assert not any(draw.distractor for draw in drawn if not draw.positive)
    assert all(draw.distractor.place.clip != draw.search.clip for draw in drawn if draw.distractor)


def growing(count: int = 60) -> Sequence:
    """A target that is three times as large from its middle on, and twice jumps."""
    boxes = np.array([(100.0 + frame, 100.0, 40.0, 40.0) for frame in range(count)])
    boxes[count // 2 :, 2:] *= math.sqrt(3)
    boxes[[10, 40], 0] += 200.0
    return boxes_only(boxes.tolist(), name="growing")


def test_draws_by_attribute_hold_it_evenly_over_attributes() -> None:
    names = ("FM", "SV")
    sequence = growing()
    drawn = draws(CLIPS, (sequence,), attributes=names, attribute_share=1.0, simulation_share=0.0)
    assert {(draw.search.source, draw.search.clip) for draw in drawn} == {(1, 0)}
    for draw in drawn:
        pair = derive_pair(sequence, draw.template.frame, draw.search.frame)
        assert draw.attributes == tuple(float(pair[name]) for name in names)
        assert any(draw.attributes)
    # into 10 and 40 it jumps, and from there: as many of the frames that are drawn for SV are fast by chance
    by_fast = [draw for draw in drawn if draw.attributes == (1.0, 0.0)]
    assert {draw.search.frame for draw in by_fast} == {10, 11, 40, 41}
    scaled = [bool(draw.attributes[1]) and draw.search.frame not in (10, 11, 40, 41) for draw in drawn]
    assert_share(scaled, 0.5 * 28 / 30)


def test_attribute_share_is_that_of_the_positive_pairs_and_the_others_may_hold_it_too() -> None:
    drawn = draws(
        CLIPS,
        (growing(),),
        attributes=("FM",),
        attribute_share=0.3,
        simulation_share=0.0,
        negative_share=0.25,
    )
    positive = [draw for draw in drawn if draw.positive]
    assert_share([draw.attributes == (1.0,) for draw in positive], 0.3 + 0.7 * 0.5 * 4 / 60)
    assert all(draw.attributes == (0.0,) for draw in drawn if not draw.positive)


def test_fast_pair_knows_where_the_target_was_a_frame_earlier() -> None:
    drawn = draws((growing(),), attributes=("FM",), attribute_share=1.0, simulation_share=0.0, count=200)
    into, back = (next(draw.step_px for draw in drawn if draw.search.frame == frame) for frame in (10, 11))
    assert into == pytest.approx((-201.0, 0.0), abs=ABS_MOVED_PX)
    assert back == pytest.approx((199.0, 0.0), abs=ABS_MOVED_PX)
    assert all(draw.step_px == (0.0, 0.0) for draw in draws((growing(),), count=50))


def test_hidden_target_makes_a_pair_that_holds_the_attribute_and_is_not_positive() -> None:
    hidden = boxes_only([(frame, 0, 9, 9) for frame in range(20)], absent=[8, 9], tags={"FOC": [8, 9]})
    drawn = draws((hidden,), attributes=("FOC",), attribute_share=1.0, simulation_share=0.0, count=100)
    assert {draw.search.frame for draw in drawn} == {8, 9}
    assert all(not draw.positive and draw.attributes == (1.0,) for draw in drawn)
    assert {draw.search.box_xywh for draw in drawn} == {(7.0, 0.0, 9.0, 9.0)}
    assert all(draw.template.frame not in (8, 9) for draw in drawn)


def test_label_of_a_sequence_counts_where_frames_have_none() -> None:
    labelled = boxes_only([BOX] * 9, labels=("DEF",), tags={"OCC": [4]}, name="labelled")
    drawn = draws((labelled,), layout="lasot", attributes=("DEF", "OCC", "LR"), count=100)
    assert {draw.attributes for draw in drawn} == {(1.0, 0.0, 0.0), (1.0, 1.0, 0.0)}
    assert all(draw.attributes[1] == (draw.search.frame == 4) for draw in drawn)


def test_attributes_are_simulated_in_their_share_and_always_where_nothing_holds_them() -> None:
    drawn = draws((growing(),), attributes=("SV", "BC"), attribute_share=1.0, simulation_share=0.4)
    assert_share([draw.simulated == 1 for draw in drawn], 0.5)
    assert_share([draw.simulated == 0 for draw in drawn], 0.5 * 0.4)


def test_attribute_that_is_neither_held_nor_simulated_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"holds attribute OCC, and it cannot be simulated; expected .* FM"):
        draws(CLIPS, attributes=("POC", "OCC"), attribute_share=0.5)
    occluded = boxes_only([BOX] * 9, tags={"OCC": [4]})
    drawn = draws((occluded,), attributes=("OCC",), attribute_share=1.0, simulation_share=1.0, count=20)
    assert {(draw.search.frame, draw.simulated) for draw in drawn} == {(4, None)}
