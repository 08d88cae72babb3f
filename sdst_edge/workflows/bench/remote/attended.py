"""Runs a command as long as somebody listens: ``python -m sdst_edge.workflows.bench.remote.attended COMMAND...``.

It runs on the machine that is measured. Its stdin is held open by the machine that asked; when that ends, so does the
command: by SIGINT, on which the bench writes what it has, then by SIGTERM and SIGKILL. SSH alone would leave it running
(a session without a terminal gets no SIGHUP), and the next run would measure beside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Thread

__all__ = ["main"]

#: From one signal to the next one, s.
GRACE = (10.0, 3.0)


def main(command: list[str]) -> int:
    """Runs a command to its end, or to that of stdin.

    Returns:
        Its status; 128 + the number of the signal that ended it.
    """
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    Thread(target=_watch, args=(process,), daemon=True).start()
    status = process.wait()
    return status if status >= 0 else 128 - status


def _watch(process: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    for number, seconds in zip((signal.SIGINT, signal.SIGTERM), GRACE, strict=True):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
