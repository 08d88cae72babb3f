"""Students that come with the package, trained and exported: a bundle each, which is named instead of a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sdst_runtime.manifest import MANIFEST_NAME

__all__ = ["STUDENTS", "find_bundle", "is_shipped", "or_student", "shipped_students"]

#: A folder for each, of its name.
STUDENTS = Path(__file__).parent / "students"


def shipped_students() -> tuple[str, ...]:
    """Names of the students that come with the package, such as ``sdst-nano-m``, in order."""
    return tuple(sorted(path.parent.name for path in STUDENTS.glob(f"*/{MANIFEST_NAME}")))


def find_bundle(path: Path) -> Path:
    """The folder of a shipped student, where a path is its name and leads to nothing; else the path itself.

    Args:
        path: that a user gave; what exists there comes first.
    """
    return STUDENTS / path if is_shipped(path) else path


def is_shipped(path: Path) -> bool:
    """Whether a path means a shipped student: it is the name of one, and nothing is there in the current folder."""
    return not os.path.lexists(path) and str(path) in shipped_students()


def or_student(names: Sequence[str]) -> str:
    """The end of a message that says what was expected, after a bundle or a checkpoint.

    Args:
        names: of shipped students; for none it is empty.
    """
    return f", or the name of a student that comes with sdst-edge: {', '.join(names)}" if names else ""
