"""Numbers in the files of sysfs."""

from __future__ import annotations

from pathlib import Path

__all__ = ["read_number", "read_text"]


def read_text(path: Path) -> str | None:
    """Text of a file without NULs and space at its ends; None where it is absent or may not be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \t\r\n")
    except OSError:
        return None


def read_number(path: Path) -> float | None:
    """The number that a file holds; None where it is absent, may not be read, or holds none."""
    text = read_text(path)
    try:
        return float(int(text)) if text is not None else None
    except ValueError:
        return None
