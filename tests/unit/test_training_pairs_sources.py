"""Sources of pairs: which frames are used, where their regions go, and what is wrong with a source that has none."""

from __future__ import annotations

from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any, overload

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.training.pairs.sources import open_sources
from sdst_edge.training.recipe import RenderedPool, Source
from sdst_runtime.errors import ConfigError, DatasetError
from tests.boxes_only import boxes_only
from tests.pair_recipes import opened, recipe_of

BOX = (10.0, 20.0, 40.0, 30.0)


class Stills(Items[Sequence]):
    """A million annotated pictures, and how often one was asked for."""

    def __init__(self) -> None:
        self.made = 0

    def __len__(self) -> int:
        return 1_000_000

    @overload
    def __getitem__(self, index: int, /) -> Sequence: ...

    @overload
    def __getitem__(self, index: slice, /) -> tuple[Sequence, ...]: ...

    def __getitem__(self, index: int | slice, /) -> Sequence | tuple[Sequence, ...]:
        assert isinstance(index, int)
        self.made += 1
        return boxes_only([(index, 1, 10, 10)], name=f"still-{index}")


def test_clips_are_those_that_show_their_target_twice_or_in_their_only_frame() -> None:
    once = boxes_only([BOX, BOX, BOX], absent=[0, 2], name="once")
    twice = boxes_only([BOX, BOX, BOX], absent=[1], name="twice")
    still = boxes_only([BOX], name="still")
    (source,) = opened((once, twice, still)).sources.items
    assert [clip.sequence.name for clip in source.clips] == ["twice", "still"]
    assert source.clips[0].frames.tolist() == [0, 2]
    with pytest.raises(DatasetError, match=r"recipe: data.sources\[0\], set-0: of 1 sequences none shows its target"):
        opened((once,))


def test_slots_are_counted_through_over_clips_and_sources() -> None:
    three, two = boxes_only([BOX] * 3), boxes_only([BOX] * 2)
    sources = opened((three, two), Stills(), (two,)).sources
    first, stills, last = sources.items
    assert [clip.first_slot for clip in first.clips] == [0, 3]
    assert [stills.clips[number].first_slot for number in (0, 7)] == [5, 12]
    assert last.clips[0].first_slot == 1_000_005
    assert sources.slots == 1_000_007


def test_frames_are_spread_evenly_where_there_are_more_than_wanted() -> None:
    (source,) = opened((boxes_only([BOX] * 101),), sources=(Source(path="x", frames_per_sequence=5),)).sources.items
    assert source.clips[0].frames.tolist() == [0, 25, 50, 75, 100]


def test_frames_that_hold_an_attribute_are_half_of_them_where_there_are_enough() -> None:
    sequence = boxes_only([BOX] * 101, tags={"OCC": [3, 7, 9, 10, 11]})
    sources = (Source(path="x", frames_per_sequence=6),)
    (source,) = opened((sequence,), sources=sources, attributes=("OCC",)).sources.items
    assert source.clips[0].frames.tolist() == [0, 3, 9, 11, 50, 100]
    ((number, positions),) = source.holders["OCC"]
    assert (number, positions.tolist()) == (0, [1, 2, 3])


def test_frames_that_hide_the_target_come_after_the_others_with_its_last_box() -> None:
    boxes = [(0, 0, 9, 9), (1, 1, 9, 9), (2, 2, 9, 9), (np.nan,) * 4, (4, 4, 9, 9)]
    sequence = boxes_only(boxes, absent=[0, 3], tags={"FOC": [0, 3]})
    (source,) = opened((sequence,), attributes=("FOC",)).sources.items
    (clip,) = source.clips
    assert (clip.frames.tolist(), clip.seen) == ([1, 2, 4, 3], 3)  # frame 0: nobody has seen the target yet
    assert clip.box(3) == (2.0, 2.0, 9.0, 9.0)
    assert [positions.tolist() for _, positions in source.holders["FOC"]] == [[3]]


def test_stills_are_not_made_when_a_source_is_opened() -> None:
    stills = Stills()
    (source,) = opened(stills, attributes=("LR",)).sources.items
    assert stills.made == 0
    clip = source.clips[999_999]
    assert (clip.sequence.name, clip.frames.tolist(), clip.seen) == ("still-999999", [0], 1)


def test_clips_labelled_as_a_whole_hold_an_attribute_in_every_frame() -> None:
    labelled, other = boxes_only([BOX] * 3, labels=("DEF",)), boxes_only([BOX] * 3, labels=())
    (source,) = opened((other, labelled), layout="lasot", attributes=("DEF",)).sources.items
    assert [(number, positions.tolist()) for number, positions in source.holders["DEF"]] == [(1, [0, 1, 2])]


def test_key_changes_with_boxes_and_used_frames_and_with_nothing_else() -> None:
    def key(sequence: Sequence, **source: Any) -> str:
        return opened((sequence,), sources=(Source(path="x", **source),)).sources.key

    plain = key(boxes_only([BOX] * 9))
    assert key(boxes_only([BOX] * 9), gap=3) == plain
    assert key(boxes_only([BOX] * 8 + [(10, 20, 40, 31)])) != plain
    assert key(boxes_only([BOX] * 9), frames_per_sequence=4) != plain


def test_a_gap_that_no_two_used_frames_are_within_is_an_error() -> None:
    with pytest.raises(ConfigError, match="within gap 10 with frames_per_sequence 3"):
        opened((boxes_only([BOX] * 101),), sources=(Source(path="x", gap=10, frames_per_sequence=3),))


def test_open_sources_names_a_source_that_is_missing_or_of_no_layout(tmp_path: Path) -> None:
    rendered = Source(rendered=RenderedPool(clips=1, frames=2, frame_step=1, size_wh=(96, 96), distractors=0))
    with pytest.raises(DatasetError, match=r"recipe: data.sources\[1\], nowhere: .*nowhere does not exist"):
        open_sources(recipe_of(rendered, Source(path="nowhere"), root=str(tmp_path)).data)
    with pytest.raises(ConfigError, match=r"data.sources\[0\], .: 'lassot' is no layout"):
        open_sources(recipe_of(Source(path=".", layout="lassot"), root=str(tmp_path)).data)


def test_open_sources_tells_how_far_the_rendering_is() -> None:
    pool = RenderedPool(clips=2, frames=2, frame_step=1, size_wh=(96, 96), distractors=0)
    told: list[float] = []
    (source,) = open_sources(recipe_of(Source(rendered=pool)).data, told.append).items
    assert told == [0.5, 1.0]
    assert [clip.sequence.name for clip in source.clips] == ["rendered-1000000", "rendered-1000001"]


def test_rendered_clips_are_not_fast_for_the_frames_between_that_were_left_out() -> None:
    pool = RenderedPool(clips=3, frames=3, frame_step=60, size_wh=(200, 96), distractors=0)
    (source,) = open_sources(recipe_of(Source(rendered=pool), attributes=("FM",)).data).items
    boxes = [clip.sequence.boxes_xywh for clip in source.clips]
    assert any((np.abs(np.diff(each[:, 0])) > np.sqrt(each[:-1, 2:].prod(axis=1))).any() for each in boxes)
    assert not source.holders["FM"]
