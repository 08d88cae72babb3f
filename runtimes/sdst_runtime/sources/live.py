"""The newest frame of a live source: a thread reads all, and keeps one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sdst_runtime.errors import SourceError
from sdst_runtime.sources.frame_source import Frame, FrameSource
from sdst_runtime.sources.opencv import Capture, first_frame, rate_and_count, read_frame

__all__ = ["NewestSource"]


class NewestSource(FrameSource):
    """A live source from which a slow reader gets the newest frame instead of an old one.

    A connection that breaks is opened again a few times before it is an error. Frames are taken on one thread.
    """

    def __init__(
        self,
        name: str,
        capture: Capture,
        connect: Callable[[], Capture | None],
        *,
        may_end: bool = False,
        retries: int = 3,
        retry_delay_s: float = 1.0,
    ) -> None:
        """Reads the first frame and starts the thread.

        Args:
            name: of the source, for messages.
            capture: open; owned from now on.
            connect: opens it again, or returns None.
            may_end: an end is an end; otherwise it is a broken connection.
            retries: attempts to connect again in a row without a frame, >= 0.
            retry_delay_s: wait before each, >= 0.

        Raises:
            SourceError: it gives no frame.
        """
        self.name = name
        self.is_live = True
        self.dropped = self.missing = 0
        self.fps, self.frame_count = rate_and_count(capture)
        self._capture = capture
        self._connect = connect
        self._may_end = may_end
        self._retries, self._retry_delay_s = retries, retry_delay_s
        first = first_frame(capture, name)
        self.size_wh = (first.shape[1], first.shape[0])
        self._newest: Frame | None = first
        self._error: Exception | None = None
        self._ended = False
        self._change = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"frames of {name}", daemon=True)
        self._thread.start()

    def __next__(self) -> Frame:
        """See :class:`FrameSource`."""
        with self._change:
            self._change.wait_for(lambda: self._newest is not None or self._ended)
            frame, self._newest = self._newest, None
        if frame is not None and not self._stop.is_set():
            return frame
        if self._error is not None and not self._stop.is_set():
            raise self._error
        raise StopIteration

    def close(self) -> None:
        """See :class:`FrameSource`. Waits for the thread, at most as long as a read of the capture takes."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._newest = None

    def _work(self) -> None:
        try:
            self._read_all()
        except Exception as error:  # whatever it is, the thread that takes the frames must learn of it
            self._error = error
        finally:
            self._capture.release()
            with self._change:
                self._ended = True
                self._change.notify_all()

    def _read_all(self) -> None:
        frames, failures = 1, 0
        while not self._stop.is_set():
            frame = read_frame(self._capture, self.name)
            if frame is not None:
                frames, failures = frames + 1, 0
                self._put(frame)
            elif self._may_end:
                return
            elif failures == self._retries:
                raise SourceError(
                    f"{self.name} stopped after {frames} frames and did not come back in {self._retries} attempts; "
                    "check its connection and open it again"
                )
            else:
                failures += 1
                self._reconnect()

    def _put(self, frame: Frame) -> None:
        with self._change:
            self.dropped += self._newest is not None
            self._newest = frame
            self._change.notify_all()

    def _reconnect(self) -> None:
        if self._stop.wait(self._retry_delay_s):
            return
        self._capture.release()
        self._capture = self._connect() or _NoCapture()


class _NoCapture:
    """A connection that could not be made: no frame, and nothing to free."""

    def read(self) -> tuple[bool, None]:
        return False, None

    def get(self, property_id: int) -> float:  # noqa: ARG002 (the protocol's)
        return 0.0

    def release(self) -> None:
        pass
