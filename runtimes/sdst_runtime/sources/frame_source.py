"""What every source of frames offers."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import SourceError

__all__ = ["Frame", "FrameSource", "as_bgr"]

Frame: TypeAlias = NDArray[np.uint8]
SourceT = TypeVar("SourceT", bound="FrameSource")


class FrameSource(Protocol):
    """Frames one after the other: an iterator, to be used once, and a context manager that closes it.

    Frames are (H, W, 3) uint8, BGR, C-contiguous, newly allocated.

    Attributes:
        name: of the source, for messages.
        fps: frames per second, None where the source does not say.
        frame_count: how many frames it promises, None where it does not say.
        size_wh: width and height of its first frame, px.
        is_live: frames come at their own pace, whether they are taken or not.
        dropped: live frames that a newer one replaced before they were taken.
        missing: frames that were promised and did not come; known at the end.
    """

    name: str
    fps: float | None
    frame_count: int | None
    size_wh: tuple[int, int]
    is_live: bool
    dropped: int
    missing: int

    def __next__(self) -> Frame:
        """The next frame; of a live source the newest one, which is waited for if it was taken already.

        Raises:
            StopIteration: the source has ended or was closed.
            SourceError: it broke; for a folder, an image cannot be read.
        """
        ...

    def close(self) -> None:
        """Frees the device, file or connection. Closing twice is allowed."""
        ...

    def __iter__(self: SourceT) -> SourceT:
        return self

    def __enter__(self: SourceT) -> SourceT:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def as_bgr(frame: Any, name: str) -> Frame:
    """``frame`` if it is what a source gives, made contiguous.

    Raises:
        SourceError: grey, with an alpha channel, or not of 8 bits.
    """
    if not isinstance(frame, np.ndarray) or frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        got = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
        raise SourceError(
            f"{name} gives frames of {got}, expected uint8 (height, width, 3) in BGR; "
            "let a pipeline end in: videoconvert ! video/x-raw,format=BGR ! appsink"
        )
    return np.ascontiguousarray(frame)
