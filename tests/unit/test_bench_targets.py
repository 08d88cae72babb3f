"""Several targets: where they are, and which of them a frame updates."""

from __future__ import annotations

import numpy as np
import pytest

from sdst_bench.measuring import targets
from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import Following
from sdst_bench.measuring.subject import Subject
from sdst_bench.measuring.targets import WARMUP, measure_targets, offsets_of_targets
from sdst_bench.not_measured import Interrupted, NotMeasured
from sdst_runtime.errors import ConfigError
from tests.toy_clip import CLIP

MS = 1_000_000


@pytest.mark.parametrize("count", [1, 2, 8, 64])
def test_targets_are_different_and_in_all_frames(count: int) -> None:
    offsets = offsets_of_targets(CLIP, count)
    assert len(set(offsets)) == count
    assert offsets[0] == (0.0, 0.0)
    for offset in offsets:
        for box in CLIP.boxes_xywh:
            center = np.array(box[:2]) + 10 + offset
            assert (center >= 0).all()
            assert (center <= CLIP.size_wh).all()


def test_targets_lie_a_target_apart_where_there_is_room() -> None:
    assert set(offsets_of_targets(CLIP, 5)[1:]) == {(-20.0, 0.0), (20.0, 0.0), (0.0, -20.0), (0.0, 20.0)}


def test_targets_that_fill_the_frame_overlap() -> None:
    clip = Clip([np.zeros((100, 100, 3), np.uint8)], [(0.0, 0.0, 100.0, 100.0)])
    offsets = offsets_of_targets(clip, 8)
    assert len(set(offsets)) == 8
    assert np.abs(offsets).max() <= 50


def test_too_many_targets_for_a_frame_are_not_measured() -> None:
    clip = Clip([np.zeros((100, 100, 3), np.uint8)], [(0.0, 0.0, 100.0, 100.0)])
    with pytest.raises(NotMeasured, match="no place for 1000 targets of 100x100 px"):
        offsets_of_targets(clip, 1000)


def test_each_number_of_targets_updates_so_many(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Following, int]] = []

    def update(self: Following, before: int, index: int) -> int:
        seen.append((self, index))
        return MS

    monkeypatch.setattr(Following, "update", update)
    measured = measure_targets(subject, CLIP, (1, 4, 2, 4), frames=6)
    assert [(item.targets, item.frame.p50, item.per_target_ms) for item in measured] == [
        (1, 1.0, 1.0),
        (4, 4.0, 1.0),
        (2, 2.0, 1.0),
    ]
    assert len(seen) == (WARMUP + 6) * (1 + 4 + 2)
    counted = seen[WARMUP * 7 :]
    assert len({id(following) for following, _ in counted}) == 4
    orders = [[1, 4, 2], [4, 2, 1], [2, 1, 4]] * 2
    indexes = [index for _, index in counted]
    for order in orders:  # each group of targets is in one frame
        for count in order:
            group, indexes = indexes[:count], indexes[count:]
            assert len(set(group)) == 1


def test_targets_share_a_session_and_are_followed(subject: Subject) -> None:
    measured = measure_targets(subject, CLIP, (1, 2), frames=3)
    assert [item.targets for item in measured] == [1, 2]
    assert all(item.frame.p50 > 0 for item in measured)
    assert measured[1].per_target_ms == pytest.approx(measured[1].frame.p50 / 2)


def test_interrupted_targets_keep_full_frames(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter(range((WARMUP + 2) * 3 + 1))

    def update(self: Following, before: int, index: int) -> int:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return MS

    monkeypatch.setattr(targets.Following, "update", update)
    with pytest.raises(Interrupted) as stop:
        measure_targets(subject, CLIP, (1, 2), frames=10)
    partial = stop.value.partial
    assert isinstance(partial, tuple)
    assert [item.targets for item in partial] == [1, 2]


@pytest.mark.parametrize(("counts", "frames"), [((), 1), ((0,), 1), ((1,), 0)])
def test_no_targets_and_no_frames_are_refused(counts: tuple[int, ...], frames: int, subject: Subject) -> None:
    with pytest.raises(ConfigError, match="at least one of each"):
        measure_targets(subject, CLIP, counts, frames)
