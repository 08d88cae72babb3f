"""The newest frame of a live source: what is dropped, what comes back, what ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sdst_runtime.errors import SourceError
from sdst_runtime.sources.live import NewestSource
from tests.fake_capture import FakeCapture, picture

pytest.importorskip("cv2")


def newest(capture: FakeCapture, *reconnections: FakeCapture | None, **options: Any) -> NewestSource:
    again: Iterator[FakeCapture | None] = iter(reconnections)
    return NewestSource("camera", capture, lambda: next(again, None), retry_delay_s=0.0, **options)


def wait_for_dropped(source: NewestSource, dropped: int) -> None:
    with source._change:
        assert source._change.wait_for(lambda: source.dropped >= dropped, timeout=10)


def test_newest_source_gives_the_newest_and_counts_the_dropped() -> None:
    capture = FakeCapture(*map(picture, range(1, 6)))
    with newest(capture) as source:
        wait_for_dropped(source, 4)
        assert int(next(source)[0, 0, 0]) == 5
        for value in (6, 7):
            capture.frames.put(picture(value))
            assert int(next(source)[0, 0, 0]) == value  # waits for a frame that was not taken yet
        assert source.dropped == 4
        capture.frames.put(None)
    assert capture.released == 1
    assert not source._thread.is_alive()


def test_newest_source_ends_with_the_last_frame_when_it_may_end() -> None:
    capture = FakeCapture(picture(1), picture(2), None)
    with newest(capture, may_end=True) as source:
        frames = [int(frame[0, 0, 0]) for frame in source]
        assert frames in ([1, 2], [2])
        assert source.dropped == 2 - len(frames)
        assert list(source) == []


def test_newest_source_reconnects() -> None:
    first, second = FakeCapture(picture(1), None), FakeCapture()
    with newest(first, None, second, may_end=False) as source:
        assert int(next(source)[0, 0, 0]) == 1
        second.frames.put(picture(2))
        assert int(next(source)[0, 0, 0]) == 2
        second.frames.put(None)
    assert (first.released, second.released) == (1, 1)


def test_newest_source_raises_when_it_does_not_come_back() -> None:
    with newest(FakeCapture(picture(1), None), retries=2) as source:
        assert int(next(source)[0, 0, 0]) == 1
        for _ in range(2):
            with pytest.raises(SourceError, match="camera stopped after 1 frames and did not come back in 2 attempts"):
                next(source)
        source._thread.join(timeout=10)
        assert not source._thread.is_alive()


def test_newest_source_raises_when_the_frames_change_their_format() -> None:
    with newest(FakeCapture(picture(1), np.zeros((4, 4), np.uint8)), retries=0) as source:
        assert int(next(source)[0, 0, 0]) == 1
        with pytest.raises(SourceError, match="expected uint8"):
            next(source)


def test_newest_source_passes_on_whatever_breaks_its_thread() -> None:
    def connect() -> None:
        raise MemoryError("no room for another connection")

    with NewestSource("camera", FakeCapture(picture(1), None), connect, retry_delay_s=0.0) as source:
        assert int(next(source)[0, 0, 0]) == 1
        with pytest.raises(MemoryError, match="no room"):
            next(source)


def test_newest_source_refuses_a_capture_without_frames() -> None:
    capture = FakeCapture(None)
    with pytest.raises(SourceError, match="opens but gives no frame"):
        newest(capture)
    assert capture.released == 1


def test_newest_source_ends_when_it_is_closed_by_another_thread() -> None:
    capture = FakeCapture(picture(1))
    source = newest(capture)
    next(source)
    taken: list[Any] = []
    reader = threading.Thread(target=lambda: taken.extend(source))
    reader.start()
    closer = threading.Thread(target=source.close)
    closer.start()
    assert source._stop.wait(timeout=10)
    capture.frames.put(None)  # the read in progress returns, as one of a real capture does
    closer.join(timeout=10)
    reader.join(timeout=10)
    assert not closer.is_alive()
    assert not reader.is_alive()
    assert taken == []
    assert list(source) == []
