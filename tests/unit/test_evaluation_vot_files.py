"""Result files of the VOT protocols: what is written, read, resumed, and what can be wrong with them."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets.region import Mask, Polygon, Rectangle
from sdst_edge.datasets.region_text import SpecialCode
from sdst_edge.evaluation.vot import PROTOCOLS, SequenceRuns, SupervisedProtocol
from sdst_edge.evaluation.vot.result_files import read_run
from sdst_runtime.errors import DatasetError
from tests.vot_clips import ScriptedTracker, clip, moving_boxes

SUPERVISED, MULTISTART = PROTOCOLS["vot2018"], PROTOCOLS["vot2020"]
SEQUENCE = clip(moving_boxes(12), name="ball", anchors={0: 1, 5: 1, 7: -1})


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_a_supervised_run_is_a_file_of_boxes_and_codes(tmp_path: Path) -> None:
    tracker = ScriptedTracker(lambda index: (5.5 + index, 10, 20, 16) if index != 3 else (80, 60, 5, 5))
    runs = SUPERVISED.run(tracker, SEQUENCE)
    SUPERVISED.write(tmp_path, "mine", runs)
    files = texts(tmp_path / "mine/baseline/ball")
    assert sorted(files) == ["ball_001.txt", "ball_001_time.value"]
    assert files["ball_001.txt"].splitlines()[:9] == [
        "1", "6.5,10,20,16", "7.5,10,20,16", "2", "0", "0", "0", "0", "1",
    ]  # fmt: skip
    assert len(files["ball_001_time.value"].splitlines()) == 12


def test_a_run_from_an_anchor_is_named_by_it(tmp_path: Path) -> None:
    MULTISTART.write(tmp_path, "mine", MULTISTART.run(ScriptedTracker.perfect(SEQUENCE), SEQUENCE))
    files = texts(tmp_path / "mine/baseline/ball")
    assert sorted(name for name in files if name.endswith(".txt")) == [
        "ball_00000000.txt",
        "ball_00000005.txt",
        "ball_00000007.txt",
    ]
    assert files["ball_00000007.txt"].splitlines()[:2] == ["1", "11,10,20,16"]
    assert len(files["ball_00000007.txt"].splitlines()) == 8


@pytest.mark.parametrize("protocol", [SUPERVISED, MULTISTART])
def test_what_is_read_scores_as_what_was_run(protocol: SupervisedProtocol, tmp_path: Path) -> None:
    runs = protocol.run(ScriptedTracker(lambda index: (5 + index + 1 / 3, 10.1, 20, 16)), SEQUENCE)
    protocol.write(tmp_path, "mine", runs)
    again = protocol.read(tmp_path, "mine", SEQUENCE)
    assert [run.answers for run in again.runs] == [run.answers for run in runs.runs]
    seconds, seconds_again = runs.update_seconds(), again.update_seconds()
    assert seconds is not None
    assert seconds_again is not None
    assert seconds.tolist() == seconds_again.tolist()
    found, expected = protocol.score([(SEQUENCE, again)]), protocol.score([(SEQUENCE, runs)])
    assert found.overall["robustness"] == expected.overall["robustness"]
    assert found.sequences[0].scores == expected.sequences[0].scores


def test_a_sequence_is_done_when_its_last_file_is_there(tmp_path: Path) -> None:
    runs = MULTISTART.run(ScriptedTracker.perfect(SEQUENCE), SEQUENCE)
    assert not MULTISTART.is_done(tmp_path, "mine", SEQUENCE)
    MULTISTART.write(tmp_path, "mine", SequenceRuns(name="ball", runs=runs.runs[:2]))
    assert not MULTISTART.is_done(tmp_path, "mine", SEQUENCE)
    with pytest.raises(DatasetError, match=r"holds no ball_00000007.txt or .bin"):
        MULTISTART.read(tmp_path, "mine", SEQUENCE)
    MULTISTART.write(tmp_path, "mine", runs)
    assert MULTISTART.is_done(tmp_path, "mine", SEQUENCE)


def test_repetitions_are_all_read_and_needed(tmp_path: Path) -> None:
    thrice = SupervisedProtocol(name="thrice", low=2, high=4, repetitions=3)
    runs = thrice.run(ScriptedTracker.perfect(SEQUENCE), SEQUENCE)
    thrice.write(tmp_path, "mine", SequenceRuns(name="ball", runs=runs.runs[:2]))
    assert not thrice.is_done(tmp_path, "mine", SEQUENCE)
    assert SUPERVISED.is_done(tmp_path, "mine", SEQUENCE)
    assert len(SUPERVISED.read(tmp_path, "mine", SEQUENCE).runs) == 2
    thrice.write(tmp_path, "mine", runs)
    assert thrice.is_done(tmp_path, "mine", SEQUENCE)


def test_other_files_beside_the_results_are_passed_over(tmp_path: Path) -> None:
    SUPERVISED.write(tmp_path, "mine", SUPERVISED.run(ScriptedTracker.perfect(SEQUENCE), SEQUENCE))
    folder = tmp_path / "mine/baseline/ball"
    for name in ("ball_time.txt", "ball_002_time.txt", "ball_0001.txt", "ball_001.txt.77.part", "fall_002.txt"):
        (folder / name).write_text("anything", encoding="utf-8")
    assert len(SUPERVISED.read(tmp_path, "mine", SEQUENCE).runs) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n5,10,20,16\n5,10,20\n" + "0\n" * 9, r"ball_001.txt, line 3: '5,10,20' is no region"),
        ("1\n\n" + "0\n" * 10, r"ball_001.txt, line 2: '' is no region"),
        ("1\n5,10,20,16\n", r"ball_001.txt: 2 answers, expected 12"),
        ("", r"ball_001.txt: 0 answers, expected 12"),
    ],
)
def test_a_broken_result_is_named_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    folder = tmp_path / "mine/baseline/ball"
    folder.mkdir(parents=True)
    (folder / "ball_001.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        SUPERVISED.read(tmp_path, "mine", SEQUENCE)


def test_missing_results_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds no ball_001.txt; expected the results of mine"):
        SUPERVISED.read(tmp_path, "mine", SEQUENCE)


def test_results_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file where a folder belongs", encoding="utf-8")
    with pytest.raises(DatasetError, match="cannot be written"):
        SUPERVISED.write(tmp_path, "mine", SUPERVISED.run(ScriptedTracker.perfect(SEQUENCE), SEQUENCE))


@pytest.mark.parametrize("seconds", ["0.1\n", "0.1\nx\n", "0.1\n\n", "0.1\nnan\n", None])
def test_answers_are_read_without_good_seconds(tmp_path: Path, seconds: str | None) -> None:
    (tmp_path / "ball_001.txt").write_text("1\n1,2,3,4\n", encoding="utf-8")
    if seconds is not None:
        (tmp_path / "ball_001_time.value").write_text(seconds, encoding="utf-8")
    run = read_run(tmp_path / "ball_001.txt", start=0, backward=False, length=2)
    assert run.seconds is None
    assert run.update_seconds() is None
    assert SequenceRuns(name="ball", runs=(run,)).update_seconds() is None


#: As vot-toolkit 0.9.0 writes it: code 1; 1.5,2,3,4; a triangle; m7,8,3,2,1,3,1,1.
BINARY = (
    struct.pack("<hI", 1, 4)
    + struct.pack("<BI", 0, 1)
    + struct.pack("<Bffff", 1, 1.5, 2, 3, 4)
    + struct.pack("<BH6f", 2, 3, 0, 0, 10, 0, 5, 5.5)
    + struct.pack("<BhhHHH4H", 3, 7, 8, 3, 2, 4, 1, 3, 1, 1)
)


def test_the_toolkit_s_binary_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ball_00000000.bin"
    path.write_bytes(BINARY)
    code, box, polygon, mask = read_run(path, start=0, backward=False, length=4).answers
    assert code is SpecialCode.INITIALIZATION
    assert box == Rectangle(1.5, 2, 3, 4)
    assert isinstance(polygon, Polygon)
    assert polygon.points.tolist() == [[0, 0], [10, 0], [5, 5.5]]
    assert isinstance(mask, Mask)
    assert (mask.left, mask.top) == (7, 8)
    assert mask.pixels.tolist() == [[False, True, True], [True, False, True]]


@pytest.mark.parametrize(
    "data",
    [b"", BINARY[:-1], struct.pack("<hI", 2, 0), struct.pack("<hIB", 1, 1, 9), struct.pack("<hIBI", 1, 1, 0, 7)],
)
def test_a_broken_binary_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ball_00000000.bin"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"ball_00000000.bin is no binary trajectory"):
        read_run(path, start=0, backward=False, length=4)


@pytest.mark.parametrize("protocol", [SUPERVISED, MULTISTART])
def test_protocols_and_scores_go_between_processes(protocol: SupervisedProtocol) -> None:
    runs = protocol.run(ScriptedTracker.perfect(SEQUENCE), SEQUENCE)
    item = pickle.loads(pickle.dumps(protocol.score_sequence(SEQUENCE, pickle.loads(pickle.dumps(runs)))))
    assert pickle.loads(pickle.dumps(protocol)) == protocol
    found = protocol.score_set([item])
    assert found.overall["accuracy"] == pytest.approx(protocol.score([(SEQUENCE, runs)]).overall["accuracy"])
    assert np.isfinite(found.eao_curve[1])
