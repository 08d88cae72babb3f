"""The VOT layout, old and new: regions, tags, anchors, metadata, and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.vot import LAYOUT
from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames

BOXES = "1,2,30,40\n3,4,30,40\n5,6,30,40\n"


def make(folder: Path, regions: str = BOXES, *, count: int = 3, color: bool = True, **files: str) -> Path:
    """A sequence; file names have ``_`` for their dot."""
    write_frames(folder / "color" if color else folder, range(1, count + 1), form="{:08d}.jpg")
    (folder / "groundtruth.txt").write_text(regions, encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def read(root: Path, *, require_frames: bool = True) -> list[Sequence]:
    sequences = [LAYOUT.read(entry, require_frames) for entry in LAYOUT.find(root)]
    return [sequence for sequence in sequences if isinstance(sequence, Sequence)]


def test_boxes_count_from_0_and_regions_are_kept(tmp_path: Path) -> None:
    (sequence,) = read(make(tmp_path / "ball", "1,2,30,40\n0,0,10,0,10,20,0,20\nm3,4,2,1,1,1\n"))
    assert sequence.name == "ball"
    assert sequence.boxes_xywh.tolist() == [[1, 2, 30, 40], [0, 0, 10, 20], [4, 4, 1, 1]]
    assert sequence.regions is not None
    assert [type(region) for region in sequence.regions] == [Rectangle, Polygon, Mask]
    assert sequence.visible.all()
    assert sequence.origin == 0.0


def test_absent_targets_are_codes_or_regions_without_area(tmp_path: Path) -> None:
    (sequence,) = read(make(tmp_path / "ball", "1,2,30,40\n0\n0,0,0,0\nm0,0,0,0,0\nnan,nan,nan,nan\n", count=5))
    assert sequence.visible.tolist() == [True, False, False, False, False]
    assert sequence.regions is not None
    assert [type(region).__name__ for region in sequence.regions[1:]] == ["NoneType", "Rectangle", "Mask", "NoneType"]


def test_the_list_gives_the_order(tmp_path: Path) -> None:
    for name in ("ants", "ball", "crab"):
        make(tmp_path / name)
    (tmp_path / "list.txt").write_text("crab\nants\n", encoding="utf-8")
    assert [sequence.name for sequence in read(tmp_path)] == ["crab", "ants"]
    (tmp_path / "list.txt").unlink()
    assert [sequence.name for sequence in read(tmp_path)] == ["ants", "ball", "crab"]


def test_frames_lie_in_color_or_beside_the_ground_truth(tmp_path: Path) -> None:
    for name, color in (("new", True), ("old", False)):
        (sequence,) = read(make(tmp_path / name, color=color, camera_motion__label="0\n1\n0\n"))
        assert isinstance(sequence.frames, FileFrames)
        assert sequence.frames.folder == tmp_path / name / ("color" if color else "")
        assert len(sequence) == 3


def test_the_metadata_tell_where_the_frames_lie_and_their_size(tmp_path: Path) -> None:
    metadata = "channels.color=views\\rgb\\%08d.jpg\r\nfps=30\r\nheight=48\r\nname=ball\r\nwidth = 64\r\n"
    folder = make(tmp_path / "ball", color=False, sequence=metadata)
    write_frames(folder / "views/rgb", range(1, 4), form="{:08d}.jpg")
    (sequence,) = read(folder)
    assert isinstance(sequence.frames, FileFrames)
    assert sequence.frames.folder == folder / "views/rgb"
    assert sequence.size_wh == (64, 48)


def test_without_a_size_in_the_metadata_a_picture_is_asked(tmp_path: Path) -> None:
    folder = make(tmp_path / "ball", sequence="channels.color=color/\nwidth=64\n")
    cv2.imwrite(str(folder / "color/00000001.jpg"), np.zeros((48, 65, 3), np.uint8))
    (sequence,) = read(folder)
    assert sequence.size_wh is None
    assert sequence.picture_size() == (65, 48)


def test_tags_of_frames_go_by_common_names_and_may_end_early(tmp_path: Path) -> None:
    files = {
        "size_change__tag": "1\n",
        "illum_change__tag": "0\n1\n1\n0\n1\n",
        "dynamics__tag": "",
        "cover__label": "8\n",
    }
    (sequence,) = read(make(tmp_path / "ball", **files))
    flags = {name: tag.tolist() for name, tag in sequence.frame_attributes.items()}
    assert flags == {
        "IV": [False, True, True],
        "SV": [True, False, False],
        "dynamics": [False, False, False],
    }
    assert list(flags) == ["IV", "SV", "dynamics"]
    assert sequence.attributes is None


def test_anchors_are_signs(tmp_path: Path) -> None:
    (sequence,) = read(make(tmp_path / "ball", anchor__value="1.0\n0\n-1\n"))
    assert sequence.anchors is not None
    assert sequence.anchors.tolist() == [1, 0, -1]
    (short,) = read(make(tmp_path / "short", anchor__value="1\n"))
    assert short.anchors is not None
    assert short.anchors.tolist() == [1, 0, 0]
    (none,) = read(make(tmp_path / "none"))
    assert none.anchors is None


def test_annotations_alone_are_enough_to_score_by(tmp_path: Path) -> None:
    folder = make(tmp_path / "ball", count=0, sequence="channels.color=color/%08d.jpg\nwidth=64\nheight=48\n")
    (sequence,) = read(folder, require_frames=False)
    assert isinstance(sequence.frames, MissingFrames)
    assert len(sequence) == 3
    assert sequence.picture_size() == (64, 48)
    with pytest.raises(DatasetError, match="color"):
        read(folder)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sequence": "fps=30\n"}, True),
        ({"camera_motion__label": "0\n0\n0\n"}, True),
        ({"occlusion__tag": "0\n0\n0\n"}, True),
        ({"anchor__value": "1\n0\n0\n"}, True),
        ({"regions": "0,0,10,0,10,20,0,20\n" * 3}, True),
        ({"regions": "m3,4,2,1,1,1\n" * 3}, True),
        ({}, False),
        ({"absence__label": "0\n0\n0\n"}, False),
    ],
)
def test_old_sequences_are_told_from_other_sets(tmp_path: Path, files: dict[str, str], expected: bool) -> None:
    make(tmp_path / "set/ball", color=False, **files)
    assert LAYOUT.matches(tmp_path / "set") is expected
    assert LAYOUT.matches(tmp_path / "set/ball") is expected
    assert not LAYOUT.matches(tmp_path / "missing")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"regions": "1,2,30,40\n\n5,6,30,40\n"}, r"groundtruth.txt, line 2: '' is no region"),
        ({"regions": "1,2,30,40\n1,2,3\n5,6,30,40\n"}, r"groundtruth.txt, line 2: '1,2,3' is no region"),
        ({"regions": "1,2,30,40\n1,2,3,4\nm1,1,1,1,5\n"}, r"groundtruth.txt, line 3: a mask's runs"),
        ({"regions": "1,2,30,40\n"}, r"1 lines for 3 frames"),
        ({"regions": ""}, r"groundtruth.txt is empty"),
        ({"occlusion__tag": "0\n2\n"}, r"occlusion.tag, line 2: '2'"),
        ({"anchor__value": "1\nx\n"}, r"anchor.value, line 2: 'x'"),
        ({"anchor__value": "nan\n"}, r"anchor.value, line 1: 'nan'"),
        ({"sequence": "channels.color=../color/%08d.jpg\n"}, r"sequence: channels.color is '../color"),
        ({"sequence": "channels.color=/color/%08d.jpg\n"}, r"sequence: channels.color is '/color"),
    ],
)
def test_what_is_broken_is_named_with_file_and_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    make(tmp_path / "ball", **files)
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "ball")
    (folder / "color/00000002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"00000003.jpg is where frame 00000002 belongs"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        ("ball\nant\n", r"list.txt, line 2: there is no folder .*ant"),
        ("ball\nball\n", r"list.txt, line 2: ball is listed twice"),
        ("../ball\n", r"list.txt, line 1: '../ball', expected the name of a folder"),
    ],
)
def test_a_broken_list_is_named_with_the_line(tmp_path: Path, listing: str, message: str) -> None:
    make(tmp_path / "ball")
    (tmp_path / "list.txt").write_text(listing, encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)
