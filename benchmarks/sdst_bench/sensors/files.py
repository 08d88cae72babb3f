"""Numbers in the files of sysfs."""

from __future__ import annotations

from pathlib import Path

from sdst_bench.host.sysroot import read_file
from sdst_runtime.errors import DeviceError

__all__ = ["read_number", "read_text", "require_number"]


def read_text(path: Path) -> str | None:
    """Text of a file without NULs and space at its ends; None where it is absent or may not be read."""
    try:
        return read_file(path)
    except OSError:
        return None


def read_number(path: Path) -> float | None:
    """The number that a file holds; None where it is absent, may not be read, or holds none."""
    try:
        return require_number(path)
    except DeviceError:
        return None


def require_number(path: Path, *, advice: str = "") -> float:
    """The number that a file holds.

    Args:
        path: of the file.
        advice: what to do where it may not be read, at the end of the message.

    Raises:
        DeviceError: the file is gone, may not be read, or holds no number.
    """
    try:
        text = read_file(path)
    except PermissionError as error:
        raise DeviceError(f"permission denied: {path}{advice and '; '}{advice}") from error
    except OSError as error:
        raise DeviceError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return float(int(text))
    except ValueError as error:
        raise DeviceError(f"{path} reads {text[:40]!r}, expected a whole number") from error
