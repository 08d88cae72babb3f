"""Files of boxes and flags: what is read, and which line is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets.boxfile import check_boxes, read_boxes, read_digits
from sdst_runtime.errors import DatasetError


def file(folder: Path, text: str) -> Path:
    path = folder / "boxes.txt"
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.mark.parametrize(
    "text", ["1,2,3,4\n5,6,7,8\n", "1\t2\t3\t4\n5\t6\t7\t8", "1 2  3 4\n5 6 7 8", "1;2;3;4\n5; 6;7 ;8"]
)
def test_read_boxes_takes_any_separator_where_it_is_left_open(tmp_path: Path, text: str) -> None:
    assert read_boxes(file(tmp_path, text), origin=1.0, separator=None).tolist() == [[0, 1, 3, 4], [4, 5, 7, 8]]


def test_read_boxes_takes_separators_that_change_from_line_to_line(tmp_path: Path) -> None:
    assert read_boxes(file(tmp_path, "1,2,3,4\n5 6\t7;8"), origin=0.0, separator=None).tolist()[1] == [5, 6, 7, 8]


def test_read_boxes_keeps_nan_where_it_is_allowed(tmp_path: Path) -> None:
    path = file(tmp_path, "1,2,3,4\nNaN,NaN,NaN,NaN\n")
    boxes = read_boxes(path, origin=1.0, finite=False)
    assert boxes[0].tolist() == [0, 1, 3, 4]
    assert np.isnan(boxes[1]).all()
    with pytest.raises(DatasetError, match=r"boxes\.txt, line 2: nan,nan,nan,nan is not finite"):
        read_boxes(path, origin=1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4\n\n1,2,3,4", "line 2: '' is not x,y,w,h"),
        ("1,2,3,4\n1,,2,3\n", "line 2: '1,,2,3' is not x,y,w,h"),
        ("1,2,3,4\n1,2,3,4,5\n", "line 2: 5 numbers, expected x,y,w,h"),
        ("x,y,w,h\n1,2,3,4\n", "line 1: 'x,y,w,h' is not x,y,w,h, 4 numbers"),
        ("1,2,3\n1,2,3\n", "line 1: 3 numbers"),
        ("# 1\n", "line 1: '# 1'"),
        ("", "is empty"),
        ("  \n\n", "is empty"),
    ],
)
@pytest.mark.parametrize("separator", [",", None])
def test_read_boxes_names_the_line(tmp_path: Path, text: str, message: str, separator: str | None) -> None:
    with pytest.raises(DatasetError, match=message):
        read_boxes(file(tmp_path, text), origin=1.0, separator=separator)


@pytest.mark.parametrize("text", ["0,1,1", "0\n1\n1\n", "\ufeff0\r\n1\r\n1\r\n", "0, 1, 1\n"])
def test_read_digits_takes_one_line_or_many(tmp_path: Path, text: str) -> None:
    assert read_digits(file(tmp_path, text)).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1,2", "line 1, entry 3: '2', expected 0 or 1"),
        ("0\n1\n\n1", "line 3: ''"),
        ("0\n10\n1", "line 2: '10'"),
        ("0,1,", "line 1, entry 3: ''"),
        ("0\n/\n1", "line 2: '/'"),
        ("0\n²\n1", "line 2: '²'"),
    ],
)
def test_read_digits_names_the_entry(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_digits(file(tmp_path, text))


def test_read_digits_takes_grades_up_to_the_highest(tmp_path: Path) -> None:
    assert read_digits(file(tmp_path, "8\n0"), highest=8).tolist() == [8, 0]
    with pytest.raises(DatasetError, match="line 1: '9', expected 0 to 8"):
        read_digits(file(tmp_path, "9\n0"), highest=8)


def test_check_boxes_looks_at_visible_targets_alone() -> None:
    boxes = np.array([(0, 0, 1, 1), (np.nan, 0, 1, 1), (0, 0, 0, 1)])
    check_boxes(Path("gt"), boxes, np.array([True, False, False]))
    with pytest.raises(DatasetError, match=r"gt, line 2: .* not finite"):
        check_boxes(Path("gt"), boxes, np.array([True, True, True]))
    with pytest.raises(DatasetError, match=r"gt, line 3: .* no area"):
        check_boxes(Path("gt"), boxes, np.array([True, False, True]))
