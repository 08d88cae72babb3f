"""Work in several processes: each opens its tool once, errors are told, and none outlives the run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from sdst_edge.workflows.evaluate.scheduling import run_all
from sdst_runtime.errors import DatasetError, NativeError, SdstError
from tests.e2e.cli_process import succeed
from tests.e2e.conftest import Clip


@contextmanager
def counter(folder: Path) -> Iterator[Path]:
    """A tool that writes down each time that it is opened."""
    (folder / f"opened-{os.getpid()}").touch(exist_ok=False)
    yield folder


@contextmanager
def broken() -> Iterator[Path]:
    raise SdstError("the tool is broken")
    yield Path()


def work(folder: Path, item: int) -> None:
    if item == 13:
        raise DatasetError("13 is broken")
    if item == 14:
        raise NativeError(3, "sdst_call", "an error whose class takes other arguments")
    if item == 15:
        os._exit(9)
    (folder / f"{item}").write_text(str(os.getpid()), encoding="utf-8")


def test_processes_work_on_each_item_once_and_tell_of_errors(tmp_path: Path) -> None:
    items = [1, 13, 2, 14, 3]
    done = list(run_all(partial(counter, tmp_path), work, items, 2))
    assert sorted(item.position for item in done) == [0, 1, 2, 3, 4]
    errors = {items[item.position]: item.error for item in done if item.error is not None}
    assert sorted(errors) == [13, 14]
    assert isinstance(errors[13], DatasetError)
    assert "sdst_call" in str(errors[14])
    files = {path.name for path in tmp_path.iterdir() if not path.name.startswith("opened")}
    assert files == {"1", "2", "3"}
    processes = {path.name.partition("-")[2] for path in tmp_path.glob("opened-*")}
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


def test_processes_tell_that_the_tool_cannot_be_opened() -> None:
    with pytest.raises(SdstError, match="the tool is broken"):
        list(run_all(broken, work, [1, 2], 2))


def test_processes_that_die_are_told(tmp_path: Path) -> None:
    with pytest.raises(SdstError, match=r"ended by itself \(exit status 9\)"):
        list(run_all(partial(counter, tmp_path), work, [15, 1], 2))


def test_processes_end_when_the_caller_stops(tmp_path: Path) -> None:
    with closing(run_all(partial(counter, tmp_path), work, [1, 2, 3, 4], 2)) as done:
        next(done)
    for path in tmp_path.glob("opened-*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name.partition("-")[2]), 0)


def test_two_processes_give_the_boxes_of_one(toy_bundle: Path, clip: Clip, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    succeed("eval", toy_bundle, clip.got10k, "--out", one)
    assert "2 processes side by side" in succeed("eval", toy_bundle, clip.got10k, "--out", two, "--workers", 2)
    files = sorted(path.relative_to(one) for path in one.rglob("*_001.txt"))
    assert len(files) == 2
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes()
    assert (two / "report.html").is_file()
    assert (two / "success.png").stat().st_size > 0
    results = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (one, two)]
    assert results[0]["overall"] == results[1]["overall"]
    assert [result["workers"] for result in results] == [1, 2]
