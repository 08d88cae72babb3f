"""The memory that ``sdst-edge track`` takes as a whole: interpreter, command line, video reader, engine and tracker."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sdst_bench.measuring.clip import Box
from sdst_bench.measuring.subject import SubjectRequest
from sdst_bench.not_measured import NotMeasured
from sdst_runtime.errors import SdstError

__all__ = ["measure_track_memory"]

#: The command, which tells its VmHWM when it ends. The kernel's ru_maxrss would not do: a process inherits the peak of
#: the one that started it. The folder where the user is goes from the path first, as in :mod:`.cold_start`.
CODE = """
import atexit, os, sys
sys.path = [p for p in sys.path if p]
def tell():
    for line in open("/proc/self/status", encoding="utf-8"):
        if line.startswith("VmHWM:"):
            os.write(2, b"\\n" + line.encode())
atexit.register(tell)
from sdst_edge.cli.app import main
main()
"""


def measure_track_memory(request: SubjectRequest, source: Path, box_xywh: Box) -> int:
    """Peak resident memory of ``sdst-edge track`` over a whole video, in bytes; no output file is written.

    Args:
        request: bundle, and how it runs.
        source: video.
        box_xywh: of the target in its first frame, image px.

    Raises:
        SdstError: the command failed; with its message.
        NotMeasured: the host does not tell a process's peak.
    """
    options = {
        "--box": ",".join(f"{value:g}" for value in box_xywh),
        "--variant": request.variant,
        "--session": request.session,
        "--engine": request.engine,
        "--accelerator": request.accelerator,
        "--threads": str(request.threads),
    }
    given = [text for name, value in options.items() if value is not None for text in (name, value)]
    command = [sys.executable, "-c", CODE, "track", request.bundle, str(source), *given]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    if done.returncode != 0:
        said = next((line for line in reversed(lines) if line and not line.startswith("VmHWM:")), "it said nothing")
        raise SdstError(f"`sdst-edge track` ended with status {done.returncode}: {said}")
    peak = lines[-1] if lines else ""
    if not peak.startswith("VmHWM:"):
        raise NotMeasured("this host does not tell a process's peak memory (VmHWM in /proc/self/status)")
    return int(peak.split()[1]) * 1024
