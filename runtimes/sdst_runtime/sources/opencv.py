"""OpenCV as a reader of videos and images: imported where it is used, and kept from writing to stderr."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from sdst_runtime.errors import BackendUnavailable, SourceError
from sdst_runtime.sources.frame_source import Frame, as_bgr

__all__ = ["Capture", "cv2_module", "first_frame", "open_capture", "quiet", "rate_and_count", "read_frame"]

_SILENT = 0  # LOG_LEVEL_SILENT
# Of a decoder: one beside the tracker keeps it busy. FFmpeg would take one per core, each with frames of its own: an
# H.264 video of 1280x720 then takes 50 MB more on 16 cores.
_DECODER_THREADS = 2
_MAX_FPS = 1000.0  # beyond it a container tells its time base, not its rate


class Capture(Protocol):
    """What is used of ``cv2.VideoCapture``."""

    def read(self) -> tuple[bool, Any]:
        """Whether there was a frame, and the frame."""
        ...

    def get(self, property_id: int) -> float:
        """A property, 0 or less when it is not known."""
        ...

    def release(self) -> None:
        """Frees the device, file or connection."""
        ...


def cv2_module() -> Any:
    """The cv2 package.

    Raises:
        BackendUnavailable: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise BackendUnavailable(
            f"OpenCV cannot be imported ({error}); pip install opencv-python-headless, or use the board's own build"
        ) from None
    return cv2


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps OpenCV and its FFmpeg from writing warnings to stderr: what is wrong is told by an error.

    FFmpeg's level is read once per process, when the first video is opened; a level that the user set stays.
    """
    cv2 = cv2_module()
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    logging = getattr(getattr(cv2, "utils", None), "logging", cv2)  # OpenCV 5 has it there, 4 in cv2 itself
    if not hasattr(logging, "setLogLevel"):  # some boards' builds
        yield
        return
    level = logging.getLogLevel()
    logging.setLogLevel(_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


@contextmanager
def _few_decoder_threads() -> Iterator[None]:
    """Has FFmpeg decode what is opened by a few threads, unless the user has set how many; other backends do not care.

    The variable is OpenCV's, read when a video is opened. The property CAP_PROP_N_THREADS would keep other backends
    from opening at all.
    """
    name = "OPENCV_FFMPEG_THREADS"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(_DECODER_THREADS)
    try:
        yield
    finally:
        os.environ.pop(name, None)  # another thread that opened a video meanwhile may have taken it away


def open_capture(what: str | int, backend: int, parameters: Sequence[int] = ()) -> Capture | None:
    """A capture that is open, or None.

    Args:
        what: file, address, pipeline or index of a camera.
        backend: ``cv2.CAP_...``.
        parameters: property, value, property, value, ...; a backend that does not know one refuses to open.
    """
    with quiet(), _few_decoder_threads():
        capture = cv2_module().VideoCapture(what, backend, list(parameters))
        if capture.isOpened():
            return capture  # type: ignore[no-any-return]
        capture.release()
        return None


def read_frame(capture: Capture, name: str) -> Frame | None:
    """The next frame, or None at the end.

    Raises:
        SourceError: OpenCV failed, or the frame is not BGR of 8 bits.
    """
    try:
        found, frame = capture.read()
    except cv2_module().error as error:
        raise SourceError(f"{name} cannot be decoded: {error}") from None
    return as_bgr(frame, name) if found and frame is not None else None


def first_frame(capture: Capture, name: str) -> Frame:
    """The first frame; a capture that has none is released.

    Raises:
        SourceError: there is none, or :func:`read_frame` failed.
    """
    try:
        frame = read_frame(capture, name)
        if frame is None:
            raise SourceError(f"{name} opens but gives no frame; try another player, one at a time")
        return frame
    except SourceError:
        capture.release()
        raise


def rate_and_count(capture: Capture) -> tuple[float | None, int | None]:
    """Frames per second and number of frames, None where the capture does not say."""
    cv2 = cv2_module()
    fps, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return (fps if 0.0 < fps <= _MAX_FPS else None), (int(count) if 0.0 < count < 1e12 else None)
