"""What is kept of a data set: read once, read again where something has changed, and never wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import LAYOUTS, Dataset, Sequence, index, open_dataset
from sdst_edge.datasets.frame_files import MissingFrames
from sdst_edge.datasets.index import fingerprint, index_path
from sdst_edge.datasets.layouts import Entry
from sdst_runtime.errors import DatasetError

#: Names of the sequences that a layout's reader was asked for.
Reads = list[str]


def add(root: Path, name: str, *, boxes: str = "1,1,5.25,5\n0,0,0,0\n1,2,5,5\n", frames: int = 3) -> Path:
    folder = root / name.rpartition("-")[0] / name
    (folder / "img").mkdir(parents=True)
    for number in range(1, frames + 1):
        (folder / "img" / f"{number:08d}.jpg").touch()
    (folder / "groundtruth.txt").write_text(boxes, encoding="utf-8")
    (folder / "full_occlusion.txt").write_text("0,1,0", encoding="utf-8")
    (folder / "out_of_view.txt").write_text("0,0,0", encoding="utf-8")
    return folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of four sequences that is worth keeping."""
    monkeypatch.setenv("SDST_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "WORTH_FRAMES", 1)
    for name in ("cat-1", "cat-2", "dog-1", "dog-2"):
        add(tmp_path / "LaSOT", name)
    (tmp_path / "LaSOT" / "att").mkdir()
    (tmp_path / "LaSOT" / "att" / "cat-2.txt").write_text("1" + ",0" * 13, encoding="utf-8")
    return tmp_path / "LaSOT"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    names: Reads = []
    layout = LAYOUTS["lasot"]

    def counting(entry: Entry, require_frames: bool) -> Sequence:
        names.append(entry.name)
        sequence = layout.read(entry, require_frames)
        assert isinstance(sequence, Sequence)
        return sequence

    monkeypatch.setitem(LAYOUTS, "lasot", replace(layout, read=counting))  # type: ignore[arg-type]
    return names


def look(dataset: Dataset) -> list[tuple[object, ...]]:
    """All that a data set holds, as plain values."""
    return [
        (
            sequence.name,
            repr(sequence.frames),
            sequence.boxes_xywh.tolist(),
            sequence.boxes_xywh.dtype,
            sequence.visible.tolist(),
            sequence.attributes,
            {name: flags.tolist() for name, flags in sequence.frame_attributes.items()},
            sequence.size_wh,
            sequence.origin,
        )
        for sequence in dataset.sequences
    ]


def test_a_second_opening_reads_nothing_and_finds_the_same(root: Path, reads: Reads) -> None:
    first = look(open_dataset(root))
    assert reads == ["cat-1", "cat-2", "dog-1", "dog-2"]
    assert look(open_dataset(root)) == first
    assert reads == ["cat-1", "cat-2", "dog-1", "dog-2"]
    assert look(open_dataset(root, cache=False)) == first
    assert len(reads) == 8
    assert first[1][5] == ("IV",)


def test_another_spelling_of_the_root_is_the_same_data_set(
    root: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_dataset(root)
    reads.clear()
    monkeypatch.chdir(root.parent)
    (sequence, *_) = open_dataset("LaSOT").sequences
    assert reads == []
    assert sequence.frames.path(0) == Path("LaSOT/cat/cat-1/img/00000001.jpg")  # type: ignore[attr-defined]


CHANGES: dict[str, Callable[[Path], object]] = {
    "boxes of another size": lambda folder: (folder / "groundtruth.txt").write_text("9,1,5,5\n0,0,0,0\n10,2,5,5\n"),
    "flags of the same size": lambda folder: (folder / "out_of_view.txt").write_text("0,0,1"),
    "a frame more": lambda folder: (
        (folder / "img" / "00000004.jpg").touch(),
        (folder / "groundtruth.txt").write_text("1,1,5,5\n" * 4),
        (folder / "full_occlusion.txt").write_text("0,0,0,0"),
        (folder / "out_of_view.txt").write_text("0,0,0,0"),
    ),
    "labels that were not there": lambda folder: (folder.parents[1] / "att" / "dog-1.txt").write_text(
        "0,1" + ",0" * 12
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_sequence_is_read_again_alone(root: Path, reads: Reads, change: str) -> None:
    before = look(open_dataset(root))
    reads.clear()
    CHANGES[change](root / "dog" / "dog-1")
    after = look(open_dataset(root))
    assert reads == ["dog-1"]
    assert after[2] != before[2]
    assert after[:2] + after[3:] == before[:2] + before[3:]
    assert look(open_dataset(root)) == after == look(open_dataset(root, cache=False))
    assert reads.count("dog-1") == 2


def test_a_replaced_file_is_seen_though_it_has_the_old_time_and_size(root: Path, reads: Reads) -> None:
    path = root / "dog" / "dog-1" / "groundtruth.txt"
    old = path.stat()
    open_dataset(root)
    reads.clear()
    path.write_text("2,1,5.25,5\n0,0,0,0\n1,2,5,5\n", encoding="utf-8")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert path.stat().st_size == old.st_size
    assert open_dataset(root).sequences[2].boxes_xywh[0, 0] == 1
    assert reads == ["dog-1"]


def test_a_sequence_more_or_less_is_noticed(root: Path, reads: Reads) -> None:
    open_dataset(root)
    reads.clear()
    add(root, "ant-7")
    assert open_dataset(root).sequences[0].name == "ant-7"
    assert reads == ["ant-7"]
    for path in (root / "ant", root / "dog"):
        path.rename(root.parent / path.name)
    assert [sequence.name for sequence in open_dataset(root).sequences] == ["cat-1", "cat-2"]
    assert reads == ["ant-7"]


def test_a_sequence_that_moves_within_the_set_is_read_again(root: Path, reads: Reads) -> None:
    """Its files keep their names, sizes and times."""
    open_dataset(root)
    reads.clear()
    (root / "dog" / "dog-1").rename(root / "dog-1")
    (sequence,) = (sequence for sequence in open_dataset(root).sequences if sequence.name == "dog-1")
    assert sequence.frames.path(0) == root / "dog-1" / "img" / "00000001.jpg"  # type: ignore[attr-defined]
    assert reads == ["dog-1"]


def test_a_sequence_that_breaks_is_named_though_it_was_kept(root: Path) -> None:
    open_dataset(root)
    (root / "dog" / "dog-1" / "img" / "00000002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"00000003\.jpg is where frame 00000002 belongs"):
        open_dataset(root)
    assert [item.name for item in open_dataset(root, skip_broken=True).skipped] == ["dog-1"]


def test_sequences_without_pictures_are_kept_for_those_who_need_none(root: Path, reads: Reads) -> None:
    add(root, "elk-1", frames=0)
    first = look(open_dataset(root, require_frames=False))
    reads.clear()
    dataset = open_dataset(root, require_frames=False)
    assert look(dataset) == first
    assert isinstance(dataset.sequences[-1].frames, MissingFrames)
    assert reads == []
    with pytest.raises(DatasetError, match="img holds no frames"):
        open_dataset(root)
    assert reads == ["elk-1"]


def kept_file(root: Path) -> Path:
    path = index_path(root, "lasot")
    assert path is not None
    return path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for position in range(60, len(content), 40):
        content[position] ^= 0xFF
    path.write_bytes(bytes(content))


def fill_with_another(path: Path) -> None:
    np.savez(path, header=np.frombuffer(b'{"format": 1, "release": []}', np.uint8))


@pytest.mark.parametrize(
    "damage",
    [cut, flip, fill_with_another, lambda path: path.write_bytes(b""), lambda path: path.write_text("no index")],
)
def test_a_damaged_index_is_passed_over_and_replaced(
    root: Path, reads: Reads, damage: Callable[[Path], object]
) -> None:
    first = look(open_dataset(root))
    damage(kept_file(root))
    reads.clear()
    assert look(open_dataset(root)) == first
    assert len(reads) == 4
    assert look(open_dataset(root)) == first
    assert len(reads) == 4


def test_no_single_byte_of_an_index_changes_what_is_read(root: Path) -> None:
    first = look(open_dataset(root))
    path = kept_file(root)
    content = path.read_bytes()
    for position in range(0, len(content), 97):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :])
        assert look(open_dataset(root)) == first, position


def test_an_index_of_another_release_is_not_used(root: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    open_dataset(root)
    monkeypatch.setattr("sdst_runtime.__version__", "0.0.0", raising=False)
    open_dataset(root)
    assert len(reads) == 8


def test_a_place_that_cannot_be_written_is_no_error(
    root: Path, reads: Reads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SDST_CACHE_DIR", str(tmp_path / "file"))
    for _ in range(2):
        assert len(open_dataset(root)) == 4
    assert len(reads) == 8


def test_small_data_sets_and_an_empty_setting_keep_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "WORTH_FRAMES", 13)
    open_dataset(root)
    monkeypatch.setattr(index, "WORTH_FRAMES", 12)
    monkeypatch.setenv("SDST_CACHE_DIR", "")
    open_dataset(root)
    assert not (tmp_path / "cache").exists()
    monkeypatch.delenv("SDST_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    open_dataset(root)
    (path,) = (tmp_path / "xdg" / "sdst-edge" / "datasets").iterdir()
    assert path.name.startswith("lasot-")


def test_a_list_of_names_leaves_the_others_in_the_index(root: Path, reads: Reads) -> None:
    open_dataset(root)
    reads.clear()
    (root / "split.txt").write_text("dog-2\n", encoding="utf-8")
    (root / "dog" / "dog-2" / "out_of_view.txt").write_text("0,0,1", encoding="utf-8")
    open_dataset(root / "split.txt")
    assert reads == ["dog-2"]
    open_dataset(root)
    assert reads == ["dog-2"]


@pytest.mark.parametrize("field", ["regions", "anchors", "whole", "marked_visible"])
def test_sequences_with_more_than_boxes_and_flags_are_not_kept(
    root: Path, reads: Reads, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    layout = LAYOUTS["lasot"]
    more: list[object] = []

    def with_more(entry: Entry, require_frames: bool) -> Sequence:
        sequence = layout.read(entry, require_frames)
        assert isinstance(sequence, Sequence)
        if entry.name != "dog-1":
            return sequence
        more.append(sequence if field == "whole" else np.ones(3, np.int8))
        return replace(sequence, **{field: more[-1]})  # type: ignore[arg-type]

    monkeypatch.setitem(LAYOUTS, "lasot", replace(layout, read=with_more))  # type: ignore[arg-type]
    open_dataset(root)
    reads.clear()
    assert getattr(open_dataset(root).sequences[2], field) is more[-1]
    assert reads == ["dog-1"]


def test_a_fingerprint_holds_hints_and_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    entry = Entry(name="a", watched=(path,), hints={"span": (1, 3)})
    missing = fingerprint(entry, tmp_path)
    assert missing == fingerprint(replace(entry, hints={"span": [1, 3]}), tmp_path)
    assert missing != fingerprint(replace(entry, hints={"span": (1, 4)}), tmp_path)
    assert missing != fingerprint(replace(entry, watched=(tmp_path / "other.txt",)), tmp_path)
    path.touch()
    assert missing != fingerprint(entry, tmp_path)
