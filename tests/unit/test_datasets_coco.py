"""The COCO layout: objects as still images, made on access, and which fault in which entry is named."""

from __future__ import annotations

import json
from collections.abc import Sequence as Items
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.layouts.coco import LAYOUT
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames

IMAGES = [
    {"id": 139, "file_name": "000000000139.jpg", "width": 64, "height": 48},
    {"id": 9, "file_name": "000000000009.jpg", "width": 30, "height": 20},
]


def an_object(number: int, image: int, bbox: list[float], **other: Any) -> dict[str, Any]:
    area = bbox[2] * bbox[3] if len(bbox) == 4 else 1.0
    return {"id": number, "image_id": image, "bbox": bbox, "area": area, "iscrowd": 0, **other}


OBJECTS = [
    an_object(3551, 139, [1.5, 2.25, 10, 20], segmentation=[[1, 2, 3, 4, 5, 6]]),
    an_object(12, 9, [0, 0, 30, 20], segmentation={"counts": "x", "size": [20, 30]}),
    an_object(900, 139, [4, 4, 9, 9], iscrowd=1),
    an_object(13, 9, [5, 5, 8, 0]),
    an_object(14, 9, [3, 4, 5, 6]),
]


def make(
    root: Path,
    *,
    split: str = "val2017",
    images: Any = IMAGES,
    objects: Any = OBJECTS,
    pictures: tuple[int, ...] = (139, 9),
) -> None:
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    content = {"info": {}, "images": images, "annotations": objects, "categories": []}
    (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content), encoding="utf-8")
    if pictures:
        write_frames(root / split, pictures, form="{:012d}.jpg")


def read(root: Path, *, require_frames: bool = True) -> Items[Sequence]:
    (entry,) = LAYOUT.find(root)
    content = LAYOUT.read(entry, require_frames)
    assert not isinstance(content, Sequence)
    return content


def test_each_object_is_a_sequence_of_one_frame(tmp_path: Path) -> None:
    make(tmp_path)
    cv2.imwrite(str(tmp_path / "val2017" / "000000000139.jpg"), np.full((48, 64, 3), 128, np.uint8))
    sequences = read(tmp_path)
    assert [sequence.name for sequence in sequences] == ["000000000139-3551", "000000000009-12", "000000000009-14"]
    assert sequences[0].boxes_xywh.tolist() == [[1.5, 2.25, 10, 20]]
    assert sequences[0].visible.tolist() == [True]
    assert sequences[0].frames[0].shape == (48, 64, 3)
    assert [sequence.size_wh for sequence in sequences] == [(64, 48), (30, 20), (30, 20)]
    assert sequences[0].origin == 0.0


def test_sequences_are_made_on_access(tmp_path: Path) -> None:
    make(tmp_path)
    sequences = read(tmp_path)
    assert len(sequences) == 3
    assert sequences[1] is not sequences[1]
    assert sequences[-1].name == sequences[2].name == "000000000009-14"
    assert [sequence.name for sequence in sequences[1:]] == ["000000000009-12", "000000000009-14"]
    with pytest.raises(IndexError):
        sequences[3]


def test_each_split_is_an_entry(tmp_path: Path) -> None:
    make(tmp_path, split="val2017")
    make(tmp_path, split="train2017", objects=[an_object(1, 9, [0, 0, 3, 3])])
    (tmp_path / "annotations" / "captions_val2017.json").write_text("{}", encoding="utf-8")
    assert LAYOUT.matches(tmp_path)
    entries = LAYOUT.find(tmp_path)
    assert [entry.name for entry in entries] == ["train2017", "val2017"]
    contents = [LAYOUT.read(entry, True) for entry in entries]
    assert [len(content) for content in contents] == [1, 3]


def test_pictures_may_lie_in_images(tmp_path: Path) -> None:
    make(tmp_path, pictures=())
    write_frames(tmp_path / "images" / "val2017", (139, 9), form="{:012d}.jpg")
    assert len(read(tmp_path)) == 3


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    make(tmp_path, pictures=(139,))
    with pytest.raises(DatasetError, match=r"000000000009\.jpg is missing .1 pictures in all"):
        read(tmp_path)
    assert isinstance(read(tmp_path, require_frames=False)[1].frames, MissingFrames)


def test_annotations_are_enough_where_frames_are_not_required(tmp_path: Path) -> None:
    make(tmp_path, pictures=())
    with pytest.raises(DatasetError, match="val2017 cannot be read"):
        read(tmp_path)
    sequences = read(tmp_path, require_frames=False)
    assert all(isinstance(sequence.frames, MissingFrames) for sequence in sequences)


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        ({"objects": [*OBJECTS, an_object(1, 9, [1, 2, 3])]}, "annotation 6: .* expected id, image_id"),
        ({"objects": [an_object(1, 9, [1, float("nan"), 3, 4])]}, "annotation 1: .*nan"),
        ({"objects": [an_object(1, 10, [1, 2, 3, 4])]}, r"annotation 1: KeyError.10"),
        ({"objects": [{"id": 1}]}, r"annotation 1: KeyError.'bbox'"),
        ({"objects": [an_object(1, 9, [1, 2, 0, 4])]}, "no objects with a box"),
        ({"objects": []}, "no objects with a box"),
        ({"objects": None}, "images and annotations must be lists"),
        ({"images": [{"id": 9}]}, r"image 1: KeyError.'file_name'"),
    ],
)
def test_a_broken_entry_is_named(tmp_path: Path, faulty: dict[str, Any], message: str) -> None:
    make(tmp_path, **faulty)
    with pytest.raises(DatasetError, match=r"instances_val2017\.json.*" + message):
        read(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"images": []}'])
def test_a_file_that_is_no_such_annotation_is_named(tmp_path: Path, text: str) -> None:
    make(tmp_path)
    (tmp_path / "annotations" / "instances_val2017.json").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=r"instances_val2017\.json cannot be read"):
        read(tmp_path)
