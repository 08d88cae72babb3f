"""The UAV123 layout: absent targets, shared folders, attributes, and the sets that lie like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdst_edge.datasets.frame_files import FileFrames, MissingFrames
from sdst_edge.datasets.layouts.uav123 import LAYOUT
from sdst_edge.datasets.layouts.uav123_spans import UAV123_SPANS, at_10_fps
from sdst_edge.datasets.sequence import Sequence
from sdst_runtime.errors import DatasetError
from tests.picture_files import write_frames

ABSENT = "NaN,NaN,NaN,NaN\n"
FORM = "{:06d}.jpg"


def annotate(root: Path, name: str, rows: str, *, folder: str = "anno/UAV123", labels: str | None = None) -> None:
    (root / folder / "att").mkdir(parents=True, exist_ok=True)
    (root / folder / f"{name}.txt").write_text(rows, encoding="utf-8")
    if labels is not None:
        (root / folder / "att" / f"{name}.txt").write_text(labels, encoding="utf-8")


def frames(root: Path, folder: str, numbers: range) -> None:
    write_frames(root / "data_seq" / folder, numbers, form=FORM)


def read(root: Path, *, require_frames: bool = True) -> dict[str, Sequence]:
    sequences = {entry.name: LAYOUT.read(entry, require_frames) for entry in LAYOUT.find(root)}
    return {name: sequence for name, sequence in sequences.items() if isinstance(sequence, Sequence)}


def rows(count: int) -> str:
    return "".join(f"{number},2,30,40\n" for number in range(1, count + 1))


def names(sequence: Sequence) -> tuple[str, str]:
    assert isinstance(sequence.frames, FileFrames)
    paths = sequence.frames.path(0), sequence.frames.path(len(sequence) - 1)
    return paths[0].relative_to(paths[0].parents[2]).as_posix(), paths[1].name


def test_boxes_absent_targets_and_labels_are_read(tmp_path: Path) -> None:
    annotate(tmp_path, "bike1", "1,2,30,40\n" + ABSENT + "5,6,30,40\n", labels="1,0,0,1,0,1,0,0,0,0,1,1\n")
    frames(tmp_path, "UAV123/bike1", range(1, 4))
    sequence = read(tmp_path)["bike1"]
    assert sequence.visible.tolist() == [True, False, True]
    assert sequence.boxes_xywh[[0, 2]].tolist() == [[0, 1, 30, 40], [4, 5, 30, 40]]
    assert sequence.attributes == ("SV", "FM", "POC", "CM", "SOB")
    assert sequence.origin == 1.0
    assert names(sequence) == ("UAV123/bike1/000001.jpg", "000003.jpg")


def test_without_a_file_of_labels_there_are_none(tmp_path: Path) -> None:
    annotate(tmp_path, "bike1", rows(1))
    frames(tmp_path, "UAV123/bike1", range(1, 2))
    assert read(tmp_path)["bike1"].attributes is None


def test_sequences_that_share_a_folder_get_their_own_frames(tmp_path: Path) -> None:
    for name, count in (("truck4_1", 577), ("truck4_2", 685)):
        annotate(tmp_path, name, rows(count))
    frames(tmp_path, "UAV123/truck4", range(1, 1262))
    sequences = read(tmp_path)
    assert names(sequences["truck4_1"]) == ("UAV123/truck4/000001.jpg", "000577.jpg")
    assert names(sequences["truck4_2"]) == ("UAV123/truck4/000577.jpg", "001261.jpg")


def test_a_ground_truth_of_10_fps_gets_the_frames_of_10_fps(tmp_path: Path) -> None:
    for name, count in (("truck4_1", 193), ("truck4_2", 229)):
        annotate(tmp_path, name, rows(count), folder="anno")
    frames(tmp_path, "UAV123_10fps/truck4", range(1, 422))
    sequences = read(tmp_path)
    assert names(sequences["truck4_1"]) == ("UAV123_10fps/truck4/000001.jpg", "000193.jpg")
    assert names(sequences["truck4_2"]) == ("UAV123_10fps/truck4/000193.jpg", "000421.jpg")


def test_the_sets_own_configuration_comes_first(tmp_path: Path) -> None:
    (tmp_path / "configSeqs.m").write_text(
        "seqs = {struct('name','car1_1','path','D:\\data_seq\\UAV123\\car1\\','startFrame',1,'endFrame',3,'nz',6),...\n"
        "struct('name', 'car1_2', 'path', 'data_seq/UAV123/car1/', 'startFrame', 3, 'endFrame', 4)};\n",
        encoding="utf-8",
    )
    annotate(tmp_path, "car1_1", rows(3))
    annotate(tmp_path, "car1_2", rows(2))
    frames(tmp_path, "UAV123/car1", range(1, 6))
    sequences = read(tmp_path)
    assert names(sequences["car1_1"]) == ("UAV123/car1/000001.jpg", "000003.jpg")
    assert names(sequences["car1_2"]) == ("UAV123/car1/000003.jpg", "000004.jpg")


def test_uav20l_is_opened_by_its_own_name(tmp_path: Path) -> None:
    annotate(tmp_path, "bike1", rows(2))
    annotate(tmp_path, "car1", rows(3), folder="anno/UAV20L")
    frames(tmp_path, "UAV123/bike1", range(1, 3))
    frames(tmp_path, "UAV123/car1", range(1, 4))
    assert list(read(tmp_path)) == ["bike1"]
    long = read(tmp_path / "anno" / "UAV20L")
    assert list(long) == ["car1"]
    assert names(long["car1"]) == ("UAV123/car1/000001.jpg", "000003.jpg")


@pytest.mark.parametrize("inner", [".", "anno/UAV123", "data_seq/UAV123"])
def test_the_folder_around_and_those_within_are_opened_alike(tmp_path: Path, inner: str) -> None:
    root = tmp_path / "UAV123"
    annotate(root, "bike1", rows(2))
    frames(root, "UAV123/bike1", range(1, 3))
    for folder in (tmp_path, root / inner):
        assert LAYOUT.matches(folder)
        assert names(read(folder)["bike1"]) == ("UAV123/bike1/000001.jpg", "000002.jpg")


def test_frames_may_lie_in_data_seq_directly(tmp_path: Path) -> None:
    annotate(tmp_path, "bike1", rows(2))
    frames(tmp_path, "bike1", range(1, 3))
    assert len(read(tmp_path)["bike1"]) == 2


def test_the_built_in_table_has_the_32_splits_of_the_91_videos() -> None:
    assert len(UAV123_SPANS) - len({folder for folder, _ in UAV123_SPANS.values()}) == 123 - 91


@pytest.mark.parametrize(
    ("name", "span"),
    [("bird1_2", (259, 493)), ("car6_5", (1309, 1621)), ("group3_4", (1457, 1843)), ("uav1_3", (825, 1157))],
)
def test_every_third_frame_is_kept_at_10_fps(name: str, span: tuple[int, int]) -> None:
    assert at_10_fps(UAV123_SPANS[name][1]) == span


@pytest.mark.parametrize(
    ("text", "numbers", "message"),
    [
        (rows(2), range(1, 4), r"bike1\.txt: 2 lines for 3 frames .line 2 is the last"),
        (rows(4), range(1, 4), r"bike1\.txt: 4 lines for 3 frames"),
        ("1,2,3,4\nNaN,2,3,4\n", range(1, 3), r"bike1\.txt, line 2: .* not finite"),
        ("1,2,3,4\n1,2,3,0\n", range(1, 3), r"bike1\.txt, line 2: .* no area"),
        ("1,2,3,4\n1,2,a,4\n", range(1, 3), r"bike1\.txt, line 2: '1,2,a,4'"),
        (rows(3), range(2, 4), r"bike1\.txt: 3 lines for 2 frames"),
        (rows(2), range(0), "bike1 holds no frames"),
    ],
)
def test_a_broken_sequence_is_named_with_its_line(tmp_path: Path, text: str, numbers: range, message: str) -> None:
    annotate(tmp_path, "bike1", text)
    frames(tmp_path, "UAV123/bike1", numbers)
    with pytest.raises(DatasetError, match=message):
        read(tmp_path)


def test_a_part_whose_first_frame_is_missing_is_named(tmp_path: Path) -> None:
    annotate(tmp_path, "truck4_2", rows(229))
    frames(tmp_path, "UAV123/truck4", range(1, 422))
    (tmp_path / "data_seq/UAV123/truck4/000193.jpg").unlink()
    with pytest.raises(DatasetError, match=r"^frame 193 is missing: .*000194\.jpg is where frame 193 belongs"):
        read(tmp_path)


@pytest.mark.parametrize("labels", ["1,0,0\n", "1,0,0,1,0,1,0,0,0,0,1,2\n"])
def test_broken_labels_are_named(tmp_path: Path, labels: str) -> None:
    annotate(tmp_path, "bike1", rows(1), labels=labels)
    frames(tmp_path, "UAV123/bike1", range(1, 2))
    with pytest.raises(DatasetError, match=r"att.bike1\.txt: .* expected 0 or 1 for each of SV, ARC"):
        read(tmp_path)


def test_annotations_are_enough_where_frames_are_not_required(tmp_path: Path) -> None:
    annotate(tmp_path, "bike1", rows(3))
    sequence = read(tmp_path, require_frames=False)["bike1"]
    assert isinstance(sequence.frames, MissingFrames)
    assert len(sequence) == 3
