"""Processes that a test has started, and that are to be gone."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep

__all__ = ["wait_for_exit"]

PATIENCE_S = 10.0


def wait_for_exit(number_file: Path) -> None:
    """Waits until the process whose number a file holds is gone, or waits as a zombie for init to notice."""
    number, end = int(number_file.read_text(encoding="utf-8")), monotonic() + PATIENCE_S
    while _is_running(number):
        assert monotonic() < end, f"process {number} still runs"
        sleep(0.01)


def _is_running(number: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    except OSError:
        return False
