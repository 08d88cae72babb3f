"""The OTB-100 layout: its separators, frame ranges and targets, and which fault in which line is named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from sdst_edge.datasets.attributes import SEQUENCE_LABELS
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.otb import LAYOUT
from sdst_edge.datasets.layouts.otb_attributes import OTB_LABELS
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames


def make(root: Path, name: str, rows: str, numbers: range, *, file: str = "groundtruth_rect.txt") -> Path:
    folder = root / name
    write_frames(folder / "img", numbers)
    (folder / file).write_text(rows, encoding="utf-8")
    return folder


def read(root: Path, *, require_frames: bool = True) -> list[Sequence]:
    sequences = [LAYOUT.read(entry, require_frames) for entry in LAYOUT.find(root)]
    assert all(isinstance(sequence, Sequence) for sequence in sequences)
    return [sequence for sequence in sequences if isinstance(sequence, Sequence)]


def rows(count: int) -> str:
    return "".join(f"{number},2,30,40\n" for number in range(1, count + 1))


def first_and_last(sequence: Sequence) -> tuple[str, str]:
    assert isinstance(sequence.frames, FileFrames)
    return sequence.frames.path(0).name, sequence.frames.path(len(sequence) - 1).name


@pytest.mark.parametrize(
    "text",
    [
        "1,2,30,40\n5,6,70,80\n",
        "1\t2\t30\t40\n5\t6\t70\t80\n",
        "1 2 30 40\n5   6 70 80\n",
        "1,2,30,40\r\n5\t6\t70\t80\r\n",
    ],
    ids=["commas", "tabs", "blanks", "mixed"],
)
def test_boxes_are_read_with_any_separator_and_moved_to_origin_0(tmp_path: Path, text: str) -> None:
    make(tmp_path, "Walking", text, range(1, 3))
    (sequence,) = read(tmp_path)
    assert sequence.boxes_xywh.tolist() == [[0, 1, 30, 40], [4, 5, 70, 80]]
    assert sequence.origin == 1.0
    assert sequence.visible.all()


def test_frames_are_decoded_from_img(tmp_path: Path) -> None:
    folder = make(tmp_path, "Board", rows(1), range(0))
    cv2.imwrite(str(folder / "img" / "00001.jpg"), np.full((20, 30, 3), 128, np.uint8))
    (sequence,) = read(tmp_path)
    assert sequence.frames[0].shape == (20, 30, 3)
    assert sequence.picture_size() == (30, 20)


@pytest.mark.parametrize(
    ("name", "first", "last", "there"),
    [
        ("David", 300, 770, 770),
        ("Football1", 1, 74, 80),
        ("Freeman3", 1, 460, 474),
        ("Freeman4", 1, 283, 297),
        ("Diving", 1, 215, 231),
    ],
)
def test_ground_truths_of_a_part_get_its_frames(tmp_path: Path, name: str, first: int, last: int, there: int) -> None:
    make(tmp_path, name, rows(last - first + 1), range(1, there + 1))
    (sequence,) = read(tmp_path)
    assert first_and_last(sequence) == (f"{first:04d}.jpg", f"{last:04d}.jpg")
    assert len(sequence) == last - first + 1


def test_a_folder_that_was_cut_to_the_part_is_taken_whole(tmp_path: Path) -> None:
    make(tmp_path, "David", rows(471), range(300, 771))
    assert first_and_last(read(tmp_path)[0]) == ("0300.jpg", "0770.jpg")


def test_numbers_begin_where_the_folder_does(tmp_path: Path) -> None:
    make(tmp_path, "BlurCar1", rows(4), range(247, 251))
    assert first_and_last(read(tmp_path)[0]) == ("0247.jpg", "0250.jpg")


@pytest.mark.parametrize("require_frames", [True, False])
def test_tiger1_begins_at_frame_6(tmp_path: Path, require_frames: bool) -> None:
    make(tmp_path, "Tiger1", rows(354), range(1, 355) if require_frames else range(0))
    (sequence,) = read(tmp_path, require_frames=require_frames)
    assert len(sequence) == 349
    assert sequence.boxes_xywh[0, 0] == 5
    assert sequence.whole is not None
    assert len(sequence.whole) == 354
    assert sequence.whole.boxes_xywh[0, 0] == 0
    if require_frames:
        assert first_and_last(sequence) == ("0006.jpg", "0354.jpg")
        assert first_and_last(sequence.whole) == ("0001.jpg", "0354.jpg")


def test_tiger1_is_taken_as_it_is_where_it_was_cut_already(tmp_path: Path) -> None:
    make(tmp_path, "Tiger1", rows(349), range(1, 355))
    (sequence,) = read(tmp_path)
    assert sequence.whole is None
    assert first_and_last(sequence) == ("0006.jpg", "0354.jpg")


@pytest.mark.parametrize("with_originals", [True, False])
def test_a_folder_that_was_copied_for_each_target_holds_that_target(tmp_path: Path, with_originals: bool) -> None:
    names = {"Jogging-1": (1, 2), "Jogging-2": (1, 2), "Human4-2": (2,)}
    names |= {"Jogging": (1, 2), "Human4": (2,)} if with_originals else {}
    for name, targets in names.items():
        folder = make(tmp_path, name, "\n", range(1, 3), file="groundtruth_rect.1.txt")
        for target in targets:
            text = f"{target},1,2,2\n" * 2
            (folder / f"groundtruth_rect.{target}.txt").write_text(text, encoding="utf-8")
    found = {sequence.name: sequence.boxes_xywh[0, 0] + 1 for sequence in read(tmp_path)}
    assert found == {"Human4-2": 2, "Jogging-1": 1, "Jogging-2": 2}


def test_targets_that_share_a_folder_are_sequences_and_an_empty_ground_truth_is_none(tmp_path: Path) -> None:
    jogging = make(tmp_path, "Jogging", "1,1,2,2\n1,1,2,2\n", range(1, 3), file="groundtruth_rect.1.txt")
    (jogging / "groundtruth_rect.2.txt").write_text("9,9,2,2\n9,9,2,2\n", encoding="utf-8")
    human = make(tmp_path, "Human4", "\n", range(1, 3), file="groundtruth_rect.1.txt")
    (human / "groundtruth_rect.2.txt").write_text(rows(2), encoding="utf-8")
    sequences = read(tmp_path)
    assert [sequence.name for sequence in sequences] == ["Human4-2", "Jogging-1", "Jogging-2"]
    assert [sequence.attributes for sequence in sequences] == [("IV", "SV", "OCC", "DEF"), *[("OCC", "DEF", "OPR")] * 2]
    assert sequences[2].boxes_xywh[0].tolist() == [8, 8, 2, 2]


def test_labels_come_from_the_folder_else_from_the_benchmark(tmp_path: Path) -> None:
    (make(tmp_path, "Crossing", rows(1), range(1, 2)) / "attrs.txt").write_text("LR, SV ,IV", encoding="utf-8")
    make(tmp_path, "Couple", rows(1), range(1, 2))
    make(tmp_path, "mine", rows(1), range(1, 2))
    labels = {sequence.name: sequence.attributes for sequence in read(tmp_path)}
    assert labels == {"Crossing": ("IV", "SV", "LR"), "Couple": ("SV", "DEF", "FM", "OPR", "BC"), "mine": None}


def test_an_unknown_label_is_named(tmp_path: Path) -> None:
    (make(tmp_path, "Crossing", rows(1), range(1, 2)) / "attrs.txt").write_text("SV, XY", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"attrs\.txt: 'XY' is no attribute"):
        read(tmp_path)


def test_the_benchmarks_labels_are_complete_and_in_order() -> None:
    assert len(OTB_LABELS) == 100
    for name, labels in OTB_LABELS.items():
        assert list(labels) == sorted(set(labels), key=SEQUENCE_LABELS["otb"].index), name


def test_the_benchmarks_labels_are_those_of_the_shared_sequences(shared: Path) -> None:
    entries = json.loads((shared / "data/tracking/val/attributes.json").read_text(encoding="utf-8"))
    labelled = {name[4:]: entry["labelled"]["names"] for name, entry in entries.items() if name.startswith("otb_")}
    assert len(labelled) == 10
    assert {name: sorted(OTB_LABELS[name]) for name in labelled} == labelled


@pytest.mark.parametrize(
    ("text", "numbers", "message"),
    [
        (rows(2), range(1, 4), r"groundtruth_rect\.txt: 2 lines for 3 frames .line 2 is the last"),
        (rows(4), range(1, 4), r"groundtruth_rect\.txt: 4 lines for 3 frames .line 4 has no frame"),
        ("1,2,3,4\n1,x,3,4\n", range(1, 3), r"groundtruth_rect\.txt, line 2: '1,x,3,4'"),
        ("1,2,3,4\n1,2,3\n", range(1, 3), r"groundtruth_rect\.txt, line 2: 3 numbers"),
        ("1,2,3,4\n1,2,0,4\n", range(1, 3), r"groundtruth_rect\.txt, line 2: .* no area"),
        ("nan,2,3,4\n1,2,3,4\n", range(1, 3), r"groundtruth_rect\.txt, line 1: .* not finite"),
        ("", range(1, 3), r"groundtruth_rect\.txt is empty"),
        (rows(2), range(0), r"img holds no frames"),
    ],
)
def test_a_broken_sequence_is_named_with_its_line(tmp_path: Path, text: str, numbers: range, message: str) -> None:
    make(tmp_path, "Walking", text, numbers)
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


def test_a_missing_ground_truth_is_named(tmp_path: Path) -> None:
    (make(tmp_path, "Walking", rows(3), range(1, 4)) / "groundtruth_rect.txt").unlink()
    make(tmp_path, "Woman", rows(3), range(1, 4))
    (tmp_path / "notes").mkdir()
    assert [entry.name for entry in LAYOUT.find(tmp_path)] == ["Walking", "Woman"]
    with pytest.raises(DatasetError, match=r"Walking.groundtruth_rect\.txt does not exist"):
        read(tmp_path)


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    (make(tmp_path, "Walking", rows(3), range(1, 4)) / "img" / "0002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"0003\.jpg is where frame 2 belongs"):
        read(tmp_path)


def test_without_frames_the_annotations_are_read_unless_some_frames_are_there(tmp_path: Path) -> None:
    make(tmp_path, "Walking", rows(3), range(0))
    (sequence,) = read(tmp_path, require_frames=False)
    assert isinstance(sequence.frames, MissingFrames)
    assert len(sequence) == 3
    write_frames(tmp_path / "Walking" / "img", range(1, 3))
    with pytest.raises(DatasetError, match="3 lines for 2 frames"):
        read(tmp_path, require_frames=False)


def test_a_single_sequence_can_be_opened(tmp_path: Path) -> None:
    folder = make(tmp_path, "Walking", rows(3), range(1, 4))
    assert LAYOUT.matches(folder)
    assert [sequence.name for sequence in read(folder)] == ["Walking"]


def test_matches_looks_for_its_ground_truths(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "groundtruth.txt").touch()
    assert not LAYOUT.matches(tmp_path)
    make(tmp_path, "Walking", rows(3), range(1, 4))
    assert LAYOUT.matches(tmp_path)
