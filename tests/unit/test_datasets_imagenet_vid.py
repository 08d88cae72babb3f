"""The ImageNet-VID layout: tracks of a snippet, their flags, its folders, and which fault in which file is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.imagenet_vid import LAYOUT
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames

TRAIN = "train/ILSVRC2015_VID_train_0000"


def target(track: int, box: tuple[int, int, int, int], *, occluded: int = 0, generated: int = 0) -> str:
    """Box: first and last column, first and last row of its pixels."""
    x1, x2, y1, y2 = box
    return (
        f"<object><trackid>{track}</trackid><name>n02691156</name>"
        f"<bndbox><xmax>{x2}</xmax><xmin>{x1}</xmin><ymax>{y2}</ymax><ymin>{y1}</ymin></bndbox>"
        f"<occluded>{occluded}</occluded><generated>{generated}</generated></object>"
    )


def frame(*targets: str) -> str:
    size = "<size><width>320</width><height>240</height></size>"
    return f"<annotation><folder>f</folder><filename>n</filename>{size}{''.join(targets)}</annotation>\n"


def make(root: Path, snippet: str, *files: str, frames: int | None = None) -> Path:
    annotations = root / "Annotations/VID" / snippet
    annotations.mkdir(parents=True)
    for number, text in enumerate(files):
        (annotations / f"{number:06d}.xml").write_text(text, encoding="utf-8")
    count = len(files) if frames is None else frames
    if count:
        write_frames(root / "Data/VID" / snippet, range(count), form="{:06d}.JPEG")
    return annotations


def read(root: Path, *, require_frames: bool = True) -> list[Sequence]:
    contents = [LAYOUT.read(entry, require_frames) for entry in LAYOUT.find(root)]
    return [sequence for content in contents if isinstance(content, tuple) for sequence in content]


BOX = (0, 9, 0, 19)


def test_each_track_is_a_sequence_with_its_boxes_and_flags(tmp_path: Path) -> None:
    make(
        tmp_path,
        f"{TRAIN}/s",
        frame(target(0, (3, 12, 4, 23)), target(7, (0, 0, 0, 0))),
        frame(target(7, BOX)),
        frame(target(0, BOX, occluded=1), target(7, BOX, generated=1)),
    )
    first, second = read(tmp_path)
    assert (first.name, second.name) == ("s-0", "s-7")
    assert first.visible.tolist() == [True, False, True]
    assert first.boxes_xywh[[0, 2]].tolist() == [[3, 4, 10, 20], [0, 0, 10, 20]]
    assert np.isnan(first.boxes_xywh[1]).all()
    assert second.boxes_xywh[0].tolist() == [0, 0, 1, 1]
    assert first.frame_attributes["OCC"].tolist() == [False, False, True]
    assert list(second.frame_attributes) == ["OCC"]  # that a box was made from others is no challenge
    assert first.size_wh == (320, 240)
    assert first.attributes is None
    assert first.origin == 0.0


def test_a_track_that_comes_late_begins_where_it_is_first_seen(tmp_path: Path) -> None:
    make(tmp_path, "val/s", frame(), frame(target(0, BOX)), frame(target(0, BOX, occluded=1)), frame())
    (sequence,) = read(tmp_path)
    assert sequence.visible.tolist() == [True, True, False]
    assert sequence.frame_attributes["OCC"].tolist() == [False, True, False]
    assert isinstance(sequence.frames, FileFrames)
    assert [sequence.frames.path(index).name for index in range(3)] == [f"00000{number}.JPEG" for number in (1, 2, 3)]


def test_a_snippet_without_targets_has_no_sequences(tmp_path: Path) -> None:
    make(tmp_path, "val/s", frame(), frame())
    assert read(tmp_path) == []


def test_parts_and_their_groups_are_found_in_order(tmp_path: Path) -> None:
    root = tmp_path / "ILSVRC2015"
    for snippet in ("train/ILSVRC2015_VID_train_0001/b", f"{TRAIN}/c", "val/a", "train/d"):
        make(root, snippet, frame(target(0, BOX)))
    for folder in (root, tmp_path):
        assert LAYOUT.matches(folder)
        assert [sequence.name for sequence in read(folder)] == ["c-0", "b-0", "d-0", "a-0"]
    for part in ("Data/VID/val", "Annotations/VID/val"):
        assert LAYOUT.matches(root / part)
        assert [sequence.name for sequence in read(root / part)] == ["a-0"]


def test_what_links_make_visible_twice_counts_once(tmp_path: Path) -> None:
    make(tmp_path, f"{TRAIN}/b", frame(target(0, BOX)))
    make(tmp_path, "val/a", frame(target(0, BOX)))
    for tree in ("Annotations", "Data"):
        (tmp_path / tree / "VID/train/a").symlink_to(tmp_path / tree / "VID" / TRAIN, target_is_directory=True)
        (tmp_path / tree / "VID/train/e").symlink_to(tmp_path / tree / "VID/val", target_is_directory=True)
    assert [sequence.name for sequence in read(tmp_path)] == ["b-0", "a-0"]


def test_annotations_are_enough_where_frames_are_not_required(tmp_path: Path) -> None:
    make(tmp_path, "val/s", frame(), frame(target(0, BOX)), frame(), frames=0)
    (sequence,) = read(tmp_path, require_frames=False)
    assert isinstance(sequence.frames, MissingFrames)
    assert len(sequence) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", r"000001\.xml cannot be read"),
        (frame(target(0, (9, 3, 0, 5))), r"000001\.xml: the box of track 0 has no area"),
        (frame(target(0, BOX), target(0, BOX)), r"000001\.xml: track 0 is there twice"),
        (frame(target(0, BOX).replace("<xmax>9", "<xmax>nan")), r"000001\.xml: xmax is 'nan'"),
        (frame(target(0, BOX).replace("trackid", "id")), r"000001\.xml: trackid is None"),
        (frame().replace("height", "depth"), r"000001\.xml: height is None"),
        ('<!DOCTYPE a [<!ENTITY x "y">]>' + frame(), r"000001\.xml has a document type"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    make(tmp_path, "val/s", frame(target(0, BOX)), text)
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    texts = [frame(target(0, BOX))] * 4
    annotations = make(tmp_path, "val/s", *texts)
    (annotations / "000001.xml").unlink()
    with pytest.raises(DatasetError, match=r"000002\.xml is where 000001\.xml belongs"):
        read(tmp_path)
    make(tmp_path / "b", "val/s", *texts, frames=3)
    with pytest.raises(DatasetError, match=r"XML files 0 to 3, but .* has 3 frames"):
        read(tmp_path / "b")
    make(tmp_path / "c", "val/s", *texts)
    (tmp_path / "c/Data/VID/val/s/000002.JPEG").unlink()
    with pytest.raises(DatasetError, match=r"000003\.JPEG is where frame 2 belongs"):
        read(tmp_path / "c")
