"""Weights of the students that come with the package: a checkpoint each, found by name; that needs no torch."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["SUFFIX", "WEIGHTS", "find_weights", "shipped_weights"]

SUFFIX = ".safetensors"
#: A checkpoint of each, of its name.
WEIGHTS = Path(__file__).parent / "models" / "students"


def shipped_weights() -> tuple[str, ...]:
    """Names of the students whose checkpoints come with the package, in order."""
    return tuple(sorted(path.stem for path in WEIGHTS.glob(f"*{SUFFIX}")))


def find_weights(path: Path) -> Path:
    """The checkpoint of a shipped student, where a path is its name and leads to nothing; else the path itself.

    Args:
        path: that a user gave, with or without the ending of a checkpoint; what exists there comes first.
    """
    name = str(path).removesuffix(SUFFIX)
    if os.path.lexists(path) or name not in shipped_weights():
        return path
    return WEIGHTS / f"{name}{SUFFIX}"
