"""Work in this process; in several of them: tests/e2e/test_evaluation_processes.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing import Pipe

import pytest

from sdst_edge.workflows.evaluate.scheduling import _serve, run_all
from sdst_runtime.errors import DatasetError, SdstError


@contextmanager
def opened(log: list[object]) -> Iterator[list[object]]:
    log.append("opened")
    yield log
    log.append("closed")


def work(log: list[object], item: int) -> None:
    if item == 13:
        raise DatasetError("13 is broken")
    log.append(item)


def test_run_all_works_on_each_item_once_and_tells_of_errors() -> None:
    log: list[object] = []
    done = list(run_all(lambda: opened(log), work, [1, 13, 2]))
    assert [item.position for item in done] == [0, 1, 2]
    assert [str(item.error) for item in done if item.error is not None] == ["13 is broken"]
    assert log == ["opened", 1, 2, "closed"]


def test_run_all_opens_nothing_for_no_items() -> None:
    log: list[object] = []
    assert list(run_all(lambda: opened(log), work, [], 8)) == []
    assert log == []


def test_run_all_starts_no_process_for_a_single_item() -> None:
    log: list[object] = []  # one of another process would stay empty here
    assert [item.position for item in run_all(lambda: opened(log), work, [1], 8)] == [0]
    assert log == ["opened", 1, "closed"]


def test_run_all_passes_on_what_is_no_error_of_ours() -> None:
    def fail(log: list[object], item: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(run_all(lambda: opened([]), fail, [1]))


def test_run_all_raises_when_the_tool_cannot_be_opened() -> None:
    @contextmanager
    def broken() -> Iterator[list[object]]:
        raise SdstError("the tool is broken")
        yield []

    with pytest.raises(SdstError, match="the tool is broken"):
        list(run_all(broken, work, [1]))


def test_a_worker_whose_caller_was_ended_says_nothing() -> None:
    ours, theirs = Pipe()
    ours.send(1)
    ours.close()
    worked: list[int] = []
    _serve(theirs, nullcontext, lambda _, item: worked.append(item))
    assert worked == [1]
