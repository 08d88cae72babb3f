"""Files of boxes as toolkits write and read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdst_edge.datasets import Sequence
from sdst_edge.evaluation import Trajectory
from sdst_edge.evaluation.raw_results import is_written, read_repetitions, read_result, rounded, write_result
from sdst_edge.evaluation.result_names import find_result
from sdst_runtime.errors import DatasetError

BOXES = np.array([(0.0, 1.5, 20.0, 10.0), (3.123456, -4.0, 20.0, 10.0), (5.0, 6.0, 20.00005, 10.0)])


def sequence(origin: float = 1.0) -> Sequence:
    frames = [np.zeros((4, 4, 3), np.uint8)] * 3
    return Sequence(name="car", frames=frames, boxes_xywh=BOXES, visible=np.ones(3, np.bool_), origin=origin)


def trajectory(**changes: Any) -> Trajectory:
    seconds = np.array([0.5, 0.25, 0.125])
    return Trajectory(**{"name": "car", "boxes_xywh": BOXES, "seconds": seconds, **changes})


def test_write_result_lays_files_out_as_got10k_does(tmp_path: Path) -> None:
    write_result(tmp_path, sequence(), trajectory(), "got10k")
    boxes = (tmp_path / "car" / "car_001.txt").read_text(encoding="utf-8").splitlines()
    assert [float(value) for value in boxes[1].split(",")] == [4.1235, -3.0, 20.0, 10.0]
    assert len(boxes) == 3
    assert np.loadtxt(tmp_path / "car" / "car_time.txt").tolist() == [0.5, 0.25, 0.125]
    assert sorted(path.name for path in (tmp_path / "car").iterdir()) == ["car_001.txt", "car_time.txt"]


def test_write_result_lays_files_out_as_otb_does(tmp_path: Path) -> None:
    write_result(tmp_path, sequence(origin=0.0), trajectory(), "otb")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.txt")) == [
        "car.txt",
        "times/car_time.txt",
    ]
    assert (tmp_path / "car.txt").read_text(encoding="utf-8").startswith("0.0000,1.5000,20.0000,10.0000\n")


@pytest.mark.parametrize("form", ["got10k", "otb"])
@pytest.mark.parametrize("origin", [0.0, 1.0])
def test_read_result_gives_again_what_was_written_to_the_last_bit(tmp_path: Path, form: Any, origin: float) -> None:
    generator = np.random.default_rng(0)
    kept = rounded(generator.uniform(-50, 4000, (3, 4)), origin=origin)
    write_result(tmp_path, sequence(origin), trajectory(boxes_xywh=kept), form)
    found = read_result(tmp_path, sequence(origin))
    np.testing.assert_array_equal(found.boxes_xywh, kept)
    assert found.seconds is not None
    assert found.seconds.tolist() == [0.5, 0.25, 0.125]


@pytest.mark.parametrize("separator", [",", "\t", " ", ", ", "   "])
def test_read_result_takes_any_separator(tmp_path: Path, separator: str) -> None:
    lines = [separator.join(("1", "2", "3", "4.5")) for _ in range(3)]
    (tmp_path / "car.txt").write_text("\r\n".join(lines) + "\n\n", encoding="utf-8-sig")
    assert read_result(tmp_path, sequence()).boxes_xywh.tolist() == [[0.0, 1.0, 3.0, 4.5]] * 3


def test_read_result_keeps_what_is_for_the_rule_to_judge(tmp_path: Path) -> None:
    (tmp_path / "car.txt").write_text("1,1,1,1\nNaN,nan,0,-2\n", encoding="utf-8")
    found = read_result(tmp_path, sequence()).boxes_xywh
    assert found.shape == (2, 4)
    np.testing.assert_array_equal(found[1], [np.nan, np.nan, 0.0, -2.0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3,4\n1,2,3\n", r"car\.txt, line 2: 3 numbers, expected 4"),
        ("1,2,3,4\n\n1,2,3,4\n", r"car\.txt, line 2: 0 numbers"),
        ("1,2,3,4\n1,2,three,4\n", r"car\.txt, line 2: '1,2,three,4'"),
        ("", r"car\.txt is empty"),
    ],
)
def test_read_result_names_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "car.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        read_result(tmp_path, sequence())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Jogging-2", "Jogging.2.txt"),
        ("Jogging-2", "jogging_2.txt"),
        ("Skating2-1", "Skating2.1/Skating2.1_001.txt"),
        ("Human4-2", "Human4.txt"),
        ("Human4-2", "human4_2.txt"),
        ("CarDark", "carDark.txt"),
        ("FaceOcc1", "faceocc1.txt"),
        ("bird1_1", "uav_bird1_1.txt"),
    ],
)
def test_find_result_knows_the_names_of_toolkits(tmp_path: Path, name: str, file: str) -> None:
    for other in ("Jogging.1.txt", "Car1.txt", "uav_bird1_2.txt", file):
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_text("1,1,1,1\n", encoding="utf-8")
    assert find_result(tmp_path, name) == tmp_path / file


def test_find_result_takes_a_sequences_own_name_before_all_others_and_does_not_guess(tmp_path: Path) -> None:
    for name in ("Human4", "human4_2", "JOGGING.1", "Jogging_1"):
        (tmp_path / f"{name}.txt").write_text("1,1,1,1\n", encoding="utf-8")
    assert find_result(tmp_path, "Human4-2") == tmp_path / "human4_2.txt"
    (tmp_path / "Human4-2.txt").write_text("1,1,1,1\n", encoding="utf-8")
    assert find_result(tmp_path, "Human4-2") == tmp_path / "Human4-2.txt"
    assert find_result(tmp_path, "Jogging-1") is None
    assert find_result(tmp_path, "Jogging") is None


def test_read_result_finds_times_beside_a_file_of_another_name(tmp_path: Path) -> None:
    (tmp_path / "CAR.txt").write_text("1,1,1,1\n" * 3, encoding="utf-8")
    (tmp_path / "CAR_time.txt").write_text("1\n2\n3\n", encoding="utf-8")
    seconds = read_result(tmp_path, sequence()).seconds
    assert seconds is not None
    assert seconds.tolist() == [1.0, 2.0, 3.0]


def test_is_written_looks_at_what_was_written_alone(tmp_path: Path) -> None:
    (tmp_path / "CAR.txt").write_text("1,1,1,1\n" * 3, encoding="utf-8")
    assert not is_written(tmp_path, sequence(), "otb")
    write_result(tmp_path, sequence(), trajectory(boxes_xywh=BOXES[:2], seconds=None), "otb")
    assert not is_written(tmp_path, sequence(), "otb")
    write_result(tmp_path, sequence(), trajectory(), "otb")
    assert is_written(tmp_path, sequence(), "otb")
    assert not is_written(tmp_path, sequence(), "got10k")


def test_read_result_names_the_files_that_it_expects(tmp_path: Path) -> None:
    assert find_result(tmp_path, "car") is None
    with pytest.raises(DatasetError, match=r"expected car\.txt or car/car_001\.txt"):
        read_result(tmp_path, sequence())


@pytest.mark.parametrize("times", ["0.5\n0.5\n", "0.5\nfast\n0.5\n", "0.5\n-1\n0.5\n", "nan\n1\n1\n"])
def test_read_result_leaves_out_times_that_do_not_fit(tmp_path: Path, times: str) -> None:
    write_result(tmp_path, sequence(), trajectory(seconds=None), "otb")
    (tmp_path / "car_time.txt").write_text(times, encoding="utf-8")
    assert read_result(tmp_path, sequence()).seconds is None


def test_read_result_takes_times_of_several_repetitions(tmp_path: Path) -> None:
    write_result(tmp_path, sequence(), trajectory(seconds=None), "got10k")
    (tmp_path / "car" / "car_time.txt").write_text("1,9\n2,9\n3,9\n", encoding="utf-8")
    seconds = read_result(tmp_path, sequence()).seconds
    assert seconds is not None
    assert seconds.tolist() == [1.0, 2.0, 3.0]


def test_read_repetitions_takes_each_run_of_got10ks_toolkit(tmp_path: Path) -> None:
    write_result(tmp_path, sequence(), trajectory(), "got10k")
    text = (tmp_path / "car" / "car_001.txt").read_text(encoding="utf-8")
    for name in ("car_002.txt", "car_003.txt", "car_notes.txt", "cart_002.txt"):
        (tmp_path / "car" / name).write_text(text.replace("20.0", "30.0"), encoding="utf-8")
    runs = read_repetitions(tmp_path, sequence())
    assert [run.boxes_xywh[0].tolist() for run in runs] == [[0.0, 1.5, 20.0, 10.0]] + 2 * [[0.0, 1.5, 30.0, 10.0]]
    assert runs[0].seconds is not None
    (tmp_path / "car.txt").write_text(text, encoding="utf-8")
    assert len(read_repetitions(tmp_path, sequence())) == 1  # the other form knows of one run
