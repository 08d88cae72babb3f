"""Following a clip's target: where it is put, and what is put around its parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sdst_bench.measuring.following import Following, timed_following
from sdst_bench.measuring.python_cost import measure_python_cost
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_runtime import ort_crop
from sdst_runtime.core import NativeTracker
from sdst_runtime.errors import BoxError
from tests.toy_bundle import build_toy_bundle
from tests.toy_clip import CLIP


def test_following_puts_the_target_where_it_was_in_the_frame_before(subject: Subject) -> None:
    boxes_xywh = list(CLIP.boxes_xywh)
    with Following(subject, CLIP) as following, subject.tracker() as tracker:
        for before, index in [(0, 1), (1, 2), (2, 3), (3, 2)]:
            assert following.step() > 0
            tracker.init(CLIP.frames[before], CLIP.boxes_xywh[before])
            x, y, w, h = tracker.update(CLIP.frames[index]).box_xywh
            assert following._core.state() == pytest.approx((x + w / 2, y + h / 2, w, h))
    assert CLIP.boxes_xywh == boxes_xywh


def test_following_puts_the_target_where_init_would(subject: Subject) -> None:
    with Following(subject, CLIP) as following:
        following._place(CLIP.boxes_xywh[3])
        other = NativeTracker(subject.config)
        other.template_input(CLIP.frames[0], CLIP.boxes_xywh[3])
        np.testing.assert_array_equal(following._core.search_input(CLIP.frames[3]), other.search_input(CLIP.frames[3]))


def test_following_keeps_another_target_beside_the_clips_own(subject: Subject) -> None:
    with Following(subject, CLIP, offset_px=(-15.0, 10.0)) as following:
        assert following._core.state()[:2] == (45.0, 60.0)
        following._place(following._box(2))
        assert following._core.state()[:2] == (49.0, 60.0)


@pytest.fixture
def byte_subject(tmp_path: Path) -> Iterator[Subject]:
    """The toy bundle with graphs that begin with bytes."""
    pytest.importorskip("onnx", reason="the toy bundle's graphs are made with the onnx package")
    folder = build_toy_bundle(tmp_path / "bytes", as_bytes=True)
    with Subject.open(SubjectRequest(bundle=str(folder)), CLIP) as opened:
        yield opened


def test_a_session_of_bytes_is_measured_on_bytes(byte_subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timed or not, and in place of nothing: turning floats back would be a part of what is measured."""

    def refuse(*_: object) -> None:
        raise AssertionError("floats were turned back into bytes")

    monkeypatch.setattr(ort_crop, "fill_bytes", refuse)
    following, watch = timed_following(byte_subject, CLIP)
    with following:
        following.step()
    assert len(watch.durations_ns["search"]) == 1
    cost = measure_python_cost(byte_subject, CLIP, 2)
    assert cost.python_ms > 0
    with Following(byte_subject, CLIP) as plain:
        assert plain.step() > 0
        assert plain._core.search_input(CLIP.frames[0]).dtype == np.uint8


def test_following_refuses_a_target_that_is_not_in_the_frame(subject: Subject) -> None:
    with pytest.raises(BoxError):
        Following(subject, CLIP, offset_px=(500.0, 0.0))


def test_timed_following_keeps_one_duration_a_stage_and_frame(subject: Subject) -> None:
    following, watch = timed_following(subject, CLIP)
    with following:
        for _ in range(3):
            following.step()
    counts = {name: len(durations) for name, durations in watch.durations_ns.items()}
    assert counts == {"crop": 3, "search": 3, "head": 3, "decode": 3, "total": 0}
