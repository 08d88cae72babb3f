"""The GOT-10k layout: what is read, and which fault in which line is named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sdst_edge.datasets import (
    FileFrames,
    Sequence,
    read_got10k,
    render_clip,
    write_got10k_result,
    write_got10k_sequence,
)
from sdst_edge.datasets.boxfile import read_boxes
from sdst_runtime.errors import DatasetError
from tests.tolerances import ABS_BOX_TEXT_PX, ABS_JPEG_LEVELS


def make(folder: Path, groundtruth: str, *, frames: int = 3, absence: str | None = None) -> Path:
    folder.mkdir(parents=True)
    for number in range(1, frames + 1):
        cv2.imwrite(str(folder / f"{number:08d}.jpg"), np.full((20, 30, 3), 10 * number, np.uint8))
    (folder / "groundtruth.txt").write_text(groundtruth, encoding="utf-8")
    if absence is not None:
        (folder / "absence.label").write_text(absence, encoding="utf-8")
    return folder


GOOD = "1.0000,2.0000,5.0000,6.0000\n2,3,5,6\n3,4,5.5,6\n"


def test_read_got10k_moves_boxes_to_origin_0(tmp_path: Path) -> None:
    (sequence,) = read_got10k(make(tmp_path / "car", GOOD, absence="0\n1\n0\n"))
    assert sequence.name == "car"
    assert sequence.boxes_xywh.tolist() == [[0, 1, 5, 6], [1, 2, 5, 6], [2, 3, 5.5, 6]]
    assert sequence.visible.tolist() == [True, False, True]
    assert sequence.frames[1].shape == (20, 30, 3)
    assert sequence.frames[1].dtype == np.uint8
    assert abs(int(sequence.frames[1][10, 10, 0]) - 20) <= ABS_JPEG_LEVELS


def test_read_got10k_takes_a_missing_absence_label_as_always_visible(tmp_path: Path) -> None:
    (sequence,) = read_got10k(make(tmp_path / "car", GOOD))
    assert sequence.visible.all()


def test_read_got10k_follows_the_order_of_the_list(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        make(tmp_path / name, GOOD)
    (tmp_path / "list.txt").write_text("c\na\n", encoding="utf-8")
    assert [sequence.name for sequence in read_got10k(tmp_path)] == ["c", "a"]


def test_read_got10k_sorts_by_name_when_there_is_no_list(tmp_path: Path) -> None:
    for name in ("b", "a"):
        make(tmp_path / name, GOOD)
    (tmp_path / "notes").mkdir()
    assert [sequence.name for sequence in read_got10k(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("groundtruth", "message"),
    [
        ("1,2,3,4\n1,2,3,4\n", "2 lines for 3 frames .line 2 is the last"),
        (GOOD + "1,2,3,4\n", "4 lines for 3 frames .line 4 has no frame"),
        ("1,2,3,4\nnan,2,3,4\n1,2,3,4\n", "groundtruth.txt, line 2: .* not finite"),
        ("1,2,3,4\n1,2,3,4\n1,2,inf,4\n", "groundtruth.txt, line 3: .* not finite"),
        ("1,2,3,4\n1;2;3;4\n1,2,3,4\n", "groundtruth.txt, line 2: '1;2;3;4' is not x,y,w,h"),
        ("1,2,3,4\n1\t2\t3\t4\n1,2,3,4\n", "groundtruth.txt, line 2: .* commas"),
        ("1,2,3,4\n\n1,2,3,4\n1,2,3,4\n", "groundtruth.txt, line 2: '' is not x,y,w,h"),
        ("1,2,3\n1,2,3,4\n1,2,3,4\n", "groundtruth.txt, line 1: 3 numbers"),
        ("1,2,3,4\n1,2,0,4\n1,2,3,4\n", "groundtruth.txt, line 2: .* no area"),
        ("", "groundtruth.txt is empty"),
    ],
)
def test_read_got10k_names_the_line_of_a_broken_groundtruth(tmp_path: Path, groundtruth: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_got10k(make(tmp_path / "car", groundtruth))


@pytest.mark.parametrize(
    ("absence", "message"),
    [("0\n2\n0\n", "absence.label, line 2: '2'"), ("0\n0\n", "absence.label: 2 lines for 3 frames")],
)
def test_read_got10k_names_the_line_of_a_broken_absence_label(tmp_path: Path, absence: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_got10k(make(tmp_path / "car", GOOD, absence=absence))


def test_read_got10k_names_a_missing_frame(tmp_path: Path) -> None:
    folder = make(tmp_path / "car", GOOD)
    (folder / "00000002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"00000003\.jpg is where frame 00000002 belongs"):
        read_got10k(folder)


def test_read_got10k_names_a_frame_that_is_there_twice(tmp_path: Path) -> None:
    folder = make(tmp_path / "car", GOOD)
    (folder / "00000001.png").write_bytes((folder / "00000001.jpg").read_bytes())
    with pytest.raises(DatasetError, match=r"00000001\.png is where frame 00000002 belongs"):
        read_got10k(folder)


def test_read_got10k_takes_frames_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = make(tmp_path / "car", "1,2,5,6\n" * 11, frames=11)
    for path in list(folder.glob("*.jpg")):
        path.rename(folder / f"{int(path.stem)}.jpg")
    (sequence,) = read_got10k(folder)
    assert isinstance(sequence.frames, FileFrames)
    assert [sequence.frames.path(index).stem for index in range(11)] == [str(number) for number in range(1, 12)]


def test_read_got10k_takes_files_of_windows(tmp_path: Path) -> None:
    """A byte order mark, carriage returns, and empty lines at the end."""
    make(tmp_path / "car", "\ufeff" + GOOD.replace("\n", "\r\n") + "\r\n\r\n", absence="\ufeff0\r\n1\r\n0\r\n\r\n")
    (tmp_path / "list.txt").write_text("\ufeffcar\r\n\r\n", encoding="utf-8")
    (sequence,) = read_got10k(tmp_path)
    assert sequence.boxes_xywh[0].tolist() == [0.0, 1.0, 5.0, 6.0]
    assert sequence.visible.tolist() == [True, False, True]


@pytest.mark.parametrize("name", ["b", "x" * 5000, "", ".", "..", "../set/a", "a/.", "a"])
def test_read_got10k_names_the_line_of_what_is_no_sequence_of_its_own(tmp_path: Path, name: str) -> None:
    make(tmp_path / "set" / "a", GOOD)
    make(tmp_path / "set" / "c", GOOD)
    (tmp_path / "set" / "list.txt").write_text(f"a\n{name}\nc\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"list\.txt, line 2: "):
        read_got10k(tmp_path / "set")


def test_read_got10k_refuses_a_folder_without_frames(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no frames"):
        read_got10k(make(tmp_path / "car", GOOD, frames=0))


def test_read_got10k_refuses_what_holds_no_sequences(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no sequences"):
        read_got10k(tmp_path)
    with pytest.raises(DatasetError, match="is no folder"):
        read_got10k(tmp_path / "missing")


def test_write_got10k_sequence_is_read_back(tmp_path: Path) -> None:
    clip = render_clip(1, frames=3, size_wh=(120, 100))
    write_got10k_sequence(tmp_path / "clip", clip)
    (again,) = read_got10k(tmp_path / "clip")
    assert np.abs(again.boxes_xywh - clip.boxes_xywh).max() <= ABS_BOX_TEXT_PX
    assert np.abs(again.frames[2].astype(int) - clip.frames[2]).mean() <= ABS_JPEG_LEVELS
    with pytest.raises(DatasetError, match="does not exist yet"):
        write_got10k_sequence(tmp_path / "clip", clip)


def test_write_got10k_sequence_is_read_back_where_the_target_is_absent(tmp_path: Path) -> None:
    visible = np.array([True, False])
    boxes = np.where(visible[:, None], (1.0, 2.0, 3.0, 4.0), np.nan)
    frames = (np.zeros((8, 8, 3), np.uint8),) * 2
    write_got10k_sequence(tmp_path / "s", Sequence(name="s", frames=frames, boxes_xywh=boxes, visible=visible))
    (again,) = read_got10k(tmp_path / "s")
    assert again.visible.tolist() == [True, False]
    assert again.boxes_xywh[0].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_write_got10k_result_adds_the_origin_back(tmp_path: Path) -> None:
    path = tmp_path / "tracker" / "car" / "car_001.txt"
    write_got10k_result(path, [(0.0, 1.0, 5.0, 6.0)])
    assert path.read_text(encoding="utf-8") == "1.0000,2.0000,5.0000,6.0000\n"
    assert read_boxes(path, origin=1.0).tolist() == [[0.0, 1.0, 5.0, 6.0]]
