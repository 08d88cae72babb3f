"""Names, shares and times of the demo's stages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

__all__ = ["OnProgress", "Stages"]

#: Called with the name of a stage and the share of it that is done, 0..1.
OnProgress: TypeAlias = Callable[[str, float], None]


class Stages:
    """Tells how far the demo is, and times it.

    Attributes:
        seconds: that each stage took, in order.
    """

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._name = ""
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """The stage of that name: the block."""
        self._name = name
        self.tell(0.0)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.tell(1.0)

    def tell(self, share: float) -> None:
        """Of the stage that runs, 0..1."""
        if self._on_progress is not None:
            self._on_progress(self._name, share)
