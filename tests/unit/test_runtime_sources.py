"""Sources of frames: files and folders through OpenCV, and what kind of source a text names."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_runtime.errors import BackendUnavailable, ConfigError, SourceError
from sdst_runtime.sources import opencv, opening
from sdst_runtime.sources.live import NewestSource
from sdst_runtime.sources.opening import open_source
from sdst_runtime.sources.video import OrderedSource
from tests.fake_capture import HEIGHT, WIDTH, FakeCapture, picture

cv2 = pytest.importorskip("cv2")

FRAMES = 30


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Motion JPEG of noise: every frame takes about the same number of bytes."""
    path = tmp_path_factory.mktemp("video") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (WIDTH, HEIGHT))
    random = np.random.default_rng(0)
    for _ in range(FRAMES):
        writer.write(random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8))
    writer.release()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images 1, 2, 10 of grey 10, 20, 100, and what is none."""
    for number, suffix in ((10, "png"), (2, "jpg"), (1, "bmp")):
        assert cv2.imwrite(str(tmp_path / f"frame{number}.{suffix}"), picture(10 * number))
    (tmp_path / "groundtruth.txt").write_text("1,2,3,4\n")
    (tmp_path / "._frame3.jpg").write_bytes(b"\0\5\x16\7")
    (tmp_path / "more.jpg").mkdir()
    return tmp_path


# ------------------------------------------------------------------------------------------------------ videos --


def test_open_source_reads_a_video_in_full(video: Path) -> None:
    with open_source(video) as source:
        assert (source.fps, source.frame_count, source.size_wh) == (25.0, FRAMES, (WIDTH, HEIGHT))
        assert not source.is_live
        frames = list(source)
    assert len(frames) == FRAMES
    for frame in frames:
        assert frame.shape == (HEIGHT, WIDTH, 3)
        assert frame.dtype == np.uint8
        assert frame.flags.c_contiguous
    assert len({frame.tobytes() for frame in frames}) == FRAMES
    assert source.missing == 0


def test_source_is_empty_after_its_end_and_after_close(video: Path) -> None:
    source = open_source(str(video))
    assert next(source) is not None
    source.close()
    source.close()
    assert list(source) == []


def test_video_that_breaks_off_ends_with_a_warning(
    video: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = video.read_bytes()
    broken = tmp_path / "broken.avi"
    broken.write_bytes(data[: len(data) // 2])
    with caplog.at_level(logging.WARNING), open_source(broken) as source:
        taken = len(list(source))
    assert 0 < taken < FRAMES
    assert source.missing == FRAMES - taken
    assert f"{broken} broke off: {taken} frames of the {FRAMES} that it promises" in caplog.text


@pytest.mark.parametrize("content", [b"", b"this is text, not a video\n" * 40, bytes(5000)])
def test_open_source_refuses_a_file_that_is_no_video(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=rf"clip.mp4 \({len(content)} bytes\) is no video that OpenCV can read"):
        open_source(path)


def test_open_source_refuses_a_video_without_frames(video: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (WIDTH, HEIGHT))
    writer.release()
    with pytest.raises(SourceError, match=r"empty\.avi"):
        open_source(path)


def test_ordered_source_refuses_a_capture_without_frames() -> None:
    capture = FakeCapture(None)
    with pytest.raises(SourceError, match="opens but gives no frame"):
        OrderedSource("clip", capture)
    assert capture.released == 1


@pytest.mark.parametrize(("fps", "told"), [(29.97, 29.97), (0, None), (-1, None), (90_000, None), (float("nan"), None)])
def test_ordered_source_tells_a_rate_only_when_it_can_be_one(fps: float, told: float | None) -> None:
    source = OrderedSource("clip", FakeCapture(picture(0), fps=fps))
    assert source.fps == told
    assert source.frame_count is None


def test_ordered_source_raises_when_a_live_one_stops() -> None:
    source = OrderedSource("camera", FakeCapture(picture(1), picture(2), None), is_live=True, may_end=False)
    assert [int(next(source)[0, 0, 0]), int(next(source)[0, 0, 0])] == [1, 2]
    with pytest.raises(SourceError, match="camera stopped after 2 frames"):
        next(source)


@pytest.mark.parametrize(
    "frame", [np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16)]
)
def test_source_refuses_frames_that_are_not_bgr(frame: Any) -> None:
    with pytest.raises(SourceError, match=r"expected uint8 .* in BGR; let a pipeline end in: videoconvert"):
        OrderedSource("pipeline", FakeCapture(frame))


def test_source_makes_frames_contiguous() -> None:
    source = OrderedSource("camera", FakeCapture(np.zeros((HEIGHT, 2 * WIDTH, 3), np.uint8)[:, ::2]))
    assert next(source).flags.c_contiguous


# ------------------------------------------------------------------------------------------------------ images --


def test_open_source_reads_a_folder_in_natural_order(folder: Path) -> None:
    with open_source(folder) as source:
        assert (source.fps, source.frame_count, source.size_wh, source.is_live) == (None, 3, (WIDTH, HEIGHT), False)
        assert [int(frame[0, 0, 0]) for frame in source] == [10, 20, 100]


def test_image_folder_passes_sizes_as_they_are(folder: Path) -> None:
    assert cv2.imwrite(str(folder / "frame5.png"), np.zeros((7, 9, 3), np.uint8))
    assert cv2.imwrite(str(folder / "frame6.png"), np.zeros((7, 9), np.uint8))
    with open_source(folder) as source:
        shapes = [frame.shape for frame in source]
    assert shapes == [(HEIGHT, WIDTH, 3), (HEIGHT, WIDTH, 3), (7, 9, 3), (7, 9, 3), (HEIGHT, WIDTH, 3)]


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5])
def test_image_folder_names_a_broken_image_and_goes_on_after_it(folder: Path, suffix: str, kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    data = cv2.imencode(f".{suffix}", noise)[1].tobytes()
    (folder / f"frame5.{suffix}").write_bytes(data[: int(kept * len(data))])
    with open_source(folder) as source:
        assert [int(next(source)[0, 0, 0]), int(next(source)[0, 0, 0])] == [10, 20]
        with pytest.raises(SourceError, match=rf"frame5.{suffix} .* is no image that OpenCV can read whole"):
            next(source)
        assert int(next(source)[0, 0, 0]) == 100


def test_open_source_refuses_a_folder_whose_first_image_is_broken(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_text("no image")
    with pytest.raises(SourceError, match=r"1\.jpg"):
        open_source(tmp_path)


def test_open_source_refuses_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(SourceError, match="holds no image"):
        open_source(tmp_path)


def test_open_source_refuses_a_single_image(folder: Path) -> None:
    with pytest.raises(SourceError, match="is one image, expected a video or a folder of images"):
        open_source(folder / "frame2.jpg")


# ---------------------------------------------------------------------------------------------- kinds of source --


@pytest.mark.parametrize("spec", ["nowhere.mp4", "", "a\0b", "x" * 5000])
def test_open_source_refuses_what_does_not_exist(spec: str) -> None:
    with pytest.raises(SourceError, match="does not exist; expected a video file"):
        open_source(spec)


@pytest.mark.parametrize("spec", [-1, 1 << 31, "9" * 30])
def test_open_source_refuses_what_is_no_index_of_a_camera(spec: str | int) -> None:
    with pytest.raises(SourceError, match=r"the index of a camera is .*, expected 0, 1"):
        open_source(spec)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_open_source_does_not_wait_for_a_named_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")
    with pytest.raises(SourceError, match="is neither a file nor a folder"):
        open_source(tmp_path / "clip.mp4")


def test_open_source_refuses_newest_for_what_is_not_live(video: Path, folder: Path) -> None:
    for spec in (video, folder):
        with pytest.raises(ConfigError, match="is not live; leave it out"):
            open_source(spec, newest=True)


def test_open_source_says_that_gstreamer_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2.videoio_registry, "hasBackend", lambda backend: False)
    with pytest.raises(BackendUnavailable, match="was built without GStreamer"):
        open_source("videotestsrc ! videoconvert ! appsink")


def test_open_source_says_that_opencv_is_missing(video: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    for spec in (video, folder, "0", "rtsp://camera/stream", "videotestsrc ! appsink"):
        with pytest.raises(BackendUnavailable, match="pip install opencv-python-headless"):
            open_source(spec)


@pytest.mark.parametrize(
    ("spec", "name", "what"),
    [
        ("0", "camera 0", 0),
        (2, "camera 2", 2),
        ("rtsp://user:secret@camera:554/s?a=1", "rtsp://camera:554/s?a=1", "rtsp://user:secret@camera:554/s?a=1"),
        ("http://camera/clip.mjpg", "http://camera/clip.mjpg", "http://camera/clip.mjpg"),
        ("v4l2src ! appsink", "v4l2src ! appsink", "v4l2src ! appsink"),
        ("/dev/null", "/dev/null", "/dev/null"),
    ],
)
def test_open_source_takes_the_newest_frames_of_live_sources(
    spec: str | int, name: str, what: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def connect(target: object, backend: int, parameters: Any = ()) -> FakeCapture:
        asked.append(target)
        return FakeCapture(picture(1), picture(2), None, None, None, None)

    monkeypatch.setattr(cv2.videoio_registry, "hasBackend", lambda backend: True)
    monkeypatch.setattr(opening, "open_capture", connect)
    with open_source(spec) as source:
        assert isinstance(source, NewestSource)
        assert (source.name, source.is_live) == (name, True)
    assert asked[0] == what
    with open_source(spec, newest=False) as source:
        assert isinstance(source, OrderedSource)
        assert source.is_live
        assert [int(next(source)[0, 0, 0]), int(next(source)[0, 0, 0])] == [1, 2]


def test_open_source_skips_no_frame_of_an_address_of_known_length(monkeypatch: pytest.MonkeyPatch) -> None:
    capture = FakeCapture(picture(1), picture(2), None, count=2)
    monkeypatch.setattr(opening, "open_capture", lambda *arguments: capture)
    with open_source("http://server/clip.mp4") as source:
        assert not source.is_live
        assert [int(frame[0, 0, 0]) for frame in source] == [1, 2]


def test_open_source_says_when_a_live_source_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "open_capture", lambda *arguments: None)
    with pytest.raises(
        SourceError, match=r"camera 7 cannot be opened; check that it is there, reachable and not in use"
    ):
        open_source(7)


def test_opening_bad_files_writes_nothing_to_stderr(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(2000))
    (tmp_path / "1.jpg").write_text("no image")
    code = (
        "import sys, sdst_runtime\n"
        "for spec in sys.argv[1:]:\n"
        "    try: sdst_runtime.open_source(spec)\n"
        "    except sdst_runtime.SourceError: print('refused')\n"
    )
    specs = [str(tmp_path / "clip.mp4"), str(tmp_path), "77"]
    result = subprocess.run([sys.executable, "-c", code, *specs], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("refused\n" * 3, "")


def test_quiet_restores_the_log_level() -> None:
    level = getattr(cv2.utils, "logging", cv2).getLogLevel  # in OpenCV 5 and 4
    before = level()
    with opencv.quiet():
        assert level() == 0
    assert level() == before > 0


def test_open_capture_takes_few_threads_unless_the_user_says_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG):
        pytest.skip("this OpenCV has no FFmpeg, whose threads these are")

    path = str(tmp_path / "clip.mp4")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (WIDTH, HEIGHT))
    writer.write(picture(50))
    writer.release()

    def threads() -> float:
        capture = opencv.open_capture(path, cv2.CAP_FFMPEG)
        assert capture is not None
        count = capture.get(cv2.CAP_PROP_N_THREADS)
        capture.release()
        return count

    monkeypatch.delenv("OPENCV_FFMPEG_THREADS", raising=False)
    for count in (2, 3):
        monkeypatch.setattr(opencv, "_DECODER_THREADS", count)
        assert threads() == count
    assert "OPENCV_FFMPEG_THREADS" not in os.environ, "captures of others are theirs"
    monkeypatch.setenv("OPENCV_FFMPEG_THREADS", "5")
    assert threads() == 5
    assert os.environ["OPENCV_FFMPEG_THREADS"] == "5"
