"""Subjects: what they are called, what is said of them, and what they track."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.subject import Subject, SubjectRequest
from sdst_runtime.errors import ConfigError, ManifestError, SdstError
from tests.toy_bundle import bright_frame

BOXES = [(50.0 + 2 * index, 40.0, 20.0, 20.0) for index in range(4)]


@pytest.fixture
def clip() -> Clip:
    return Clip([bright_frame((60 + 2 * index, 50)) for index in range(4)], BOXES)


def test_subject_is_called_by_its_folder_and_variant(toy_bundle: Path, clip: Clip) -> None:
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as subject:
        assert subject.name == "bundle onnx/fp32"


def test_subject_is_also_called_by_what_was_asked_for(toy_bundle: Path, clip: Clip) -> None:
    request = SubjectRequest(bundle=str(toy_bundle), session="split", engine="onnxruntime", threads=2)
    with Subject.open(request, clip) as subject:
        assert subject.name == "bundle onnx/fp32 onnxruntime split 2 threads"


def test_setup_says_what_runs(toy_bundle: Path, clip: Clip) -> None:
    with Subject.open(SubjectRequest(bundle=str(toy_bundle), session="split"), clip) as subject:
        setup = subject.setup
    assert (setup.family, setup.variant, setup.engine, setup.session) == ("toy", "onnx/fp32", "onnxruntime", "split")
    assert (setup.accelerator, setup.threads, setup.size_wh, setup.target_px) == ("cpu", 1, (160, 120), 20.0)
    assert setup.bundle_bytes == sum(path.stat().st_size for path in (toy_bundle / "onnx/fp32").iterdir())


def test_subject_tracks_with_trackers_that_leave_its_session_open(toy_bundle: Path, clip: Clip) -> None:
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as subject:
        for _ in range(2):
            with subject.tracker() as tracker:
                tracker.init(clip.frames[0], BOXES[0])
                assert tracker.update(clip.frames[1]).found


def test_subject_closes_its_session(toy_bundle: Path, clip: Clip) -> None:
    with Subject.open(SubjectRequest(bundle=str(toy_bundle)), clip) as subject:
        tracker = subject.tracker()
    with pytest.raises(SdstError, match="closed"):
        tracker.init(clip.frames[0], BOXES[0])


def test_subject_refuses_what_is_no_bundle(tmp_path: Path, clip: Clip) -> None:
    with pytest.raises(ManifestError, match="does not exist"):
        Subject.open(SubjectRequest(bundle=str(tmp_path / "none")), clip)
    with pytest.raises(ManifestError):
        Subject.open(SubjectRequest(bundle=str(tmp_path)), clip)


def test_subject_refuses_threads_that_cannot_be(toy_bundle: Path, clip: Clip) -> None:
    with pytest.raises(ConfigError):
        Subject.open(SubjectRequest(bundle=str(toy_bundle), threads=0), clip)
