"""A plain folder of frames and one file of boxes, in the forms that such files have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.datasets.boxtable import read_box_table
from sdst_edge.datasets.layouts.folder import LAYOUT
from sdst_edge.workflows.track import CSV_HEADER
from sdst_runtime.errors import DatasetError

EXPECTED = [[1, 2, 10, 20], [3, 4, 10, 20]]


def table(folder: Path, text: str) -> Path:
    path = folder / "boxes.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "1,2,10,20\n3,4,10,20\n",
        "1 2 10 20\n3\t4\t10\t20\n",
        "1;2;10;20\n3;4;10;20\n",
        "x,y,w,h\n1,2,10,20\n3,4,10,20\n",
        "# h, w, y, x\n20, 10, 2, 1\n20, 10, 4, 3\n",
        "frame,x,y,w,h\n2,3,4,10,20\n1,1,2,10,20\n",
        "frame,x,y,w,h\n0,1,2,10,20\n1,3,4,10,20\n",
        "xmin;ymin;xmax;ymax;label\n1;2;11;22;car\n3;4;13;24;car\n",
        'Frame_ID,"Left","Top","Width","Height"\n1,1,2,10,20\n2,3,4,10,20\n',
        "1,7,1,2,10,20,1,-1,-1,-1\n2,7,3,4,10,20,1,-1,-1,-1\n",
        "1,2,11,2,11,22,1,22\n3,4,13,4,13,24,3,24\n",
        "x1,y1,x2,y2,x3,y3,x4,y4\n1,12,6,2,11,12,6,22\n3,14,8,4,13,14,8,24\n",
        f"{CSV_HEADER}\n1,1,2,10,20,1.0,1\n2,3,4,10,20,0.9,1\n",
    ],
)
def test_box_table_reads_common_forms(tmp_path: Path, text: str) -> None:
    read = read_box_table(table(tmp_path, text), 2)
    assert read.boxes_xywh.tolist() == EXPECTED
    assert read.visible.all()


@pytest.mark.parametrize(
    "text",
    [
        "1,2,10,20\nnan,nan,nan,nan\n3,4,10,20\n",
        "frame,x,y,w,h\n1,1,2,10,20\n3,3,4,10,20\n",
        "x,y,w,h,visible\n1,2,10,20,1\n0,0,0,0,0\n3,4,10,20,1\n",
        "x,y,w,h,absent\n1,2,10,20,0\n0,0,0,0,1\n3,4,10,20,0\n",
        "1,7,1,2,10,20,1\n3,7,3,4,10,20,1\n",
        "1,2,10,20\n0,0,0,0\n3,4,10,20\n",
        "1,2,11,2,11,22,1,22\n0,0,0,0,0,0,0,0\n3,4,13,4,13,24,3,24\n",
    ],
)
def test_box_table_knows_absent_targets(tmp_path: Path, text: str) -> None:
    for frames in (3, None):
        read = read_box_table(table(tmp_path, text), frames)
        assert read.visible.tolist() == [True, False, True]
        assert read.boxes_xywh[[0, 2]].tolist() == EXPECTED
        assert np.isnan(read.boxes_xywh[1]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("x,y,w,h\n", "a header and no rows"),
        ("1,2,3,4,5\n", "line 1: 5 numbers, expected x,y,w,h, the 8"),
        ("frame,score\n1,0.5\n", "line 1: the columns frame,score hold no box"),
        ("x,left,y,w,h\n1,1,2,3,4\n", "line 1: two columns of .* mean x"),
        ("1,2,10,20\n1,2,10\n", "line 2: 3 entries, expected 4"),
        ("x,y,w,h\n1,2,10,20\n1,2,car,20\n", "line 3: '1,2,car,20' has something else"),
        ("1,2,10,20\n1,2,0,20\n", "line 2: the box has no area"),
        ("1,2,10,20\n1,nan,10,20\n", "line 2: the box is not finite"),
        ("1,2,10,20\n1,inf,10,20\n", "line 2: the box is not finite"),
        ("1,2,10,20\n", "1 lines for 2 frames .line 1 is the last"),
        ("1,2,10,20\n1,2,10,20\n1,2,10,20\n", "3 lines for 2 frames .line 3 has no frame"),
        ("frame,x,y,w,h\n1,1,2,10,20\n3,1,2,10,20\n", "line 3: frame 3, expected 1 to 2, as there are 2 frames"),
        ("frame,x,y,w,h\n1,1,2,10,20\n1,1,2,10,20\n", "line 3: frame 1 is there twice"),
        ("frame,x,y,w,h\n1,1,2,10,20\n1.5,1,2,10,20\n", "line 3: frame 1.5, expected 1 to 2"),
        ("1,7,1,2,10,20\n2,8,3,4,10,20\n", "line 2: target 8 after 7; expected one target a file"),
    ],
)
def test_box_table_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=r"boxes\.csv.*" + message):
        read_box_table(table(tmp_path, text), 2)


@pytest.mark.parametrize("number", ["nan", "inf", "1e300", "-2"])
def test_box_table_names_a_frame_that_no_video_has(tmp_path: Path, number: str) -> None:
    with pytest.raises(DatasetError, match=r"boxes\.csv, line 2: frame "):
        read_box_table(table(tmp_path, f"frame,x,y,w,h\n{number},1,2,10,20\n"), None)


def make(folder: Path, boxes: str, text: str, *, frames: int = 2) -> Path:
    folder.mkdir(parents=True)
    for number in range(frames):
        (folder / f"shot{number + 7:04d}.png").touch()
    (folder / boxes).write_text(text, encoding="utf-8")
    return folder


def read(root: Path, *, require_frames: bool = True) -> Sequence:
    (entry,) = LAYOUT.find(root)
    sequence = LAYOUT.read(entry, require_frames)
    assert isinstance(sequence, Sequence)
    return sequence


@pytest.mark.parametrize(
    ("boxes", "text", "origin"),
    [
        ("boxes.csv", "1,2,10,20\n3,4,10,20\n", 0.0),
        ("clip.txt", "1,2,10,20\n3,4,10,20\n", 0.0),
        ("../clip.csv", "x,y,w,h\n1,2,10,20\n3,4,10,20\n", 0.0),
        ("../boxes.txt", "1,2,10,20\n3,4,10,20\n", 0.0),
        ("groundtruth.txt", "2,3,10,20\n4,5,10,20\n", 1.0),
        ("groundtruth_rect.txt", "2\t3\t10\t20\n4\t5\t10\t20\n", 1.0),
        ("groundtruth.txt", "x,y,w,h\n1,2,10,20\n3,4,10,20\n", 0.0),
        ("gt.txt", "1,7,2,3,10,20\n2,7,4,5,10,20\n", 1.0),
    ],
)
def test_folder_finds_its_boxes_and_their_origin(tmp_path: Path, boxes: str, text: str, origin: float) -> None:
    root = make(tmp_path / "clip", boxes, text)
    assert LAYOUT.matches(root)
    clip = read(root)
    assert (clip.name, clip.origin, clip.attributes) == ("clip", origin, None)
    assert clip.boxes_xywh.tolist() == EXPECTED
    assert [clip.frames.names[index] for index in (0, 1)] == ["shot0007.png", "shot0008.png"]  # type: ignore[attr-defined]


def test_folder_without_pictures_is_read_from_its_boxes(tmp_path: Path) -> None:
    root = make(tmp_path / "clip", "boxes.csv", "1,2,10,20\n3,4,10,20\n", frames=0)
    assert len(read(root, require_frames=False)) == 2
    with pytest.raises(DatasetError, match="clip holds no frames"):
        read(root)


def test_folder_names_what_it_looked_for(tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    with pytest.raises(DatasetError, match=r"has no file of boxes; expected groundtruth\.txt, "):
        LAYOUT.find(tmp_path / "clip")
