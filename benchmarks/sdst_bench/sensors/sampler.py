"""A thread that reads sensors at an interval while something else is measured."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Sampler"]

T = TypeVar("T")


class Sampler(Generic[T]):
    """Reads from entering to leaving its ``with``, first at once and last at the end.

    Attributes:
        readings: in order.
        error: that ended the readings; None while there is none. It is never raised from the thread.
    """

    def __init__(self, read: Callable[[], T], interval_s: float) -> None:
        self._read, self._interval_s = read, interval_s
        self.readings: list[T] = []
        self.error: Exception | None = None
        self._end = Event()
        self._thread = Thread(target=self._run, name="sensors", daemon=True)

    def __enter__(self) -> Sampler[T]:
        self._take()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._take()

    def _run(self) -> None:
        while self.error is None and not self._end.wait(self._interval_s):
            self._take()

    def _take(self) -> None:
        if self.error is None:
            try:
                self.readings.append(self._read())
            except Exception as error:
                self.error = error
