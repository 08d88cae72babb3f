"""Files that appear whole or not at all, videos among them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sdst_runtime.errors import ConfigError, SdstError
from sdst_runtime.sources.opencv import quiet

if TYPE_CHECKING:
    import cv2

__all__ = ["VideoFile", "is_same_file", "replacing", "require_other_than_data", "video_file"]

#: What OpenCV writes without further libraries, by the name's ending.
CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "MJPG"}

Frame = NDArray[np.uint8]


class VideoFile(Protocol):
    """A video that is being written."""

    def write(self, frame: Frame) -> None:
        """Appends (H, W, 3) uint8 BGR; all frames have the first one's size."""
        ...


def is_same_file(path: Path, other: Path) -> bool:
    """Whether both names lead to one file, which need not exist yet."""
    return os.path.realpath(path) == os.path.realpath(other)


def require_other_than_data(path: Path, data: Path) -> None:
    """Keeps files of a data set from being written over.

    Args:
        path: to write.
        data: folder of the data set, or a file in it.

    Raises:
        ConfigError: ``path`` is a file that lies in the folder already.
    """
    folder = data if data.is_dir() else data.parent
    if data.exists() and path.exists() and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise ConfigError(
            f"{path} is a file in the data set {folder}, which would be lost; give the output another name"
        )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which becomes ``path`` at the end, also after an interrupt.

    After an error the new file is removed, and ``path`` is as it was. A link stays one: what it points to is replaced.

    Raises:
        ConfigError: the folder of ``path`` does not exist, or ``path`` is a folder, a pipe or a device.
    """
    if not path.parent.is_dir():
        raise ConfigError(f"{path} cannot be written: the folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder, expected the name of a file")
    if path.exists() and not path.is_file():  # renaming would put a file in the place of /dev/null
        raise ConfigError(f"{path} is no regular file, expected the name of a file to write")
    path = Path(os.path.realpath(path))
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield part
    except Exception:
        with suppress(OSError):  # what went wrong first is what matters
            part.unlink()
        raise
    except BaseException:  # an interrupt: what there is so far is worth keeping
        if part.exists():
            part.replace(path)
        raise
    if part.exists():
        part.replace(path)


@contextmanager
def video_file(path: Path, fps: float) -> Iterator[VideoFile]:
    """A video to write frames to; it appears as a whole, see :func:`replacing`.

    Raises:
        ConfigError: no format belongs to the name's ending, or the folder does not exist.
        SdstError: OpenCV cannot write it.
    """
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        raise ConfigError(f"{path} ends in {path.suffix!r}, expected one of {', '.join(CODECS)}")
    with replacing(path) as part:
        video = _OpenCvVideo(part, codec, fps, path)
        try:
            yield video
        finally:
            video.close()


class _OpenCvVideo:
    """A writer that learns the size from its first frame."""

    def __init__(self, part: Path, codec: str, fps: float, path: Path) -> None:
        import cv2

        self._part, self._path, self._fps = part, path, fps
        self._codec = cv2.VideoWriter.fourcc(*codec)
        self._writer: cv2.VideoWriter | None = None

    def write(self, frame: Frame) -> None:
        if self._writer is None:
            self._writer = self._open((frame.shape[1], frame.shape[0]))
        self._writer.write(frame)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.release()

    def _open(self, size_wh: tuple[int, int]) -> cv2.VideoWriter:
        import cv2

        with quiet():
            writer = cv2.VideoWriter(str(self._part), self._codec, self._fps, size_wh)
        if not writer.isOpened():
            raise SdstError(f"OpenCV {cv2.__version__} cannot write {self._path}; check permissions, or choose .avi")
        return writer
