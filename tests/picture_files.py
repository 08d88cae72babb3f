"""Files that stand for pictures: layouts list frames, and decode none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_frames"]


def write_frames(folder: Path, numbers: Iterable[int], *, form: str = "{:04d}.jpg") -> None:
    """Empty files with the names of frames.

    Args:
        folder: to make.
        numbers: of the frames.
        form: of the names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / form.format(number)).touch()
