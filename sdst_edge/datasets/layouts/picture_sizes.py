"""The size of a picture without its pixels, where the first bytes of the file tell it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from sdst_edge.datasets.frame_files import FileFrames

__all__ = ["picture_size"]

#: Markers of JPEG: of a frame's header in any coding, of an application's own data, of none with a length.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = 0xE1
_BARE = frozenset((0x00, 0x01, 0xFF, *range(0xD0, 0xDB)))

_EXIF_BEGIN = b"Exif\x00\x00"
_ORIENTATION = 0x0112
#: Those that exchange width and height.
_TURNED = (5, 6, 7, 8)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as OpenCV decodes it, px: turned as its Exif data say.

    Read from the headers of a JPEG; any other picture, and a JPEG of an unusual build, is decoded.

    Raises:
        DatasetError: the file is missing or no picture; names it.
    """
    try:
        with path.open("rb") as file:
            size = _jpeg_size(file)
    except (OSError, struct.error):
        size = None
    if size is None or 0 in size:
        height, width = FileFrames(path.parent, (path.name,))[0].shape[:2]
        return width, height
    return size


def _jpeg_size(file: BinaryIO) -> tuple[int, int] | None:
    """From the segments before the pixels (ITU-T T.81, annex B); None where they are not as usual."""
    if file.read(2) != b"\xff\xd8":
        return None
    turned: bool | None = None
    while True:
        begin, marker, length = struct.unpack(">BBH", file.read(4))
        if begin != 0xFF or marker in _BARE or length < 2:
            return None
        if marker in _FRAMES:
            height, width = struct.unpack(">xHH", file.read(5))
            return (height, width) if turned else (width, height)
        content = file.read(length - 2)
        if marker == _EXIF and content.startswith(_EXIF_BEGIN):
            if turned is not None:
                return None  # which of the two counts is the decoder's affair
            turned = _is_turned(content[len(_EXIF_BEGIN) :])


def _is_turned(tiff: bytes) -> bool:
    """Whether the first directory of Exif data (a TIFF file's, CIPA DC-008) exchanges width and height."""
    order = ">" if tiff.startswith(b"MM") else "<"
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, value = struct.unpack_from(f"{order}H6xH", tiff, at)
        if tag == _ORIENTATION:
            return value in _TURNED
    return False
