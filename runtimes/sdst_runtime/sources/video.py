"""Every frame of a capture, in order: video files, and live sources of which none may be skipped."""

from __future__ import annotations

import logging

from sdst_runtime.errors import SourceError
from sdst_runtime.sources.frame_source import Frame, FrameSource
from sdst_runtime.sources.opencv import Capture, first_frame, rate_and_count, read_frame

__all__ = ["OrderedSource"]

_LOG = logging.getLogger(__name__)

#: Containers estimate their number of frames: fewer missing than this share are no reason to say anything.
_COUNT_SLACK = 0.02


class OrderedSource(FrameSource):
    """A capture read frame by frame, each when it is asked for."""

    def __init__(self, name: str, capture: Capture, *, is_live: bool = False, may_end: bool = True) -> None:
        """Reads the first frame, so that what cannot be decoded is told at once.

        Args:
            name: of the source, for messages.
            capture: open; owned from now on.
            is_live: as in :class:`FrameSource`.
            may_end: an end is an end; otherwise it is an error.

        Raises:
            SourceError: there is no frame in it.
        """
        self.name = name
        self.is_live = is_live
        self.dropped = 0
        self.missing = 0
        self.fps, self.frame_count = rate_and_count(capture)
        self._capture: Capture | None = capture
        self._may_end = may_end
        self._taken = 0
        first = first_frame(capture, name)
        self.size_wh = (first.shape[1], first.shape[0])
        self._first: Frame | None = first

    def __next__(self) -> Frame:
        """See :class:`FrameSource`. A file that breaks off ends, and says so in the log and in ``missing``."""
        if self._capture is None:
            raise StopIteration
        frame, self._first = self._first, None
        if frame is None:
            frame = read_frame(self._capture, self.name)
        if frame is None:
            self._end()
            raise StopIteration
        self._taken += 1
        return frame

    def close(self) -> None:
        """See :class:`FrameSource`."""
        if self._capture is not None:
            self._capture.release()
        self._capture = self._first = None

    def _end(self) -> None:
        self.close()
        if not self._may_end:
            raise SourceError(f"{self.name} stopped after {self._taken} frames; check its connection and open it again")
        missing = (self.frame_count or 0) - self._taken
        if missing > max(1, _COUNT_SLACK * (self.frame_count or 0)):
            self.missing = missing
            _LOG.warning("%s broke off: %d frames of the %d that it promises", self.name, self._taken, self.frame_count)
