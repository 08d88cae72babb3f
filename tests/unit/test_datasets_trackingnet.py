"""The TrackingNet layout: parts, frames in the order of their numbers, and the test part's single boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.trackingnet import LAYOUT
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames


def make(root: Path, part: str, video: str, rows: str, numbers: range) -> None:
    (root / part / "anno").mkdir(parents=True, exist_ok=True)
    (root / part / "anno" / f"{video}.txt").write_text(rows, encoding="utf-8")
    if numbers:
        write_frames(root / part / "frames" / video, numbers, form="{}.jpg")


def read(root: Path, *, require_frames: bool = True) -> list[Sequence]:
    sequences = [LAYOUT.read(entry, require_frames) for entry in LAYOUT.find(root)]
    return [sequence for sequence in sequences if isinstance(sequence, Sequence)]


def rows(count: int) -> str:
    """As the set writes them: numbers are filled with blanks."""
    return "".join(f"{number + 0.5:5.2f},  2.00, 30.00, 40.00\n" for number in range(count))


def test_boxes_and_frames_count_from_0(tmp_path: Path) -> None:
    make(tmp_path, "TRAIN_0", "a_0", rows(11), range(11))
    (sequence,) = read(tmp_path)
    assert sequence.name == "a_0"
    assert sequence.boxes_xywh[:2].tolist() == [[0.5, 2, 30, 40], [1.5, 2, 30, 40]]
    assert sequence.origin == 0.0
    assert sequence.visible.all()
    assert isinstance(sequence.frames, FileFrames)
    assert [sequence.frames.path(index).name for index in (0, 1, 2, 10)] == ["0.jpg", "1.jpg", "2.jpg", "10.jpg"]


def test_parts_are_read_in_their_order_and_the_test_part_last(tmp_path: Path) -> None:
    for part, video in (("TRAIN_10", "c_0"), ("TRAIN_2", "b_0"), ("TEST", "a_0")):
        make(tmp_path, part, video, rows(1), range(1))
    (tmp_path / "TRAIN_3").mkdir()  # nothing of it was fetched
    assert [entry.name for entry in LAYOUT.find(tmp_path)] == ["b_0", "c_0", "a_0"]


def test_of_the_test_part_the_first_frame_alone_is_marked(tmp_path: Path) -> None:
    make(tmp_path, "TEST", "a_0", rows(1), range(3))
    (sequence,) = read(tmp_path)
    assert len(sequence) == 3
    assert sequence.visible.tolist() == [True, False, False]
    assert sequence.boxes_xywh[0].tolist() == [0.5, 2, 30, 40]
    assert np.isnan(sequence.boxes_xywh[1:]).all()


def test_a_test_sequence_without_frames_is_its_first_frame(tmp_path: Path) -> None:
    make(tmp_path, "TEST", "a_0", rows(1), range(0))
    (sequence,) = read(tmp_path, require_frames=False)
    assert isinstance(sequence.frames, MissingFrames)
    assert sequence.visible.tolist() == [True]


def test_training_annotations_are_enough_where_frames_are_not_required(tmp_path: Path) -> None:
    make(tmp_path, "TRAIN_0", "a_0", rows(5), range(0))
    (sequence,) = read(tmp_path, require_frames=False)
    assert isinstance(sequence.frames, MissingFrames)
    assert len(sequence) == 5
    with pytest.raises(DatasetError, match="a_0 cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("part", "text", "numbers", "message"),
    [
        ("TRAIN_0", rows(1), range(3), r"a_0\.txt: 1 lines for 3 frames"),
        ("TEST", rows(2), range(3), r"a_0\.txt: 2 lines for 3 frames"),
        ("TRAIN_0", rows(4), range(3), r"a_0\.txt: 4 lines for 3 frames .line 4 has no frame"),
        ("TRAIN_0", "1,2,3,4\n1,2,nan,4\n", range(2), r"a_0\.txt, line 2: .* not finite"),
        ("TEST", "1,2,-3,4\n", range(2), r"a_0\.txt, line 1: .* no area"),
        ("TRAIN_0", "1,2,3,4\n1,2,3\n", range(2), r"a_0\.txt, line 2: 3 numbers"),
        ("TRAIN_0", "", range(2), r"a_0\.txt is empty"),
    ],
)
def test_a_broken_sequence_is_named_with_its_line(
    tmp_path: Path, part: str, text: str, numbers: range, message: str
) -> None:
    make(tmp_path, part, "a_0", text, numbers)
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


def test_a_training_box_without_area_is_no_visible_target(tmp_path: Path) -> None:
    make(tmp_path, "TRAIN_0", "a_0", "1,2,3,4\n1,2,-3,4\n", range(2))
    assert read(tmp_path)[0].visible.tolist() == [True, False]


@pytest.mark.parametrize("part", ["TRAIN_0", "TEST"])
def test_a_missing_frame_is_named(tmp_path: Path, part: str) -> None:
    make(tmp_path, part, "a_0", rows(1 if part == "TEST" else 12), range(12))
    (tmp_path / part / "frames/a_0/9.jpg").unlink()
    with pytest.raises(DatasetError, match=r"10\.jpg is where frame 9 belongs"):
        read(tmp_path)


def test_a_single_part_can_be_opened(tmp_path: Path) -> None:
    make(tmp_path, "TEST", "a_0", rows(1), range(3))
    assert LAYOUT.matches(tmp_path)
    assert LAYOUT.matches(tmp_path / "TEST")
    assert [len(sequence) for sequence in read(tmp_path / "TEST")] == [3]
    assert not LAYOUT.matches(tmp_path / "TEST" / "anno")
