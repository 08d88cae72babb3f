"""From what a user writes to a source of frames."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sdst_runtime.errors import BackendUnavailable, ConfigError, SourceError
from sdst_runtime.sources.frame_source import FrameSource
from sdst_runtime.sources.images import IMAGE_SUFFIXES, ImageFolder
from sdst_runtime.sources.live import NewestSource
from sdst_runtime.sources.opencv import Capture, cv2_module, open_capture, rate_and_count
from sdst_runtime.sources.video import OrderedSource

__all__ = ["open_source"]

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MAX_CAMERA = 2**31 - 1  # what OpenCV's int holds
_TIMEOUT_MS = 10_000  # of opening a stream, and of each read from it


def open_source(spec: str | int | os.PathLike[str], *, newest: bool | None = None) -> FrameSource:
    """A source of frames.

    Args:
        spec: a video file; a folder of images; the index of a camera (``0``) or its device file; an address
            (``rtsp://...``, ``http://...``); or a GStreamer pipeline, which holds a ``!`` and ends in ``appsink``. What
            exists as a file or folder is one; a folder whose name is a number is written ``./0``.
        newest: skip live frames that a newer one has replaced. None: yes for live sources, which an address of a
            file of known length is not. False: every frame, in order.

    Raises:
        SourceError: it is missing, cannot be read, or holds no frame.
        BackendUnavailable: OpenCV, or its support of GStreamer, is missing.
        ConfigError: ``newest=True`` for a source that is not live.
    """
    if isinstance(spec, int) or (isinstance(spec, str) and spec.isdecimal()):
        if not 0 <= int(spec) <= _MAX_CAMERA:  # OpenCV 5.0 crashes on -1
            raise SourceError(f"the index of a camera is {spec}, expected 0, 1, ...")
        return _open_live(f"camera {int(spec)}", partial(_connect_camera, int(spec)), newest)
    text = os.fsdecode(spec)
    if _ADDRESS.match(text):
        return _open_live(_without_password(text), partial(_connect_address, text), newest)
    if os.path.exists(text):
        if stat.S_ISCHR(os.stat(text).st_mode):
            return _open_live(text, partial(_connect_camera, text), newest)
        if newest:
            raise ConfigError(f"newest=True, but {text} is not live; leave it out to get every frame")
        return ImageFolder(Path(text)) if os.path.isdir(text) else _open_video(Path(text))
    if "!" in text:
        return _open_live(text, partial(_connect_pipeline, text), newest, may_end=True)
    raise SourceError(
        f"{text!r} does not exist; expected a video file, a folder of images, the index of a camera, "
        "an address such as rtsp://..., or a GStreamer pipeline"
    )


def _open_video(path: Path) -> FrameSource:
    if path.suffix.lower() in IMAGE_SUFFIXES:
        raise SourceError(f"{path} is one image, expected a video or a folder of images")
    if not path.is_file():  # reading a named pipe would wait for its writer
        raise SourceError(f"{path} is neither a file nor a folder, expected a video or a folder of images")
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None
    capture = open_capture(str(path), cv2_module().CAP_ANY) if size else None
    if capture is None:
        raise SourceError(
            f"{path} ({size} bytes) is no video that OpenCV can read; check that it plays, or convert it to H.264"
        )
    return OrderedSource(str(path), capture)


def _open_live(
    name: str, connect: Callable[[], Capture | None], newest: bool | None, *, may_end: bool = False
) -> FrameSource:
    capture = connect()
    if capture is None:
        raise SourceError(f"{name} cannot be opened; check that it is there, reachable and not in use")
    is_live = rate_and_count(capture)[1] is None  # an address may lead to a file, of which no frame is to be skipped
    may_end = may_end or not is_live
    if is_live if newest is None else newest:
        return NewestSource(name, capture, connect, may_end=may_end)
    return OrderedSource(name, capture, is_live=is_live, may_end=may_end)


def _connect_camera(index: int | str) -> Capture | None:
    return open_capture(index, cv2_module().CAP_ANY)


def _connect_address(address: str) -> Capture | None:
    cv2 = cv2_module()
    if not cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG):
        return open_capture(address, cv2.CAP_ANY)
    timeouts = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS)
    return open_capture(address, cv2.CAP_FFMPEG, timeouts)


def _connect_pipeline(pipeline: str) -> Capture | None:
    cv2 = cv2_module()
    if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
        raise BackendUnavailable(
            f"OpenCV {cv2.__version__} was built without GStreamer, which the pipeline {pipeline!r} needs; "
            "use the board's own OpenCV (apt install python3-opencv), or a camera index, file or rtsp:// address"
        )
    return open_capture(pipeline, cv2.CAP_GSTREAMER)


def _without_password(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address)  # names stand in messages and logs
