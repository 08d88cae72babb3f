"""Following a video: what is written, and what is left behind when something goes wrong."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sdst_edge.workflows.drawing import FOUND_BGR, draw_onto, draw_result
from sdst_edge.workflows.output_files import replacing
from sdst_edge.workflows.strokes import write_strokes
from sdst_edge.workflows.track import CSV_HEADER, TrackedFrame, track_video
from sdst_runtime.errors import BoxError, ConfigError, FrameError, SdstError, SourceError
from sdst_runtime.tracker import TrackResult

BOX = (10.0, 12.0, 30.0, 20.0)


class SteppingTracker:
    """Moves a pixel to the right in each frame, and is lost in the third."""

    def __init__(self, fail_at: int = 0, error: type[BaseException] = FrameError) -> None:
        self.count, self.fail_at, self.error = 1, fail_at, error

    def init(self, frame: Any, box_xywh: Any) -> None:
        if box_xywh[2] <= 0:
            raise BoxError("no area")

    def update(self, frame: Any) -> TrackResult:
        self.count += 1
        if self.count == self.fail_at:
            raise self.error("another size")
        return TrackResult((BOX[0] + self.count - 1, *BOX[1:]), 0.5, self.count != 3)


def frames(count: int) -> Iterator[Any]:
    for value in range(count):
        yield np.full((90, 120, 3), 10 * value, np.uint8)


def run(tracker: SteppingTracker, count: int, box: tuple[float, ...] = BOX, **outputs: Any) -> Any:
    return track_video(tracker, frames(count), box, **outputs)  # type: ignore[arg-type]


def test_track_video_writes_a_line_and_a_picture_per_frame(tmp_path: Path) -> None:
    seen: list[TrackedFrame] = []
    csv, video = tmp_path / "boxes.csv", tmp_path / "out.mp4"
    summary = run(SteppingTracker(), 4, csv_out=csv, video_out=video, fps=25.0, on_result=seen.append)
    assert (summary.frames, summary.found) == (4, 3)
    assert [item.number for item in seen] == [1, 2, 3, 4]
    lines = csv.read_text(encoding="utf-8").splitlines()
    assert lines[0] == CSV_HEADER
    assert lines[1] == "1,10.0000,12.0000,30.0000,20.0000,1.000000,1"
    assert lines[3] == "3,12.0000,12.0000,30.0000,20.0000,0.500000,0"
    capture = cv2.VideoCapture(str(video))
    assert (capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)) == (25.0, 4.0)
    capture.release()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boxes.csv", "out.mp4"]


def test_track_video_leaves_nothing_behind_when_a_frame_fails(tmp_path: Path) -> None:
    csv = tmp_path / "boxes.csv"
    csv.write_text("before", encoding="utf-8")
    with pytest.raises(FrameError):
        run(SteppingTracker(fail_at=3), 5, csv_out=csv, video_out=tmp_path / "out.mp4")
    assert csv.read_text(encoding="utf-8") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["boxes.csv"]


def test_track_video_keeps_what_there_is_when_interrupted(tmp_path: Path) -> None:
    csv, video = tmp_path / "boxes.csv", tmp_path / "out.avi"
    with pytest.raises(KeyboardInterrupt):
        run(SteppingTracker(fail_at=3, error=KeyboardInterrupt), 5, csv_out=csv, video_out=video)
    assert len(csv.read_text(encoding="utf-8").splitlines()) == 3
    assert video.stat().st_size > 0


def test_track_video_refuses_a_bad_box_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(BoxError):
        run(SteppingTracker(), 3, (0.0, 0.0, 0.0, 5.0), csv_out=tmp_path / "boxes.csv")
    assert not list(tmp_path.iterdir())


def test_track_video_refuses_a_source_without_frames(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no frame"):
        run(SteppingTracker(), 0, csv_out=tmp_path / "boxes.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "message"), [("out.xyz", "ends in"), ("missing/out.mp4", "does not exist")])
def test_track_video_refuses_outputs_that_cannot_be(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run(SteppingTracker(), 3, video_out=tmp_path / name)


def test_replacing_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"), replacing(tmp_path):
        pass


def test_replacing_refuses_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="no regular file"), replacing(pipe) as part:
        part.write_text("new", encoding="utf-8")
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_replacing_writes_where_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    link, target = tmp_path / "latest.csv", tmp_path / "run" / "boxes.csv"
    link.symlink_to(target)
    with replacing(link) as part:
        part.write_text("new", encoding="utf-8")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"


def test_track_video_refuses_one_file_for_both_outputs(tmp_path: Path) -> None:
    same = tmp_path / "out.mp4"
    with pytest.raises(ConfigError, match="one file"):
        run(SteppingTracker(), 3, video_out=same, csv_out=tmp_path / "." / "out.mp4")
    assert not list(tmp_path.iterdir())


def test_track_video_names_the_table_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / ".boxes.part.csv").mkdir()
    with pytest.raises(SdstError, match=r"boxes\.csv cannot be written: Is a directory"):
        run(SteppingTracker(), 3, csv_out=tmp_path / "boxes.csv")


def test_video_file_that_cannot_be_opened_is_one_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".out.part.avi").mkdir()
    with pytest.raises(SdstError, match=r"cannot write .*out\.avi"):
        run(SteppingTracker(), 3, video_out=tmp_path / "out.avi")
    assert capfd.readouterr() == ("", ""), "OpenCV's own words do not leak"


def test_draw_result_marks_the_pixels_inside_the_box_and_keeps_the_frame() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    picture = draw_result(frame, (100.0, 80.0, 60.0, 50.0), score=0.9, found=True)
    assert not frame.any()
    assert tuple(picture[100, 100]) == FOUND_BGR
    assert tuple(picture[100, 159]) == FOUND_BGR
    assert not picture[100, 110:150].any()
    lost = draw_result(frame, (100.0, 80.0, 60.0, 50.0), score=0.1, found=False)
    assert tuple(lost[100, 100]) != FOUND_BGR


def test_track_video_lets_go_of_a_frame_before_it_takes_the_next(tmp_path: Path) -> None:
    taken: list[weakref.ref[Any]] = []

    def watched() -> Iterator[Any]:
        for value in range(4):
            assert not [number for number, frame in enumerate(taken) if frame() is not None]
            frame = np.full((90, 120, 3), 10 * value, np.uint8)
            taken.append(weakref.ref(frame))
            yield frame
            del frame

    summary = track_video(SteppingTracker(), watched(), BOX, video_out=tmp_path / "out.mp4")  # type: ignore[arg-type]
    assert summary.frames == len(taken) == 4


def test_score_is_drawn_differently_for_each_number_and_leaves_pixels_far_off() -> None:
    pictures = [np.zeros((240, 320, 3), np.uint8) for _ in range(10)]
    for number, picture in enumerate(pictures):
        draw_onto(picture, (100.0, 80.0, 60.0, 50.0), score=number / 10 + number / 100, found=True)
        assert not picture[:60].any()
        assert not picture[135:].any()
        assert picture[60:76, 100:140].any()
    assert len({picture.tobytes() for picture in pictures}) == 10


def test_text_that_has_no_strokes_leaves_a_gap() -> None:
    blank, gap = (np.zeros((40, 90, 3), np.uint8) for _ in range(2))
    write_strokes(blank, "nan", (5, 30), FOUND_BGR, 1)
    assert not blank.any()
    write_strokes(gap, "0 0", (5, 30), FOUND_BGR, 1)
    assert not gap[:, 16:22].any()
