"""A bundle in a fresh process: what comes before the first box, and what it takes of memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any

from sdst_bench.measuring.clip import Clip
from sdst_bench.measuring.closed_loop import OnProgress
from sdst_bench.measuring.subject import SubjectRequest
from sdst_bench.not_measured import NotMeasured
from sdst_bench.report.parts import Memory, Start
from sdst_bench.stats import summarize
from sdst_runtime import errors
from sdst_runtime.errors import NativeError, SdstError
from sdst_runtime.strict import to_plain

__all__ = ["measure_cold_start"]

#: The folder where the user is goes from the path first: no file of theirs is to be taken for a module.
CODE = "import sys; sys.path = [p for p in sys.path if p]; from sdst_bench.measuring.cold_process import main; main()"
LAST_LINES = 5


def measure_cold_start(
    request: SubjectRequest, clip: Clip, *, on_progress: OnProgress | None = None
) -> tuple[Start, Memory]:
    """Opens a bundle in a fresh Python process that imports ``sdst_runtime`` alone, and takes a target in one frame.

    Files that were read before come from the page cache, and engines that were built before are there: call this before
    the bundle is opened anywhere else to see a build, which counts from its start until the session is open. The frame
    is noise of the clip's size; the time that making it takes is left out.

    Args:
        request: bundle, and how it runs.
        clip: whose size and first box are taken.
        on_progress: called while engines are built, which takes minutes, with the share done and what is being built.

    Raises:
        SdstError: of the kind and with the text that the process has met with, such as ManifestError.
        NotMeasured: the process died.
        KeyboardInterrupt: the user ended it; the process is ended too.
    """
    # CLOCK_MONOTONIC is one for all processes of a host (clock_gettime(2)), so that the other one may count from here.
    task = {
        "request": to_plain(request),
        "size_wh": clip.size_wh,
        "box_xywh": clip.boxes_xywh[0],
        "started_ns": time.monotonic_ns(),
    }
    command = [sys.executable, "-c", CODE, json.dumps(task)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            for line in _lines(process):
                if "result" in line:
                    return _start(line["result"]), _memory(line["result"])
                if "error" in line:
                    raise _error(line["error"], line["text"])
                if on_progress is not None:
                    on_progress(line["share"], line["text"])
            process.wait()
        except BaseException:
            process.kill()
            raise
        raise NotMeasured(_obituary(process.returncode, said))


def _lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def _start(found: dict[str, Any]) -> Start:
    durations = {
        f"{name}_ms": found[f"{name}_ns"] / 1e6
        for name in ("import", "load", "build", "first_init", "first_update", "process_to_first_box")
    }
    return Start(init=summarize(found["init_ns"]), **durations)


def _memory(found: dict[str, Any]) -> Memory:
    return Memory(**{name: found[name] for name in Memory.__slots__})


def _error(kind: str, text: str) -> SdstError:
    known = getattr(errors, kind, SdstError)
    made: SdstError = SdstError(text) if known is NativeError else known(text)  # that one makes up a text of its own
    return made


def _obituary(status: int, said: IO[bytes]) -> str:
    """Why there is no result."""
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]
    how = f"ended with status {status}" if status >= 0 else f"was ended by {_signal(-status)}"
    return f"the fresh process {how} before it had a result; its last words: {' / '.join(lines) or 'none'}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
