"""The GOT-10k layout: what is read, and which fault in which line is named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from sdst_edge.datasets import (
    FileFrames,
    Sequence,
    read_got10k,
    render_clip,
    write_got10k_sequence,
)
from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.layouts.got10k import LAYOUT
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


def labelled(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_got10k_marks_frames_by_its_labels(tmp_path: Path) -> None:
    """Absent in frame 2 by absence.label, in 3 by cover.label; half seen in 4, at the border in 5, mostly seen in 6."""
    folder = make(tmp_path / "car", "1,2,5,6\n" * 6, frames=6, absence="0\n1\n0\n0\n0\n0\n")
    labelled(folder, "cover.label", "8\n8\n0\n4\n4\n5\n")
    labelled(folder, "cut_by_image.label", "0\n0\n1\n0\n1\n0\n")
    labelled(folder, "meta_info.ini", "[METAINFO]\nanno_fps: 10Hz\nresolution: (30, 20)\n")
    (sequence,) = read_got10k(folder)
    assert sequence.visible.tolist() == [True, False, False, True, True, True]
    assert {name: np.flatnonzero(marks).tolist() for name, marks in sequence.frame_attributes.items()} == {
        "POC": [3],
        "absence": [1, 2],
        "cut": [4],
    }
    assert sequence.size_wh == (30, 20)
    assert sequence.origin == 1.0


def test_got10k_does_not_claim_partial_occlusion_where_nobody_graded(tmp_path: Path) -> None:
    folder = labelled(make(tmp_path / "car", GOOD), "cover.label", "8\n0\n8\n")
    (sequence,) = read_got10k(labelled(folder, "cut_by_image.label", "0\n0\n0\n"))
    assert list(sequence.frame_attributes) == ["absence", "cut"]


def test_got10k_takes_targets_as_there_where_all_grades_are_0(tmp_path: Path) -> None:
    (sequence,) = read_got10k(labelled(make(tmp_path / "car", GOOD, absence="0\n1\n0\n"), "cover.label", "0\n0\n0\n"))
    assert sequence.visible.tolist() == [True, False, True]


def test_got10k_has_boxes_without_area_that_no_label_explains(tmp_path: Path) -> None:
    (sequence,) = read_got10k(make(tmp_path / "car", "1,2,5,6\n1,2,0,6\n-1,-1,-1,-1\n"))
    assert sequence.visible.tolist() == [True, False, False]


@pytest.mark.parametrize("text", ["", "[METAINFO]\n", "resolution: (0, 0)", "resolution: large"])
def test_got10k_takes_sizes_that_are_not_told(tmp_path: Path, text: str) -> None:
    (sequence,) = read_got10k(labelled(make(tmp_path / "car", GOOD), "meta_info.ini", text))
    assert sequence.size_wh is None
    assert sequence.picture_size() == (30, 20)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cover.label", "8\n9\n8\n", "cover.label, line 2: '9', expected 0 to 8"),
        ("cover.label", "8\n8\n", "cover.label: 2 lines for 3 frames"),
        ("cut_by_image.label", "0\n0\n3\n", "cut_by_image.label, line 3: '3', expected 0 or 1"),
    ],
)
def test_got10k_names_the_line_of_a_broken_label(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_got10k(labelled(make(tmp_path / "car", GOOD), name, text))


def test_got10k_test_sequences_have_one_box_and_are_not_to_be_scored(tmp_path: Path) -> None:
    make(tmp_path / "test" / "GOT-10k_Test_000001", "2,3,5,6\n")
    (sequence,) = read_got10k(tmp_path / "test")
    assert sequence.visible.tolist() == [True, False, False]
    assert sequence.boxes_xywh[0].tolist() == [1, 2, 5, 6]
    assert np.isnan(sequence.boxes_xywh[1:]).all()


def test_got10k_with_one_line_is_short_outside_the_test_subset(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"groundtruth\.txt: 1 lines for 3 frames"):
        read_got10k(make(tmp_path / "val" / "car", "2,3,5,6\n"))


def test_got10k_root_opens_its_only_subset_and_asks_where_there_are_more(tmp_path: Path) -> None:
    make(tmp_path / "val" / "car", GOOD)
    (tmp_path / "val" / "list.txt").write_text("car\n", encoding="utf-8")
    assert [sequence.name for sequence in read_got10k(tmp_path)] == ["car"]
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "list.txt").write_text("", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"holds the subsets train, val; give one of them, such as .*val"):
        read_got10k(tmp_path)


def test_got10k_takes_attributes_from_the_file_beside_the_list(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        make(tmp_path / name, GOOD)
    records = {
        "a": {"attributes": {"SV": "labelled+computed", "LR": "computed"}, "labelled": {"names": ["SV"]}},
        "b": {"attributes": {"LR": "computed"}},
    }
    (tmp_path / "attributes.json").write_text(json.dumps(records), encoding="utf-8")
    assert [sequence.attributes for sequence in read_got10k(tmp_path)] == [("SV",), None, None]


def test_got10k_names_a_folder_without_groundtruth(tmp_path: Path) -> None:
    make(tmp_path / "a", GOOD)
    (make(tmp_path / "b", GOOD) / "groundtruth.txt").unlink()
    with pytest.raises(DatasetError, match=r"b/groundtruth\.txt does not exist"):
        read_got10k(tmp_path)


def test_got10k_without_pictures_is_read_from_its_annotations(tmp_path: Path) -> None:
    (entry,) = LAYOUT.find(make(tmp_path / "car", GOOD, frames=0))
    sequence = LAYOUT.read(entry, False)
    assert isinstance(sequence, Sequence)
    assert isinstance(sequence.frames, MissingFrames)
    assert len(sequence) == 3
    make(tmp_path / "bus", GOOD, frames=2)
    with pytest.raises(DatasetError, match="3 lines for 2 frames"):
        LAYOUT.read(LAYOUT.find(tmp_path / "bus")[0], False)


def test_got10k_is_not_what_vot_looks_like(tmp_path: Path) -> None:
    """VOT's older sets hold frames and groundtruth.txt in one folder as well."""
    folder = make(tmp_path / "set" / "car", "1,2,3,2,3,4,1,4\n" * 3)
    assert not LAYOUT.matches(tmp_path / "set")
    (folder / "groundtruth.txt").write_text(GOOD, encoding="utf-8")
    assert LAYOUT.matches(tmp_path / "set")
    (folder / "occlusion.tag").touch()
    assert not LAYOUT.matches(tmp_path / "set")


def test_read_got10k_names_a_missing_frame(tmp_path: Path) -> None:
    folder = make(tmp_path / "car", GOOD)
    (folder / "00000002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"00000003\.jpg is where frame 00000002 belongs"):
        read_got10k(folder)


def test_read_got10k_names_a_frame_that_is_there_twice(tmp_path: Path) -> None:
    folder = make(tmp_path / "car", GOOD)
    (folder / "00000001.png").write_bytes((folder / "00000001.jpg").read_bytes())
    with pytest.raises(DatasetError, match=r"^(?!frame).*00000001\.png is where frame 00000002 belongs"):
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
