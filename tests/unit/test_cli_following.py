"""Following a target that is selected in the first frame, with stand-ins for window, source and tracker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from numpy.typing import NDArray

from sdst_edge.cli import following
from sdst_edge.cli.following import Outputs, Summary, follow, print_summary, require_one_target, require_other_files
from sdst_runtime.errors import ConfigError, SourceError
from sdst_runtime.tracker import TrackResult

NOTHING = Outputs(video=None, csv=None, jsonl=False)


class FakeSource:
    """Frames whose pixels are their number."""

    name, fps, is_live, size_wh = "fake", 25.0, False, (8, 6)

    def __init__(self, count: int, *, missing: int = 0) -> None:
        self.frame_count, self.missing, self.dropped = count + missing, missing, 0
        self._frames = iter([np.full((6, 8, 3), index, np.uint8) for index in range(count)])

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return self._frames


class FakeTracker:
    """Writes down the frames it gets, and loses the target in the last."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.box: tuple[float, ...] = ()

    def init(self, frame: NDArray[np.uint8], box_xywh: tuple[float, ...]) -> None:
        self.seen.append(int(frame[0, 0, 0]))
        self.box = box_xywh

    def update(self, frame: NDArray[np.uint8]) -> TrackResult:
        self.seen.append(int(frame[0, 0, 0]))
        return TrackResult((1.0, 2.0, 3.0, 4.0), 0.5, int(frame[0, 0, 0]) < 3)


def run(source: Any, tracker: Any, box: Any, outputs: Outputs = NOTHING) -> tuple[Summary, list[tuple[Any, ...]]]:
    moves: list[tuple[Any, ...]] = []
    summary = follow(tracker, source, box, outputs, lambda *move: moves.append(move))
    return summary, moves


def test_follow_uses_the_given_box_and_moves_the_bar() -> None:
    tracker = FakeTracker()
    summary, moves = run(FakeSource(4), tracker, (0.0, 1.0, 2.0, 3.0))
    assert tracker.box == (0.0, 1.0, 2.0, 3.0)
    assert tracker.seen == [0, 1, 2, 3]
    assert (summary.frames, summary.found) == (4, 3)
    assert summary.fps is not None
    assert moves[-1] == (4, 4, "frame 4")


def test_follow_starts_at_the_frame_in_which_the_target_was_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []

    def select(frame: NDArray[np.uint8]) -> tuple[float, float, float, float]:
        shown.append(int(frame[0, 0, 0]))
        return 4.0, 3.0, 2.0, 1.0

    monkeypatch.setattr(following, "select_box", select)
    tracker = FakeTracker()
    run(FakeSource(3), tracker, None)
    assert shown == [0]
    assert tracker.box == (4.0, 3.0, 2.0, 1.0)
    assert tracker.seen == [0, 1, 2]


def test_follow_says_so_when_there_is_no_frame_to_select_in() -> None:
    with pytest.raises(SourceError, match="no frame"):
        run(FakeSource(0), FakeTracker(), None)


def test_follow_has_no_rate_when_there_is_only_the_first_frame() -> None:
    summary, _ = run(FakeSource(1), FakeTracker(), (0.0, 0.0, 2.0, 2.0))
    assert (summary.frames, summary.fps) == (1, None)


def test_follow_prints_a_line_of_json_for_each_frame(capsys: pytest.CaptureFixture[str]) -> None:
    run(FakeSource(2), FakeTracker(), (0.0, 1.0, 2.0, 3.0), Outputs(video=None, csv=None, jsonl=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"frame": 1, "box_xywh": [0.0, 1.0, 2.0, 3.0], "score": 1.0, "found": True},
        {"frame": 2, "box_xywh": [1.0, 2.0, 3.0, 4.0], "score": 0.5, "found": True},
    ]


def test_follow_counts_frames_that_did_not_come_or_were_replaced() -> None:
    source = FakeSource(2, missing=3)
    source.dropped = 4
    summary, _ = run(source, FakeTracker(), (0.0, 1.0, 2.0, 3.0))
    assert (summary.missing, summary.dropped) == (3, 4)


def test_require_other_files_refuses_to_write_over_the_source(tmp_path: Path) -> None:
    source, link = tmp_path / "clip.mp4", tmp_path / "link.mp4"
    source.write_bytes(b"precious")
    link.symlink_to(source)
    for outputs in (Outputs(video=link, csv=None, jsonl=False), Outputs(video=None, csv=source, jsonl=False)):
        with pytest.raises(ConfigError, match="is the source itself"):
            require_other_files(outputs, str(source))


def test_require_other_files_lets_new_files_and_cameras_through(tmp_path: Path) -> None:
    outputs = Outputs(video=tmp_path / "out.mp4", csv=None, jsonl=False)
    for source in ("0", "rtsp://camera/stream", str(tmp_path), "filesrc ! decodebin ! " + "identity ! " * 50):
        require_other_files(outputs, source)


@pytest.mark.parametrize(("box", "select"), [(None, False), ("1,2,3,4", True)])
def test_require_one_target_wants_exactly_one_of_both(box: str | None, select: bool) -> None:
    with pytest.raises(typer.BadParameter, match="either by --box"):
        require_one_target(box, select)


def test_require_one_target_gives_the_box_or_none() -> None:
    assert require_one_target("1,2,3,4", False) == (1.0, 2.0, 3.0, 4.0)
    assert require_one_target(None, True) is None


def test_print_summary_leaves_stdout_to_the_boxes_when_it_is_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary(frames=4, found=3, fps=50.0, missing=0, dropped=0, video=str(Path("out.mp4")), csv=None)
    print_summary(summary, as_json=False, as_note=True)
    assert capsys.readouterr() == ("", "4 frames, target found in 3, 50.0 FPS in update()\nwrote out.mp4\n")
    print_summary(summary, as_json=True, as_note=False)
    assert json.loads(capsys.readouterr().out)["video"] == "out.mp4"


def test_print_summary_tells_one_frame_from_several(capsys: pytest.CaptureFixture[str]) -> None:
    summary = Summary(frames=1, found=1, fps=None, missing=0, dropped=2, video=None, csv=None)
    print_summary(summary, as_json=False, as_note=False)
    assert capsys.readouterr().out == "1 frame, target found in 1; 2 frames replaced by newer ones\n"
