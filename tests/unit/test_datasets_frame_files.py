"""Folders of frames: order, gaps, and names in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_edge.datasets.frame_files import (
    MissingFrames,
    NumberedNames,
    list_pictures,
    numbered_from,
    numbered_names,
)
from sdst_runtime.errors import DatasetError


def folder(path: Path, names: list[str]) -> Path:
    path.mkdir(exist_ok=True)
    for name in names:
        (path / name).touch()
    return path


def test_list_pictures_goes_by_numbers_and_leaves_other_files_out(tmp_path: Path) -> None:
    names = ["10.jpg", "9.JPG", "1.png", "._1.jpg", "boxes.txt", "notes"]
    assert list_pictures(folder(tmp_path / "img", names)) == ["1.png", "9.JPG", "10.jpg"]


def test_list_pictures_names_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"img cannot be read: .*; expected a folder of frames"):
        list_pictures(tmp_path / "img")


@pytest.mark.parametrize(
    "names",
    [
        [f"{number:08d}.jpg" for number in range(1, 13)],
        [f"{number}.jpg" for number in range(8, 13)],
        [f"img{number:05d}.png" for number in range(99998, 100003)],
        [f"100%_{number:03d}.bmp" for number in range(3)],
        ["0.jpg"],
    ],
)
def test_numbered_names_are_the_same_names(names: list[str]) -> None:
    short = numbered_names(names)
    assert isinstance(short, NumberedNames)
    assert list(short) == names
    assert short[-1] == names[-1]
    assert short[1:3] == tuple(names[1:3])


@pytest.mark.parametrize(
    "names", [[], ["a.jpg"], ["1.jpg", "3.jpg"], ["1.jpg", "2.png"], ["01.jpg", "2.jpg"], ["1.jpg", "1.jpg"]]
)
def test_numbered_names_refuse_gaps_and_other_forms(names: list[str]) -> None:
    assert numbered_names(names) is None


def test_numbered_from_names_the_file_after_a_gap(tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"^frame 00000003 is missing: .*00000004\.jpg is where frame 00000003 belongs"
    ):
        numbered_from(folder(tmp_path, ["00000001.jpg", "00000002.jpg", "00000004.jpg"]), 1)


def test_numbered_from_wants_the_first_number(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"2\.jpg is where frame 00000001 belongs"):
        numbered_from(folder(tmp_path, ["2.jpg", "3.jpg"]), 1)


def test_numbered_from_keeps_names_of_mixed_forms(tmp_path: Path) -> None:
    frames = numbered_from(folder(tmp_path, ["1.jpg", "2.png"]), 1)
    assert tuple(frames.names) == ("1.jpg", "2.png")
    assert frames.path(1) == tmp_path / "2.png"


def test_names_out_of_range_raise() -> None:
    with pytest.raises(IndexError):
        NumberedNames("", 8, ".jpg", 1, 3)[3]


def test_missing_frames_say_what_to_fetch(tmp_path: Path) -> None:
    frames = MissingFrames(tmp_path / "img", 5)
    assert len(frames) == 5
    with pytest.raises(DatasetError, match="img holds no frames, and frame 3 is needed"):
        frames[2]
