"""Work spread over processes that each open the tracker once."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from collections.abc import Sequence as Items
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

from sdst_runtime.errors import DatasetError, SdstError

__all__ = ["Done", "run_all"]

Tool = TypeVar("Tool")
Item = TypeVar("Item")

#: What a worker sends: an error that ends the run, or None; and one of the item, or None.
_Answer: TypeAlias = tuple[SdstError | None, SdstError | None]


class Done(NamedTuple):
    """An item that was worked on.

    Attributes:
        position: of the item, from 0.
        error: what went wrong; None where nothing did.
    """

    position: int
    error: SdstError | None


def run_all(
    open_tool: Callable[[], AbstractContextManager[Tool]],
    work: Callable[[Tool, Item], None],
    items: Items[Item],
    workers: int = 1,
) -> Generator[Done, None, None]:
    """Works on items one by one, and tells of each when it is done.

    Args:
        open_tool: opens what ``work`` works with: once a process, before its first item.
        work: on one item. An ``SdstError`` of it is told; any other error ends the run.
        items: with ``workers`` > 1 they, ``open_tool`` and ``work`` are sent to other processes (pickled).
        workers: processes, >= 1; with one, the work is done in this process. No more are started than there are items.

    Yields:
        Each item, in the order in which they are done. When the caller stops early, running work is ended.

    Raises:
        SdstError: the tool could not be opened, or a process died.
    """
    workers = min(workers, len(items))
    if workers > 1:
        yield from _run_in_processes(open_tool, work, items, workers)
    elif items:
        with open_tool() as tool:
            for position, item in enumerate(items):
                yield Done(position, _attempt(work, tool, item))


def _attempt(work: Callable[[Tool, Item], None], tool: Tool, item: Item) -> SdstError | None:
    try:
        work(tool, item)
    except SdstError as error:
        return error
    return None


def _run_in_processes(
    open_tool: Callable[[], AbstractContextManager[Tool]],
    work: Callable[[Tool, Item], None],
    items: Items[Item],
    workers: int,
) -> Generator[Done, None, None]:
    with ExitStack() as stack:
        pool = [stack.enter_context(_Worker(open_tool, work)) for _ in range(workers)]
        waiting = iter(range(len(items)))
        for worker in pool:
            worker.give(next(waiting), items)
        busy = list(pool)
        while busy:
            ready = wait([worker.connection for worker in busy])
            for worker in [worker for worker in busy if worker.connection in ready]:
                done = Done(worker.position, worker.answer())
                following = next(waiting, None)
                if following is None:
                    busy.remove(worker)
                else:
                    worker.give(following, items)  # first of all, so that it does not wait for the caller
                yield done


class _Worker(Generic[Tool, Item]):
    """A process that works on one item at a time, and ends with the block that it is entered in."""

    def __init__(
        self, open_tool: Callable[[], AbstractContextManager[Tool]], work: Callable[[Tool, Item], None]
    ) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads of the engine in unknown states
        self.connection, theirs = context.Pipe()
        self.position = -1
        self._process = context.Process(target=_serve, args=(theirs, open_tool, work), daemon=True)
        with _interrupts_ignored():
            self._process.start()
        theirs.close()  # so that the end of the process ends the pipe

    def __enter__(self) -> _Worker[Tool, Item]:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()
        self.connection.close()

    def give(self, position: int, items: Items[Item]) -> None:
        """Sends an item to work on."""
        self.position = position
        with suppress(BrokenPipeError):  # it died: its answer, or the lack of one, says why
            self.connection.send(items[position])

    def answer(self) -> SdstError | None:
        """What went wrong with the item, once the connection is ready.

        Raises:
            SdstError: the process cannot go on, or died.
        """
        try:
            fatal, error = cast("_Answer", self.connection.recv())
        except (EOFError, ConnectionResetError):
            self._process.join()
            raise SdstError(
                f"a worker process ended by itself (exit status {self._process.exitcode}); "
                "out of memory? try fewer workers"
            ) from None
        if fatal is not None:
            raise fatal
        return error


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started in here ignore Ctrl-C, which reaches all of a terminal: the first one ends the others."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only there can handlers be set
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _serve(connection: Connection, open_tool: Any, work: Any) -> None:
    """In the worker: works on what comes through the pipe, until that is closed."""
    with suppress(EOFError, ConnectionError):  # whoever sends the items ended, or was ended
        try:
            with open_tool() as tool:
                while True:
                    item = connection.recv()
                    error = _attempt(work, tool, item)
                    connection.send((None, None if error is None else _plain(error)))
        except SdstError as error:
            connection.send((_plain(error), None))


def _plain(error: SdstError) -> SdstError:
    """The same without what its class holds besides the text, which a pipe might not carry."""
    return DatasetError(str(error)) if isinstance(error, DatasetError) else SdstError(str(error))
