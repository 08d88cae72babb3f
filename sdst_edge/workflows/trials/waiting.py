"""Where several processes train together, the first one alone does what is between the runs; the others wait for it.

They run the same command: each finds its way by the files that the first one writes last.
"""

from __future__ import annotations

import time
from pathlib import Path

from sdst_edge.workflows.processes import is_first_process

__all__ = ["wait_for_first"]

POLL_S = 0.2


def wait_for_first(written: Path) -> bool:
    """Whether this process is not the first; returns only when the first one has written a file.

    When the first one fails, whoever started the processes ends the others.

    Args:
        written: as a whole, after all that belongs to it.
    """
    if is_first_process():
        return False
    while not written.exists():
        time.sleep(POLL_S)
    return True
