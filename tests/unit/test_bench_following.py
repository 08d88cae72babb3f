"""Following a clip's target: where it is put, and what is put around its parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.following import Following, timed_following
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import BoxError
from tests.toy_bundle import bright_frame

BOXES = [(50.0 + 2 * index, 40.0, 20.0, 20.0) for index in range(4)]


@pytest.fixture
def clip() -> Clip:
    return Clip([bright_frame((60 + 2 * index, 50)) for index in range(4)], BOXES)


@pytest.fixture
def subject(toy_bundle: Path, clip: Clip) -> Iterator[Subject]:
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as opened:
        yield opened


def test_following_puts_the_target_where_it_was_in_the_frame_before(subject: Subject, clip: Clip) -> None:
    with Following(subject, clip) as following, subject.tracker() as tracker:
        for before, index in [(0, 1), (1, 2), (2, 3), (3, 2)]:
            assert following.step() > 0
            tracker.init(clip.frames[before], BOXES[before])
            x, y, w, h = tracker.update(clip.frames[index]).box_xywh
            assert following._core.state() == pytest.approx((x + w / 2, y + h / 2, w, h))
    assert clip.boxes_xywh == BOXES


def test_following_puts_the_target_where_init_would(subject: Subject, clip: Clip) -> None:
    with Following(subject, clip) as following:
        following._place(BOXES[3])
        other = NativeTracker(subject.config)
        other.template_input(clip.frames[0], BOXES[3])
        np.testing.assert_array_equal(following._core.search_input(clip.frames[3]), other.search_input(clip.frames[3]))


def test_following_keeps_another_target_beside_the_clips_own(subject: Subject, clip: Clip) -> None:
    with Following(subject, clip, offset_px=(-15.0, 10.0)) as following:
        assert following._core.state()[:2] == (45.0, 60.0)
        following._place(following._box(2))
        assert following._core.state()[:2] == (49.0, 60.0)


def test_following_refuses_a_target_that_is_not_in_the_frame(subject: Subject, clip: Clip) -> None:
    with pytest.raises(BoxError):
        Following(subject, clip, offset_px=(500.0, 0.0))


def test_timed_following_keeps_one_duration_a_stage_and_frame(subject: Subject, clip: Clip) -> None:
    following, watch = timed_following(subject, clip)
    with following:
        for _ in range(3):
            following.step()
    counts = {name: len(durations) for name, durations in watch.durations_ns.items()}
    assert counts == {"crop": 3, "search": 3, "head": 3, "decode": 3, "total": 0}
