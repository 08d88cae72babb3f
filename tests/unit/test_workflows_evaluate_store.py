"""The folder of an evaluation: what it refuses to mix, and what it replaces."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdst_edge.workflows.evaluate.model import ModelIdentity
from sdst_edge.workflows.evaluate.store import RunRecord, Store
from sdst_runtime.errors import ConfigError, SdstError


def record(**changes: Any) -> RunRecord:
    model = ModelIdentity(kind="bundle", name="n3", sha256=64 * "a")
    made = RunRecord(
        model=model, variant=None, session="auto", threads=1, protocol="ope", dataset="/data/val", layout="otb"
    )
    return replace(made, **changes)


def opened(folder: Path, wanted: RunRecord, *, overwrite: bool = False) -> Store:
    with Store.open(folder, wanted, overwrite=overwrite) as store:
        return store


def test_store_says_what_was_run_and_opens_again(tmp_path: Path) -> None:
    store = opened(tmp_path / "new" / "out", record())
    assert store.boxes == tmp_path / "new" / "out" / "boxes" / "n3"
    plain = json.loads((store.folder / "run.json").read_text(encoding="utf-8"))
    assert plain["model"] == {"kind": "bundle", "name": "n3", "sha256": 64 * "a"}
    assert opened(store.folder, record()).record == record()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": ModelIdentity(kind="bundle", name="n3", sha256=64 * "b")}, "SHA-256 aaaaaaaaaaaa.* bbbbbbbbbbbb"),
        ({"variant": "onnx/int8"}, "variant default and not onnx/int8"),
        ({"session": "split"}, "session auto and not split"),
        ({"threads": 4}, "threads 1 and not 4"),
        ({"protocol": "vot2018"}, "protocol ope and not vot2018"),
        (
            {"dataset": "/data/test", "layout": "lasot"},
            "dataset /data/val and not /data/test, layout otb and not lasot",
        ),
    ],
)
def test_store_refuses_another_run_unless_it_may_replace(tmp_path: Path, changes: Any, message: str) -> None:
    store = opened(tmp_path, record())
    store.boxes.mkdir(parents=True)
    (store.boxes / "car.txt").write_text("1,2,3,4\n", encoding="utf-8")
    store.write("result.json", "{}")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=message) as caught:
        opened(tmp_path, record(**changes))
    assert "--overwrite" in str(caught.value)
    assert (store.boxes / "car.txt").exists()

    other = opened(tmp_path, record(**changes), overwrite=True)
    assert other.record == record(**changes) == opened(tmp_path, record(**changes)).record
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "run.json"]


def test_store_refuses_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(ConfigError, match="holds files and no evaluation"):
            opened(tmp_path, record(), overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_store_refuses_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(SdstError, match="cannot be written"):
        opened(tmp_path / "out", record())


@pytest.mark.parametrize("text", ["", "[]", '{"model": 3}', '{"format_version": 2}'])
def test_store_refuses_a_record_that_it_cannot_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run\.json.*--overwrite"):
        opened(tmp_path, record())
    opened(tmp_path, record(), overwrite=True)
    assert opened(tmp_path, record()).record == record()


def test_store_remembers_the_most_processes(tmp_path: Path) -> None:
    assert opened(tmp_path, record()).note_workers(3) == 3
    assert opened(tmp_path, record()).note_workers(2) == 3
    assert opened(tmp_path, record()).record.workers == 3


@pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
def test_store_is_open_once_at_a_time(tmp_path: Path) -> None:
    with Store.open(tmp_path, record()):
        for overwrite in (False, True):
            with pytest.raises(ConfigError, match="is in use by another evaluation; wait"):
                opened(tmp_path, record(), overwrite=overwrite)
    assert opened(tmp_path, record()).record == record()
