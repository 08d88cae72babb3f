"""How long work reports where it is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress"]

Progress = Callable[[str, float], None]
"""Called with the name of the step that starts and the share done, 0..1."""
