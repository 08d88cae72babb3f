"""Clips: which frames they hold, and where the target is in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sdst_bench.measuring import clip as clips
from sdst_bench.measuring.clip import BLOCK, Clip
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_runtime.errors import ConfigError, FrameError
from sdst_runtime.sources import FrameSource
from tests.toy_bundle import bright_frame

BOX = (50.0, 40.0, 20.0, 20.0)


class ListedSource(FrameSource):
    """Frames of a list."""

    def __init__(self, frames: list[NDArray[np.uint8]], *, is_live: bool = False) -> None:
        self.name, self.is_live = "listed", is_live
        self.taken = 0
        self._frames: Iterator[NDArray[np.uint8]] = iter(frames)

    def __next__(self) -> NDArray[np.uint8]:
        frame = next(self._frames)
        self.taken += 1
        return frame

    def close(self) -> None:
        self._frames = iter(())


def moving(count: int) -> list[NDArray[np.uint8]]:
    """A bright square of 20 px that moves 2 px to the right each frame, first at BOX."""
    return [bright_frame((60 + 2 * index, 50)) for index in range(count)]


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> ListedSource:
    source = ListedSource(moving(6))
    monkeypatch.setattr(clips, "open_source", lambda spec: source)
    return source


def test_rendered_clip_knows_where_its_target_is() -> None:
    clip = Clip.rendered((160, 120))
    assert (len(clip.frames), clip.size_wh, clip.is_placed) == (32, (160, 120), True)
    assert len(clip.boxes_xywh) == 32
    assert clip.frames_from == "rendered clip"
    assert clip.capture_ms == ()


def test_rendered_clip_refuses_frames_that_do_not_fit_into_memory() -> None:
    with pytest.raises(ConfigError, match="choose smaller frames"):
        Clip.rendered((40_000, 20_000))


def test_target_px_is_the_mean_of_the_boxes_sides() -> None:
    frame = np.zeros((100, 100, 3), np.uint8)
    assert Clip([frame, frame], [(0, 0, 4, 9), (0, 0, 10, 10)]).target_px == pytest.approx(8.0)


def test_back_and_forth_turns_at_both_ends() -> None:
    frame = np.zeros((9, 9, 3), np.uint8)
    pairs = islice(Clip([frame] * 3, [BOX] * 3).back_and_forth(), 6)
    assert list(pairs) == [(0, 1), (1, 2), (2, 1), (1, 0), (0, 1), (1, 2)]


def test_back_and_forth_of_one_frame_stays_there() -> None:
    pairs = Clip([np.zeros((9, 9, 3), np.uint8)], [BOX]).back_and_forth()
    assert list(islice(pairs, 2)) == [(0, 0), (0, 0)]


def test_clip_of_a_source_times_each_frame_after_the_first(listed: ListedSource) -> None:
    clip = Clip.of_source("listed", BOX)
    assert (len(clip.frames), len(clip.capture_ms), clip.is_placed) == (6, 5, False)
    assert clip.frames_from == "listed"
    assert clip.boxes_xywh == [BOX] * 6


@pytest.mark.parametrize(("limits", "frames"), [({"max_frames": 4}, 4), ({"max_bytes": 3 * 160 * 120 * 3}, 3)])
def test_clip_of_a_source_takes_no_more_than_its_limits(
    limits: dict[str, int], frames: int, listed: ListedSource
) -> None:
    clip = Clip.of_source("listed", BOX, **limits)
    assert len(clip.frames) == listed.taken == frames


def test_clip_of_a_source_lets_go_of_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = bright_frame((60, 50))

    class OneBuffer(ListedSource):
        def __next__(self) -> NDArray[np.uint8]:
            np.copyto(frame, super().__next__())
            return frame

    expected = moving(BLOCK + 2)
    monkeypatch.setattr(clips, "open_source", lambda spec: OneBuffer(expected))
    for kept, given in zip(Clip.of_source("listed", BOX).frames, expected, strict=True):
        assert kept.flags.c_contiguous
        np.testing.assert_array_equal(kept, given)


def test_clip_of_a_live_source_says_that_capture_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "open_source", lambda spec: ListedSource(moving(2), is_live=True))
    assert Clip.of_source("0", BOX).frames_from == "listed, live: capture includes the wait for the frame"


def test_clip_of_a_source_refuses_frames_of_several_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [bright_frame((60, 50)), bright_frame((60, 50), size_wh=(200, 120))]
    monkeypatch.setattr(clips, "open_source", lambda spec: ListedSource(frames))
    with pytest.raises(FrameError, match=r"frame 1 of listed has shape \(120, 200, 3\)"):
        Clip.of_source("listed", BOX)


def test_first_subject_finds_the_target_in_all_frames(toy_bundle: Path, listed: ListedSource) -> None:
    clip = Clip.of_source("listed", BOX)
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as subject:
        assert clip.is_placed
        found = list(clip.boxes_xywh)
        assert found[0] == BOX
        assert found[5][0] > found[0][0] + 4  # it went after the target
        assert subject.setup.target_px == pytest.approx(clip.target_px)
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip):
        assert clip.boxes_xywh == found
