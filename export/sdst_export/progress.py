"""How long work reports where it is."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "part"]

Progress = Callable[[str, float], None]
"""Called with the name of the step that starts and the share done, 0..1."""


def part(report: Progress, start: float, end: float, step: str = "") -> Progress:
    """A report of work that is a part of other work.

    Args:
        report: of the whole.
        start: share of the whole that is done when the part begins.
        end: likewise when it ends.
        step: name of the part, put before the names of its own steps.
    """
    prefix = f"{step}: " if step else ""
    return lambda name, share: report(f"{prefix}{name}", start + (end - start) * share)
