"""From a folder to a data set: which layout, which sequences, and what is skipped."""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sdst_edge.datasets import LAYOUTS, Layout, Sequence, open_dataset
from sdst_edge.datasets.dataset import JoinedSequences
from sdst_edge.datasets.layouts import Entry
from sdst_runtime.errors import ConfigError, DatasetError


def got10k(root: Path, *names: str, boxes: str = "1,1,5,5\n1,2,5,5\n") -> Path:
    for name in names:
        folder = root / name
        folder.mkdir(parents=True)
        for number in (1, 2):
            (folder / f"{number:08d}.jpg").touch()
        (folder / "groundtruth.txt").write_text(boxes, encoding="utf-8")
        (folder / "absence.label").write_text("0\n0\n", encoding="utf-8")
    return root


def names(root: Path, **options: object) -> list[str]:
    return [sequence.name for sequence in open_dataset(root, **options).sequences]  # type: ignore[arg-type]


def test_open_dataset_tells_the_layout(tmp_path: Path) -> None:
    dataset = open_dataset(str(got10k(tmp_path / "val", "b", "a")))
    assert (dataset.name, dataset.root, dataset.layout.name) == ("val", tmp_path / "val", "got10k")
    assert [sequence.name for sequence in dataset.sequences] == ["a", "b"]
    assert dataset.skipped == ()
    assert len(dataset) == 2


def test_open_dataset_lists_what_layouts_expect_where_none_fits(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        open_dataset(tmp_path)
    for layout in LAYOUTS.values():
        assert f"\n  {layout.name}: {layout.expects}" in str(error.value)


def test_open_dataset_lists_the_layouts_where_several_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = replace(LAYOUTS["got10k"], name="twin", expects="the same")
    monkeypatch.setitem(LAYOUTS, "twin", twin)  # type: ignore[arg-type]
    got10k(tmp_path, "a")
    with pytest.raises(DatasetError, match=r"looks like several layouts, .*\n  got10k: .*\n  twin: the same$"):
        open_dataset(tmp_path)
    assert names(tmp_path, layout="got10k") == ["a"]


def test_open_dataset_refuses_unknown_names_and_places(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'lassot' is no layout of data sets; expected auto, lasot, got10k"):
        open_dataset(tmp_path, "lassot")
    with pytest.raises(DatasetError, match="missing does not exist"):
        open_dataset(tmp_path / "missing")


def test_open_dataset_raises_at_the_first_broken_sequence(tmp_path: Path) -> None:
    got10k(tmp_path, "a", "c")
    got10k(tmp_path, "b", boxes="1,1,5,5\n1,2,nan,5\n")
    with pytest.raises(DatasetError, match=r"b/groundtruth\.txt, line 2"):
        open_dataset(tmp_path)


def test_open_dataset_skips_broken_sequences_and_lists_them(tmp_path: Path) -> None:
    got10k(tmp_path, "a", "gap")
    got10k(tmp_path, "nan", boxes="1,1,5,5\n1,2,nan,5\n")
    got10k(tmp_path, "short", boxes="1,1,5,5\n")
    (tmp_path / "gap" / "00000001.jpg").unlink()
    (tmp_path / "list.txt").write_text("short\nnan\na\ngap\ngone\n", encoding="utf-8")
    dataset = open_dataset(tmp_path, skip_broken=True)
    assert [sequence.name for sequence in dataset.sequences] == ["a"]
    assert [item.name for item in dataset.skipped] == ["short", "nan", "gap", "gone"]
    for item, fault in zip(
        dataset.skipped, ("1 lines for 2", "line 2: ", "where frame 00000001", "list.txt, line 5"), strict=True
    ):
        assert fault in item.reason


def test_open_dataset_fails_where_all_is_broken(tmp_path: Path) -> None:
    got10k(tmp_path, "a", boxes="1,1,5,5\n")
    with pytest.raises(DatasetError, match=r"all sequences of .* are broken; the first: .*a/groundtruth\.txt"):
        open_dataset(tmp_path, skip_broken=True)


def test_open_dataset_needs_pictures_unless_told_otherwise(tmp_path: Path) -> None:
    got10k(tmp_path, "a")
    for path in (tmp_path / "a").glob("*.jpg"):
        path.unlink()
    with pytest.raises(DatasetError, match="a holds no frames"):
        open_dataset(tmp_path)
    (sequence,) = open_dataset(tmp_path, require_frames=False).sequences
    assert len(sequence) == 2


@pytest.mark.parametrize("place", ["split.txt", "lists/split.txt"])
def test_open_dataset_takes_a_list_of_names(tmp_path: Path, place: str) -> None:
    root = got10k(tmp_path / "val", "a", "b", "c")
    (root / "lists").mkdir()
    (root / place).write_text("\ufeffc\r\na\r\n\r\n", encoding="utf-8")
    dataset = open_dataset(root / place)
    assert (dataset.name, dataset.root) == ("val split", root)
    assert [sequence.name for sequence in dataset.sequences] == ["c", "a"]
    (root / place).write_text("c\nd\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"split\.txt, line 2: .*val has no sequence 'd'"):
        open_dataset(root / place)


def test_open_dataset_reads_only_what_a_list_names(tmp_path: Path) -> None:
    got10k(tmp_path, "a")
    got10k(tmp_path, "broken", boxes="")
    (tmp_path / "split.txt").write_text("a\n", encoding="utf-8")
    assert names(tmp_path / "split.txt") == ["a"]


def test_open_dataset_turns_errors_of_the_system_into_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    got10k(tmp_path, "a")
    layout = LAYOUTS["got10k"]
    for part, message in (("find", "cannot be read: .*Permission denied"), ("read", "sequence a cannot be read")):
        monkeypatch.setitem(LAYOUTS, "got10k", replace(layout, **{part: fail}))  # type: ignore[arg-type]
        with pytest.raises(DatasetError, match=message):
            open_dataset(tmp_path, "got10k")


def still(name: str) -> Sequence:
    frames = (np.zeros((9, 9, 3), np.uint8),)
    return Sequence(name=name, frames=frames, boxes_xywh=np.ones((1, 4)), visible=np.ones(1, np.bool_))


def test_entries_may_hold_several_sequences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: dict[str, object] = {"one": still("one"), "two": (still("two/1"), still("two/2"))}
    layout = Layout(
        name="many",
        title="",
        expects="",
        matches=lambda root: False,
        find=lambda root: [Entry(name=name, watched=()) for name in held],
        read=lambda entry, _: held[entry.name],  # type: ignore[arg-type,return-value]
    )
    monkeypatch.setitem(LAYOUTS, "many", layout)  # type: ignore[arg-type]
    assert names(tmp_path, layout="many") == ["one", "two/1", "two/2"]
    held["one"] = ()
    assert names(tmp_path, layout="many") == ["two/1", "two/2"]
    held["two"] = ()
    with pytest.raises(DatasetError, match="holds frames and no target in any"):
        open_dataset(tmp_path, "many")
    held["one"], held["two"] = still("one"), (still("one"),)
    with pytest.raises(DatasetError, match="has 2 sequences of the name one"):
        open_dataset(tmp_path, "many")


def test_joined_sequences_run_through_nothing() -> None:
    made: list[int] = []

    class Lazy(Items[Sequence]):
        def __len__(self) -> int:
            return 1000

        def __getitem__(self, index: int, /) -> Sequence:  # type: ignore[override]
            made.append(index)
            return still(str(index))

    joined = JoinedSequences([(still("a"),), Lazy(), (), (still("z"),)])
    assert (len(joined), made) == (1002, [])
    assert [joined[index].name for index in (0, 1, 1000, 1001, -1)] == ["a", "0", "999", "z", "z"]
    assert [sequence.name for sequence in joined[999:]] == ["998", "999", "z"]
    with pytest.raises(IndexError):
        joined[1002]


def test_subset_keeps_the_order_of_the_names(tmp_path: Path) -> None:
    got10k(tmp_path, "a", "b", "c")
    got10k(tmp_path, "d", boxes="")
    dataset = open_dataset(tmp_path, skip_broken=True)
    assert [sequence.name for sequence in dataset.subset(["c", "a", "c"]).sequences] == ["c", "a"]
    with pytest.raises(DatasetError, match=r"has no sequence 'e'; it has a, b, c$"):
        dataset.subset(["a", "e"])
    with pytest.raises(DatasetError, match=r"sequence d is broken: .*is empty"):
        dataset.subset(["d"])
