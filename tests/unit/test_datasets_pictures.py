"""A folder of pictures with boxes.json: boxes as still images, and which fault in which picture is named."""

from __future__ import annotations

import json
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sdst_edge.datasets import open_dataset
from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.layouts.pictures import LAYOUT
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames

BOXES = {"b.jpg": [[1.5, 2.25, 10, 20], [0, 0, 3, 4]], "a.png": [[-1, 5, 6, 7]], "empty.jpg": []}


def make(root: Path, boxes: Any = BOXES) -> None:
    root.mkdir(exist_ok=True)
    (root / "boxes.json").write_text(boxes if isinstance(boxes, str) else json.dumps(boxes), encoding="utf-8")
    for form in ("a.png", "b.jpg", "empty.jpg", "unnamed.jpg"):
        write_frames(root, [0], form=form)


def read(root: Path, *, require_frames: bool = True) -> Items[Sequence]:
    (entry,) = LAYOUT.find(root)
    content = LAYOUT.read(entry, require_frames)
    assert not isinstance(content, Sequence)
    return content


def test_each_box_is_a_sequence_of_one_frame(tmp_path: Path) -> None:
    make(tmp_path)
    cv2.imwrite(str(tmp_path / "b.jpg"), np.full((48, 64, 3), 128, np.uint8))
    sequences = read(tmp_path)
    assert [sequence.name for sequence in sequences] == ["b-1", "b-2", "a-1"]
    assert sequences[0].boxes_xywh.tolist() == [[1.5, 2.25, 10, 20]]
    assert sequences[2].boxes_xywh.tolist() == [[-1, 5, 6, 7]]
    assert sequences[1].visible.tolist() == [True]
    assert sequences[1].frames[0].shape == (48, 64, 3)
    assert sequences[1].picture_size() == (64, 48)
    assert sequences[0].origin == 0.0


def test_sequences_are_made_on_access(tmp_path: Path) -> None:
    make(tmp_path)
    sequences = read(tmp_path)
    assert sequences[1] is not sequences[1]
    assert [sequence.name for sequence in sequences[1:]] == ["b-2", "a-1"]
    with pytest.raises(IndexError):
        sequences[3]


def test_a_folder_is_known_although_boxes_of_a_video_lie_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "photos")
    (tmp_path / "boxes.txt").write_text("1,2,3,4\n" * 4, encoding="utf-8")
    dataset = open_dataset(tmp_path / "photos")
    assert dataset.layout is LAYOUT
    assert dataset.name == "photos"
    assert len(dataset) == 3


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    make(tmp_path, "\ufeff" + json.dumps(BOXES))
    assert len(read(tmp_path)) == 3


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "a.png").unlink()
    (tmp_path / "empty.jpg").unlink()
    with pytest.raises(DatasetError, match=r"a\.png is missing .1 pictures in all"):
        read(tmp_path)
    sequences = read(tmp_path, require_frames=False)
    assert [isinstance(sequence.frames, MissingFrames) for sequence in sequences] == [False, False, True]


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ({"a.png": [[1, 2, 3, 4], [1, 2, 3]]}, r"'a\.png', box 2: \[1, 2, 3\], expected x, y, width and height"),
        ({"a.png": [1, 2, 3, 4]}, r"'a\.png', box 1: 1, expected x, y"),
        ({"a.png": [[1, 2, 3, "4"]]}, r"'a\.png', box 1"),
        ({"a.png": [[1, 2, 3, True]]}, r"'a\.png', box 1"),
        ({"a.png": [[1, 2, 0, 4]]}, r"'a\.png', box 1: .* sides > 0"),
        ({"a.png": [[float("nan"), 2, 3, 4]]}, r"'a\.png', box 1: .*nan"),
        ({"a.png": [[1, 2, 3, 10**400]]}, r"'a\.png', box 1"),
        ({"a.png": {"x": 1}}, r"'a\.png': .* expected a list of boxes"),
        ({"a.png": None}, r"'a\.png': None, expected a list of boxes"),
        ('{"a.png": [[1, 2, 3, 4]], "a.png": [[1, 2, 3, 5]]}', r"'a\.png' is there twice"),
        ({"a.png": [[1, 2, 3, 4]], "a.jpg": [[1, 2, 3, 4]]}, r"'a\.jpg' has the name of 'a\.png' but for its ending"),
        ({"a.png": []}, "has no boxes"),
        ({}, "has no boxes"),
        ([[1, 2, 3, 4]], "holds a value of type list, expected an object"),
        ("3", "holds a value of type int, expected an object"),
        ('{"a.png": [[1, 2', "cannot be read as boxes of pictures: .*line 1"),
        ("", "cannot be read as boxes of pictures"),
        ("[" * 100_000, "cannot be read as boxes of pictures"),
    ],
)
def test_a_fault_is_named(tmp_path: Path, boxes: Any, message: str) -> None:
    make(tmp_path, boxes)
    with pytest.raises(DatasetError, match=r"boxes\.json.*" + message):
        read(tmp_path)


def test_pictures_of_other_folders_are_missing(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path / "inner", {"../a.png": [[1, 2, 3, 4]]})
    with pytest.raises(DatasetError, match=r"\.\./a\.png is missing"):
        read(tmp_path / "inner")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "boxes.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(DatasetError, match=r"boxes\.json cannot be read as boxes of pictures"):
        read(tmp_path)
