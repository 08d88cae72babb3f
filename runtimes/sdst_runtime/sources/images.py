"""A folder of images, in the order in which a person would number them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sdst_runtime.errors import SourceError
from sdst_runtime.sources.frame_source import Frame, FrameSource, as_bgr
from sdst_runtime.sources.opencv import cv2_module, quiet

__all__ = ["IMAGE_SUFFIXES", "ImageFolder", "read_image"]

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


class ImageFolder(FrameSource):
    """Images of a folder as frames, 2.jpg before 10.jpg. They are passed as they are, also when sizes differ."""

    def __init__(self, folder: Path) -> None:
        """Lists the images and reads the first.

        Args:
            folder: that holds them; subfolders, hidden files and other files are left out.

        Raises:
            SourceError: there are none, or the first cannot be read.
        """
        self.name = str(folder)
        self.fps = None
        self.is_live = False
        self.dropped = 0
        self.missing = 0
        self._paths = _images(folder)
        if not self._paths:
            raise SourceError(f"{folder} holds no image; expected files such as 0001.jpg or .png, .bmp, .webp, .tif")
        self.frame_count = len(self._paths)
        self._next = 0
        self._first: Frame | None = read_image(self._paths[0])
        self.size_wh = (self._first.shape[1], self._first.shape[0])

    def __next__(self) -> Frame:
        """See :class:`FrameSource`. An image that cannot be read is an error; the next call goes on after it."""
        if self._next >= len(self._paths):
            raise StopIteration
        path = self._paths[self._next]
        self._next += 1
        frame, self._first = self._first, None
        return read_image(path) if frame is None else frame

    def close(self) -> None:
        """See :class:`FrameSource`."""
        self._paths, self._first = [], None


def read_image(path: Path) -> Frame:
    """The image in a file, turned as its EXIF orientation says.

    Returns:
        (H, W, 3) uint8, BGR.

    Raises:
        SourceError: it is missing, no image, or breaks off.
    """
    cv2 = cv2_module()
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        with quiet():
            frame = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        frame = None
    if frame is None or _breaks_off(data.tobytes()):
        raise SourceError(f"{path} ({data.size} bytes) is no image that OpenCV can read whole; replace or remove it")
    return as_bgr(frame, str(path))


def _breaks_off(data: bytes) -> bool:
    # OpenCV 4 fills a JPEG that breaks off with grey. After its last start of scan (FF DA) must come an end (FF D9).
    return data[:2] == b"\xff\xd8" and data.find(b"\xff\xd9", data.rfind(b"\xff\xda")) < 0


def _images(folder: Path) -> list[Path]:
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "."]
    except OSError as error:
        raise SourceError(f"{folder} cannot be listed: {error.strerror or error}") from None
    return sorted((path for path in paths if path.is_file()), key=lambda path: (_natural(path.name), path.name))


def _natural(name: str) -> list[str | int]:
    # Text and numbers alternate, so that like is compared with like.
    return [int(part) if i % 2 else part.lower() for i, part in enumerate(re.split(r"(\d+)", name))]
