"""The LaSOT layout: what is read, and which fault in which line is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.lasot import LAYOUT
from sdst_runtime.errors import DatasetError

BOXES = "1,1,10,20\n2,3,10,20\n0,0,0,0\n4,5,10,20\n"


def make(
    root: Path, name: str, *, boxes: str = BOXES, frames: int = 4, occlusion: str = "0,0,1,0", view: str = "0,0,0,0\n"
) -> Path:
    folder = root / name.rpartition("-")[0] / name
    (folder / "img").mkdir(parents=True)
    for number in range(1, frames + 1):
        (folder / "img" / f"{number:08d}.jpg").touch()
    (folder / "groundtruth.txt").write_text(boxes, encoding="utf-8")
    (folder / "full_occlusion.txt").write_text(occlusion, encoding="utf-8")
    (folder / "out_of_view.txt").write_text(view, encoding="utf-8")
    return folder


def read(root: Path, *, require_frames: bool = True) -> list[Sequence]:
    sequences = [LAYOUT.read(entry, require_frames) for entry in LAYOUT.find(root)]
    assert all(isinstance(sequence, Sequence) for sequence in sequences)
    return sequences  # type: ignore[return-value]


def test_lasot_moves_boxes_to_origin_0_and_reads_both_flags(tmp_path: Path) -> None:
    make(tmp_path, "dog-3", view="0,1,0,0\n")
    (dog,) = read(tmp_path)
    assert dog.name == "dog-3"
    assert dog.boxes_xywh[[0, 3]].tolist() == [[0, 0, 10, 20], [3, 4, 10, 20]]
    assert dog.visible.tolist() == [True, False, False, True]
    assert {name: flags.tolist() for name, flags in dog.frame_attributes.items()} == {
        "FOC": [False, False, True, False],
        "OV": [False, True, False, False],
    }
    assert (dog.attributes, dog.origin) == (None, 1.0)
    assert isinstance(dog.frames, FileFrames)
    assert dog.frames.path(3) == tmp_path / "dog" / "dog-3" / "img" / "00000004.jpg"


def test_lasot_counts_its_sequences_by_number(tmp_path: Path) -> None:
    for name in ("dog-10", "dog-2", "car-1"):
        make(tmp_path, name)
    assert [sequence.name for sequence in read(tmp_path)] == ["car-1", "dog-2", "dog-10"]


def test_lasot_may_lie_flat_or_be_one_sequence(tmp_path: Path) -> None:
    folder = make(tmp_path, "dog-2")
    for root in (folder.parent, folder):
        assert LAYOUT.matches(root)
        assert [sequence.name for sequence in read(root)] == ["dog-2"]


@pytest.mark.parametrize("place", ["LaSOT/att", "LaSOT/annos/att", "annos/att"])
def test_lasot_finds_the_attributes_of_the_toolkit(tmp_path: Path, place: str) -> None:
    make(tmp_path / "LaSOT", "dog-2")
    make(tmp_path / "LaSOT", "dog-3")
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "dog-2.txt").write_text("0,1,0,0,0,0,0,0,0,0,1,0,0,1\n", encoding="utf-8")
    assert [sequence.attributes for sequence in read(tmp_path / "LaSOT")] == [("POC", "FM", "ARC"), None]


def test_lasot_takes_any_row_where_the_target_is_absent(tmp_path: Path) -> None:
    make(tmp_path, "dog-2", boxes="1,1,10,20\nnan,nan,nan,nan\n-5,0,0,0\n4,5,10,20\n", occlusion="0,1,1,0")
    assert read(tmp_path)[0].visible.tolist() == [True, False, False, True]


def test_lasot_has_boxes_without_area_that_no_flag_explains(tmp_path: Path) -> None:
    """Frame 118 of tiger-6 and frame 553 of lion-5, both of the test set: its toolkit scores them as misses."""
    make(tmp_path, "tiger-6", boxes="1,1,10,20\n613,731,247,-11\n0,0,0,0\n4,5,10,20\n")
    (tiger,) = read(tmp_path)
    assert tiger.visible.tolist() == [True, False, False, True]
    assert tiger.marked_visible.tolist() == [True, True, False, True]
    assert tiger.boxes_xywh[1].tolist() == [612, 730, 247, -11]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"boxes": "1,1,10,20\n1,1,10\n0,0,0,0\n4,5,10,20\n"}, r"groundtruth\.txt, line 2: 3 numbers"),
        ({"boxes": "1,1,10,20\nnan,1,10,20\n0,0,0,0\n4,5,10,20\n"}, r"groundtruth\.txt, line 2: .* not finite"),
        ({"boxes": "1,1,10,20\n"}, r"groundtruth\.txt: 1 lines for 4 frames .line 1 is the last"),
        ({"frames": 3}, r"groundtruth\.txt: 4 lines for 3 frames .line 4 has no frame"),
        ({"frames": 0}, "img holds no frames"),
        ({"occlusion": "0,0,1"}, r"full_occlusion\.txt: 3 flags for 4 frames"),
        ({"occlusion": "0,0,2,0"}, r"full_occlusion\.txt, line 1, entry 3: '2'"),
        ({"view": "0,0,0,0,0"}, r"out_of_view\.txt: 5 flags for 4 frames"),
    ],
)
def test_lasot_names_what_is_broken(tmp_path: Path, fault: dict[str, object], message: str) -> None:
    make(tmp_path, "dog-2", **fault)  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


@pytest.mark.parametrize("name", ["groundtruth.txt", "full_occlusion.txt", "out_of_view.txt"])
def test_lasot_names_a_file_that_is_missing(tmp_path: Path, name: str) -> None:
    (make(tmp_path, "dog-2") / name).unlink()
    with pytest.raises(DatasetError, match=f"dog-2/{name} does not exist"):
        read(tmp_path)


def test_lasot_names_a_frame_that_is_missing(tmp_path: Path) -> None:
    (make(tmp_path, "dog-2") / "img" / "00000002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"00000003\.jpg is where frame 00000002 belongs"):
        read(tmp_path)


def test_lasot_names_an_attribute_file_of_another_length(tmp_path: Path) -> None:
    make(tmp_path, "dog-2")
    (tmp_path / "att").mkdir()
    (tmp_path / "att" / "dog-2.txt").write_text("0,1,0\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"att/dog-2\.txt, line 1: 3 flags, expected 14: IV,POC"):
        read(tmp_path)


def test_lasot_cuts_the_sequence_that_its_makers_cut_short(tmp_path: Path) -> None:
    make(tmp_path, "monkey-17", frames=6, occlusion="0,0,1,0,0,0")
    (monkey,) = read(tmp_path)
    assert len(monkey) == 4
    assert monkey.visible.tolist() == [True, True, False, True]


def test_lasot_without_pictures_is_read_from_its_annotations(tmp_path: Path) -> None:
    make(tmp_path, "dog-2", frames=0)
    (dog,) = read(tmp_path, require_frames=False)
    assert isinstance(dog.frames, MissingFrames)
    assert len(dog) == 4


@pytest.mark.parametrize("root", ["toolkit", "toolkit/annos"])
def test_lasot_reads_the_annotations_of_the_toolkit(tmp_path: Path, root: str) -> None:
    for place, text in (("", BOXES), ("absent/", "0\n0\n1\n0\n"), ("att/", "1" + ",0" * 13)):
        path = tmp_path / "toolkit" / "annos" / f"{place}dog-2.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert LAYOUT.matches(tmp_path / root)
    (dog,) = read(tmp_path / root, require_frames=False)
    assert (dog.name, dog.attributes, dog.origin) == ("dog-2", ("IV",), 1.0)
    assert dog.visible.tolist() == [True, True, False, True]
    assert list(dog.frame_attributes) == ["absence"]
    np.testing.assert_array_equal(dog.boxes_xywh[1], (1, 2, 10, 20))
    with pytest.raises(DatasetError, match=r"dog-2\.txt has no frames beside it"):
        read(tmp_path / root)
