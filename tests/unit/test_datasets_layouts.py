"""Each layout knows its own folders and no other's, so that a data set's folder is all one has to name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sdst_edge.datasets import open_dataset
from sdst_edge.datasets.layouts import LAYOUTS
from sdst_edge.datasets.sequence import Sequence
from sdst_edge.evaluation.rules import rule_by_name
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames

BOXES = "1,2,30,40\n" * 3
POLYGONS = "1,1,3,1,3,4,1,4\n" * 3
SNIPPET = (
    "<annotation><size><width>64</width><height>48</height></size><object><trackid>0</trackid><bndbox><xmax>9</xmax>"
    "<xmin>1</xmin><ymax>9</ymax><ymin>1</ymin></bndbox><occluded>0</occluded><generated>0</generated></object>"
    "</annotation>"
)
OBJECTS = (
    '{"images": [{"id": 1, "file_name": "1.jpg", "width": 64, "height": 48}], '
    '"annotations": [{"id": 1, "image_id": 1, "area": 9, "bbox": [1, 1, 3, 3], "iscrowd": 0}]}'
)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def make_coco(root: Path) -> None:
    write(root / "annotations/instances_val.json", OBJECTS)
    write_frames(root / "val", [1], form="{}.jpg")


def make_folder(root: Path) -> None:
    write(root / "boxes.txt", BOXES)
    write_frames(root, range(3))


def make_got10k(root: Path) -> None:
    write(root / "list.txt", "a\n")
    write(root / "a/groundtruth.txt", BOXES)
    write(root / "a/absence.label", "0\n" * 3)
    write_frames(root / "a", range(1, 4), form="{:08d}.jpg")


def make_imagenet_vid(root: Path) -> None:
    for number in range(3):
        write(root / f"Annotations/VID/val/s/{number:06d}.xml", SNIPPET)
    write_frames(root / "Data/VID/val/s", range(3), form="{:06d}.JPEG")


def make_lasot(root: Path) -> None:
    write(root / "car/car-1/groundtruth.txt", BOXES)
    for name in ("full_occlusion", "out_of_view"):
        write(root / f"car/car-1/{name}.txt", "0,0,0\n")
    write_frames(root / "car/car-1/img", range(1, 4), form="{:08d}.jpg")


def make_otb(root: Path) -> None:
    write(root / "Walking/groundtruth_rect.txt", BOXES)
    write_frames(root / "Walking/img", range(1, 4))


def make_pictures(root: Path) -> None:
    write(root / "boxes.json", '{"1.jpg": [[1, 1, 3, 3]]}')
    write_frames(root, [1, 2], form="{}.jpg")


def make_trackingnet(root: Path) -> None:
    write(root / "TRAIN_0/anno/v_0.txt", BOXES)
    write_frames(root / "TRAIN_0/frames/v_0", range(3), form="{}.jpg")


def make_uav123(root: Path) -> None:
    write(root / "anno/UAV123/bike1.txt", BOXES)
    write_frames(root / "data_seq/UAV123/bike1", range(1, 4), form="{:06d}.jpg")


def make_vot(root: Path) -> None:
    write(root / "list.txt", "a\n")
    write(root / "a/groundtruth.txt", POLYGONS)
    write_frames(root / "a/color", range(1, 4), form="{:08d}.jpg")


MAKERS: dict[str, Callable[[Path], None]] = {
    "coco": make_coco,
    "folder": make_folder,
    "got10k": make_got10k,
    "imagenet-vid": make_imagenet_vid,
    "lasot": make_lasot,
    "otb": make_otb,
    "pictures": make_pictures,
    "trackingnet": make_trackingnet,
    "uav123": make_uav123,
    "vot": make_vot,
}


def test_every_layout_is_tried() -> None:
    assert set(LAYOUTS) == {*MAKERS, "photos"}  # any folder of pictures would do for that one: it has to be named


@pytest.mark.parametrize("name", MAKERS)
def test_a_folder_is_known_by_its_own_layout_alone_and_read(tmp_path: Path, name: str) -> None:
    MAKERS[name](tmp_path)
    assert [other for other, layout in LAYOUTS.items() if layout.matches(tmp_path)] == [name]
    contents = [LAYOUTS[name].read(entry, True) for entry in LAYOUTS[name].find(tmp_path)]
    (sequence,) = [item for content in contents for item in ([content] if isinstance(content, Sequence) else content)]
    assert len(sequence) == (1 if name in ("coco", "pictures") else 3)


@pytest.mark.parametrize(
    ("files", "frames", "name"),
    [
        ({"groundtruth.txt": BOXES, "camera_motion.label": "0\n" * 3}, "{:08d}.jpg", "vot"),  # 2013
        ({"groundtruth.txt": POLYGONS, "occlusion.label": "0\n" * 3}, "{:08d}.jpg", "vot"),  # 2014
        ({"groundtruth.txt": POLYGONS, "occlusion.tag": "0\n" * 3}, "{:08d}.jpg", "vot"),  # 2015
        ({"groundtruth.txt": BOXES}, "{:08d}.jpg", "got10k"),
        ({"groundtruth.txt": BOXES, "meta_info.ini": ""}, "{:08d}.jpg", "got10k"),
        ({"groundtruth.txt": BOXES}, "{:04d}.jpg", "folder"),
        ({"groundtruth_rect.txt": BOXES}, "{:04d}.jpg", "folder"),
    ],
)
def test_a_sequence_with_its_frames_around_it_is_of_one_layout(
    tmp_path: Path, files: dict[str, str], frames: str, name: str
) -> None:
    folder = tmp_path / "set" / "a"
    write_frames(folder, range(1, 4), form=frames)
    for file, text in files.items():
        write(folder / file, text)
    for root in (folder,) if name == "folder" else (folder, folder.parent):
        dataset = open_dataset(root)
        assert dataset.layout.name == name
        assert dataset.sequences[0].boxes_xywh[0, 0] == (1.0 if name == "vot" else 0.0)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_without_sequences_is_an_error(tmp_path: Path, name: str) -> None:
    for folder in ("anno/UAV123", "annotations", "Annotations/VID/val", "TEST/anno"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DatasetError, match=str(tmp_path)):
        open_dataset(tmp_path, name, skip_broken=True)


def test_an_empty_folder_is_none(tmp_path: Path) -> None:
    assert not [name for name, layout in LAYOUTS.items() if layout.matches(tmp_path)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_rule_of_a_layout_exists(name: str) -> None:
    assert rule_by_name(LAYOUTS[name].rule).name == LAYOUTS[name].rule
